"""Makes CT studies with a Patient Radiation Dose SR beside the dose report (PS3.16 TID 10030 with 10031 to 10034)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from pydicom.dataset import Dataset, FileDataset

from dosebus.domain.base import Code
from dosebus.domain.patient_dose import DoseEstimate, DoseValue, PatientDoseReport
from dosebus.domain.study import Study
from dosebus_simulator import concepts as c
from dosebus_simulator.concepts import Unit
from dosebus_simulator.ct import ct_study
from dosebus_simulator.ct_writer import write_ct_report
from dosebus_simulator.document import dose_document, observer_context
from dosebus_simulator.identity import Chance
from dosebus_simulator.items import HAS_CONCEPT_MOD, code, container, moment, num, text, uidref
from dosebus_simulator.simulated import SimulatedObject, SimulatedStudy
from dosebus_simulator.visit import REFERENCE_DAY, device_observer, visit

PATIENT_DOSE_SR = "1.2.840.10008.5.1.4.1.1.88.73"
TITLE = c.dcm("128401", "Patient Radiation Dose Report")
ABSORBED_DOSE = c.dcm("128513", "Absorbed Dose")
MONTE_CARLO = c.sct("444670008", "Monte Carlo method")
# Organs with the dose that a CT of the trunk gives them, as a share of CTDIvol.
ORGANS = (
    (c.sct("39607008", "Lung"), None, (0.9, 1.3)),
    (c.sct("10200004", "Liver"), None, (0.8, 1.2)),
    (c.sct("76752008", "Breast"), c.RIGHT, (0.8, 1.1)),
    (c.sct("76752008", "Breast"), c.LEFT, (0.8, 1.1)),
)


def _estimate(source: Chance, study: Study) -> DoseEstimate:
    events = [event for event in study.ct_reports[0].events if event.event_type == c.SPIRAL]
    ctdivol = sum(event.ctdivol_mgy or 0.0 for event in events)
    return DoseEstimate(
        name="Organ doses",
        start_datetime=events[0].datetime_started if events else None,
        method_type=MONTE_CARLO,
        irradiation_event_uids=tuple(event.irradiation_event_uid or "" for event in events),
        values=tuple(
            DoseValue(
                quantity=ABSORBED_DOSE,
                organ=organ,
                laterality=side,
                value=round(ctdivol * source.uniform(*share), 2),
                unit="mGy",
            )
            for organ, side, share in ORGANS
        ),
        comment="Mean dose of a reference phantom of the patient's size",
    )


def _value(value: DoseValue) -> Dataset | None:
    unit = Unit(value.unit or "", value.unit or "")
    site = code(
        c.sct("363698007", "Finding Site"),
        value.organ,
        [code(c.LATERALITY, value.laterality, relationship=HAS_CONCEPT_MOD)],
        HAS_CONCEPT_MOD,
    )
    return num(value.quantity or ABSORBED_DOSE, value.value, unit, [site])


def _written(estimate: DoseEstimate) -> Dataset:
    method = container(
        c.dcm("128476", "Radiation Dose Estimate Method"),
        [code(c.dcm("128477", "Radiation Dose Estimate Method Type"), estimate.method_type)],
    )
    return container(
        c.dcm("128402", "Radiation Dose Estimate"),
        [
            text(c.dcm("128403", "Radiation Dose Estimate Name"), estimate.name),
            moment(c.DATETIME_STARTED, estimate.start_datetime),
            *(uidref(c.dcm("128429", "Event UID Used"), uid) for uid in estimate.irradiation_event_uids),
            container(c.dcm("128415", "Radiation Dose Estimate Methodology"), [method]),
            container(
                c.dcm("128414", "Radiation Dose Representation Data"),
                [_value(value) for value in estimate.values],
            ),
            text(c.COMMENT, estimate.comment),
        ],
    )


def write_patient_dose(study: Study, report: PatientDoseReport, completed: datetime) -> FileDataset:
    """The estimates of a study as a Patient Radiation Dose SR. Raises ValueError without a SOP Instance UID."""
    if report.sop_instance_uid is None:
        raise ValueError("a patient dose report needs a SOP Instance UID to be written")
    english = Code(code_value="en", coding_scheme_designator="RFC5646", code_meaning="English")
    language = c.dcm("121049", "Language of Content Item and Descendants")
    content = [
        code(language, english, relationship=HAS_CONCEPT_MOD),
        *observer_context(study),
        *(_written(estimate) for estimate in report.estimates),
        text(c.COMMENT, report.comment),
    ]
    return dose_document(
        study,
        report.sop_instance_uid,
        TITLE,
        "10030",
        content,
        completed=completed,
        sop_class_uid=PATIENT_DOSE_SR,
    )


def make_patient_dose(*seed: object, day: date = REFERENCE_DAY) -> SimulatedStudy:
    """A CT study with its dose report, and ten minutes later one of estimated organ doses."""
    visited = visit("CT", "patient dose", *seed, day=day, child=False)
    study = ct_study(visited)
    first = SimulatedObject("patient-dose", write_ct_report(study, study.ct_reports[0]))
    report = PatientDoseReport(
        sop_instance_uid=visited.source.uid(),
        observers=(device_observer(study.equipment),),
        estimates=(_estimate(visited.source, study),),
    )
    estimated = datetime.combine(visited.started.date(), study.content_time or visited.started.time())
    dataset = write_patient_dose(study, report, estimated + timedelta(minutes=10))
    second = SimulatedObject("patient-dose", dataset)
    truth = study.model_copy(
        update={
            "patient_dose_reports": (report,),
            "sop_instance_uids_processed": tuple(sorted((first.sop_instance_uid, second.sop_instance_uid))),
        }
    )
    return SimulatedStudy("patient-dose", (first, second), truth)
