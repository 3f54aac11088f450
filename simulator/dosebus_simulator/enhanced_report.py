"""Makes fluoroscopy studies with an Enhanced X-Ray Radiation Dose SR (PS3.16 TID 10040 with 10041 to 10043).

An event is told twice there: its dose in a summary, how it was made in details that bear the same event UID.
"""

from __future__ import annotations

from datetime import date

from pydicom.dataset import Dataset, FileDataset

from dosebus.domain.projection import PlaneAccumulated, ProjectionEvent
from dosebus.domain.study import Study
from dosebus_simulator import concepts as c
from dosebus_simulator.dose_report import irradiating_device, write_dose_report
from dosebus_simulator.items import HAS_CONCEPT_MOD, code, container, moment, num, text, uidref
from dosebus_simulator.projection import rf_study
from dosebus_simulator.projection_writer import (
    ACQUISITION_PLANE,
    EVENT_DOSE,
    FLUOROSCOPY_TOTALS,
    MECHANICS,
    SOURCE,
    SOURCE_DOSE,
    numbers,
    patient_position,
    reference_point,
)
from dosebus_simulator.reported import reported
from dosebus_simulator.simulated import SimulatedStudy
from dosebus_simulator.visit import REFERENCE_DAY, visit

ENHANCED_XRAY_DOSE_SR = "1.2.840.10008.5.1.4.1.1.88.76"
TEMPLATE = "10040"


def _accumulated(plane: PlaneAccumulated) -> Dataset:
    total = plane.fluoro_and_acquisition
    if total is None:
        raise ValueError("an enhanced report of fluoroscopy sums fluoroscopy")
    return container(
        c.dcm("130500", "Accumulated Dose Data"),
        [
            code(ACQUISITION_PLANE, plane.acquisition_plane, relationship=HAS_CONCEPT_MOD),
            *numbers(total, FLUOROSCOPY_TOTALS),
            reference_point(total.reference_point_definition, total.reference_point_definition_text),
        ],
    )


def _summary(event: ProjectionEvent) -> Dataset:
    """What was irradiated and with what dose (TID 10042)."""
    at_the_point = container(
        c.dcm("130502", "Reference Point Dosimetry"),
        [
            reference_point(event.reference_point_definition, event.reference_point_definition_text),
            *numbers(event, SOURCE_DOSE),
        ],
    )
    return container(
        c.dcm("130501", "Irradiation Event Summary Data"),
        [
            uidref(c.EVENT_UID, event.irradiation_event_uid),
            moment(c.DATETIME_STARTED, event.datetime_started),
            code(c.dcm("113721", "Irradiation Event Type"), event.event_type),
            code(ACQUISITION_PLANE, event.acquisition_plane, relationship=HAS_CONCEPT_MOD),
            text(c.ACQUISITION_PROTOCOL, event.acquisition_protocol),
            code(c.TARGET_REGION, event.target_region),
            *numbers(event, EVENT_DOSE),
            at_the_point,
        ],
    )


def _details(event: ProjectionEvent, device: Dataset | None) -> Dataset:
    """How the event was made, in groups (TID 10043)."""
    filters = [
        container(
            c.dcm("113771", "X-Ray Filters"),
            [
                code(c.dcm("113772", "X-Ray Filter Type"), one.type),
                code(c.dcm("113757", "X-Ray Filter Material"), one.material),
                num(c.dcm("130509", "X-Ray Filter Thickness"), one.thickness_min_mm, c.MM),
            ],
        )
        for one in event.filters
    ]
    return container(
        c.dcm("130505", "Irradiation Details"),
        [
            uidref(c.EVENT_UID, event.irradiation_event_uid),
            container(
                c.dcm("130511", "Radiation Technique"),
                [code(c.dcm("113732", "Fluoro Mode"), event.fluoro_mode), *numbers(event, SOURCE)],
            ),
            *([container(c.dcm("130512", "Filtration"), filters)] if filters else []),
            container(c.dcm("130524", "Beam Position"), numbers(event, MECHANICS)),
            container(c.dcm("130530", "Procedure Characteristics"), patient_position(event)),
            device,
        ],
    )


def write_enhanced_report(study: Study) -> FileDataset:
    """The one projection report of a study as an Enhanced X-Ray Radiation Dose SR."""
    (report,) = study.projection_reports
    device = irradiating_device(study.equipment)
    parts = (
        *(_accumulated(plane) for plane in report.accumulated_per_plane),
        *(_summary(event) for event in report.events),
        *(_details(event, device) for event in report.events),
    )
    return write_dose_report(study, report, TEMPLATE, parts, sop_class_uid=ENHANCED_XRAY_DOSE_SR)


def _as_told(study: Study) -> Study:
    """What of a study the enhanced template has room for: neither device type nor calibrations."""
    (report,) = study.projection_reports
    told = report.model_copy(
        update={
            "acquisition_device_type": None,
            "xray_detector_data_available": None,
            "xray_mechanical_data_available": None,
            "xray_source_data_available": None,
            "accumulated_per_plane": tuple(
                plane.model_copy(update={"calibrations": ()}) for plane in report.accumulated_per_plane
            ),
        }
    )
    return study.model_copy(update={"projection_reports": (told,)})


def make_enhanced(
    *seed: object, day: date = REFERENCE_DAY, events: int | None = None, style: str = "standard"
) -> SimulatedStudy:
    """A fluoroscopy study with one enhanced dose report; the arguments are those of `make_rf`."""
    visited = visit("RF", "enhanced", *seed, day=day, child=False)
    return reported("enhanced-xray", _as_told(rf_study(visited, None, events)), style, write_enhanced_report)
