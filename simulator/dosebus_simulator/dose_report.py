"""What dose reports of CT and of projection X-ray have in common: context, persons, devices (TID 10001, 10011)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pydicom.dataset import Dataset, FileDataset

from dosebus.domain.ct import CTReport
from dosebus.domain.person import PersonParticipant
from dosebus.domain.projection import ProjectionReport
from dosebus.domain.study import Equipment, Study
from dosebus_simulator import concepts as c
from dosebus_simulator.document import (
    XRAY_DOSE_SR,
    dose_document,
    observer_context,
    procedure_reported,
    scope,
)
from dosebus_simulator.items import (
    CONTAINS,
    HAS_OBS_CONTEXT,
    HAS_PROPERTIES,
    code,
    moment,
    pname,
    text,
    uidref,
)


def participant(person: PersonParticipant, relationship: str = CONTAINS) -> Dataset | None:
    """A person who took part (TID 1020)."""
    properties = (
        code(
            c.dcm("113875", "Person Role in Procedure"),
            person.person_role_in_procedure,
            relationship=HAS_PROPERTIES,
        ),
        text(c.dcm("113871", "Person ID"), person.person_id, relationship=HAS_PROPERTIES),
        text(c.dcm("113872", "Person ID Issuer"), person.person_id_issuer, relationship=HAS_PROPERTIES),
        text(c.dcm("113873", "Organization Name"), person.organization_name, relationship=HAS_PROPERTIES),
        code(
            c.dcm("113874", "Person Role in Organization"),
            person.person_role_in_organization,
            relationship=HAS_PROPERTIES,
        ),
    )
    return pname(c.dcm("113870", "Person Name"), person.person_name, properties, relationship)


def irradiating_device(equipment: Equipment) -> Dataset | None:
    """The device that irradiated (TID 1021)."""
    named = (
        (c.dcm("113877", "Device Name"), equipment.station_name),
        (c.dcm("113878", "Device Manufacturer"), equipment.manufacturer),
        (c.dcm("113879", "Device Model Name"), equipment.model),
        (c.dcm("113880", "Device Serial Number"), equipment.device_serial_number),
    )
    return code(
        c.DEVICE_ROLE,
        c.IRRADIATING_DEVICE,
        [
            *(text(name, value, relationship=HAS_PROPERTIES) for name, value in named),
            uidref(c.dcm("121012", "Device Observer UID"), equipment.device_observer_uid, HAS_PROPERTIES),
        ],
    )


def _completed(study: Study, report: CTReport | ProjectionReport) -> datetime:
    """When the report was written: at the study's content time, on the day on which irradiation ended."""
    ended = report.end_of_irradiation_datetime
    day = ended.date() if ended is not None else study.study_date
    clock = study.content_time or (ended.time() if ended is not None else study.study_time)
    if day is None or clock is None:
        raise ValueError(f"study {study.study_instance_uid} has neither a date nor an end of irradiation")
    return datetime.combine(day, clock)


def write_dose_report(
    study: Study,
    report: CTReport | ProjectionReport,
    template: str,
    parts: Iterable[Dataset | None],
    *,
    device_type: Dataset | None = None,
    sop_class_uid: str = XRAY_DOSE_SR,
) -> FileDataset:
    """The report of `study` around its `parts`: sums and events.

    Raises:
        ValueError: the report has no SOP Instance UID, or neither report nor study say when it was made.
    """
    if report.sop_instance_uid is None:
        raise ValueError("a dose report needs a SOP Instance UID to be written")
    started, ended = report.start_of_irradiation_datetime, report.end_of_irradiation_datetime
    content = [
        procedure_reported(report.procedure_reported, report.has_intent),
        device_type,
        *observer_context(study),
        moment(c.dcm("113809", "Start of X-Ray Irradiation"), started, HAS_OBS_CONTEXT),
        moment(c.dcm("113810", "End of X-Ray Irradiation"), ended, HAS_OBS_CONTEXT),
        scope(study),
        *parts,
        text(c.COMMENT, report.comment),
        code(c.SOURCE_OF_DOSE_INFORMATION, report.source_of_dose_information),
    ]
    return dose_document(
        study,
        report.sop_instance_uid,
        c.DOSE_REPORT,
        template,
        content,
        completed=_completed(study, report),
        sop_class_uid=sop_class_uid,
    )
