"""Writes a Radiopharmaceutical Radiation Dose SR (PS3.16 TID 10021 with 10022 to 10024) from the record of a study."""

from __future__ import annotations

from datetime import datetime

from pydicom.dataset import Dataset, FileDataset

from dosebus.domain.base import Code
from dosebus.domain.radiopharmaceutical import (
    Administration,
    OrganDose,
    PatientCharacteristics,
    RadiopharmaceuticalReport,
)
from dosebus.domain.study import Study
from dosebus_simulator import concepts as c
from dosebus_simulator.document import RADIOPHARMACEUTICAL_DOSE_SR, dose_document, observer_context
from dosebus_simulator.dose_report import participant
from dosebus_simulator.items import (
    HAS_CONCEPT_MOD,
    HAS_OBS_CONTEXT,
    HAS_PROPERTIES,
    code,
    container,
    moment,
    num,
    text,
    uidref,
)

TITLE = c.dcm("113500", "Radiopharmaceutical Radiation Dose Report")


def loinc(value: str, meaning: str) -> Code:
    """A concept of LOINC."""
    return Code(code_value=value, coding_scheme_designator="LN", code_meaning=meaning)


def _organ(dose: OrganDose) -> Dataset:
    authority = text(
        c.dcm("121406", "Reference Authority"), dose.reference_authority_text, relationship=HAS_PROPERTIES
    )
    return container(
        c.dcm("113517", "Organ Dose Information"),
        [
            code(c.sct("363698007", "Finding Site"), dose.organ, relationship=HAS_CONCEPT_MOD),
            code(c.LATERALITY, dose.laterality, relationship=HAS_CONCEPT_MOD),
            num(c.dcm("113518", "Organ Dose"), dose.organ_dose_mgy, c.MGY, [authority]),
        ],
    )


def _agent(given: Administration) -> Dataset | None:
    return code(
        c.sct("349358000", "Radiopharmaceutical agent"),
        given.radiopharmaceutical_agent,
        [
            code(c.sct("89457008", "Radionuclide"), given.radionuclide, relationship=HAS_PROPERTIES),
            num(
                c.sct("304283002", "Radionuclide Half Life"),
                given.radionuclide_half_life_s,
                c.SECONDS,
                relationship=HAS_PROPERTIES,
            ),
        ],
    )


def _administration(given: Administration) -> Dataset:
    return container(
        c.dcm("113502", "Radiopharmaceutical Administration"),
        [
            _agent(given),
            uidref(
                c.dcm("113503", "Radiopharmaceutical Administration Event UID"),
                given.administration_event_uid,
            ),
            moment(c.dcm("123003", "Radiopharmaceutical Start DateTime"), given.start_datetime),
            moment(c.dcm("123004", "Radiopharmaceutical Stop DateTime"), given.stop_datetime),
            num(c.dcm("113507", "Administered activity"), given.administered_activity_mbq, c.MBQ),
            num(
                c.dcm("113508", "Pre-Administration Measured Activity"),
                given.pre_administration_measured_activity_mbq,
                c.MBQ,
            ),
            num(
                c.dcm("113509", "Post-Administration Measured Activity"),
                given.post_administration_measured_activity_mbq,
                c.MBQ,
            ),
            num(c.dcm("113839", "Effective Dose"), given.effective_dose_msv, c.MSV),
            *(_organ(dose) for dose in given.organ_doses),
            code(
                c.sct("410675002", "Route of administration"),
                given.route_of_administration,
                [
                    code(
                        c.sct("272737002", "Site of"),
                        given.site_of_administration,
                        relationship=HAS_PROPERTIES,
                    )
                ],
            ),
            *(participant(person, HAS_OBS_CONTEXT) for person in given.persons),
            text(
                c.dcm("113512", "Radiopharmaceutical Lot Identifier"), next(iter(given.lot_identifiers), None)
            ),
            text(c.COMMENT, given.comment),
        ],
    )


def _characteristics(patient: PatientCharacteristics, study: Study) -> Dataset:
    return container(
        c.dcm("121118", "Patient Characteristics"),
        [
            num(c.dcm("121033", "Subject Age"), patient.subject_age_years, c.YEARS),
            code(c.dcm("121032", "Subject Sex"), patient.subject_sex),
            num(loinc("8302-2", "Patient Height"), study.patient.patient_height_m, c.METRES),
            num(loinc("29463-7", "Patient Weight"), study.patient.patient_weight_kg, c.KILOGRAMS),
        ],
    )


def write_radiopharmaceutical_report(study: Study, report: RadiopharmaceuticalReport) -> FileDataset:
    """The report of `study` as a Radiopharmaceutical Radiation Dose SR.

    Raises:
        ValueError: the report has no SOP Instance UID, or the study no date and time.
    """
    if report.sop_instance_uid is None:
        raise ValueError("a radiopharmaceutical report needs a SOP Instance UID to be written")
    if study.study_date is None or study.content_time is None:
        raise ValueError(f"study {study.study_instance_uid} has no date or time of content")
    intent = code(c.HAS_INTENT, report.has_intent, relationship=HAS_CONCEPT_MOD)
    content = [
        code(
            c.sct("363589002", "Associated Procedure"), report.associated_procedure, [intent], HAS_CONCEPT_MOD
        ),
        *observer_context(study),
        *(_administration(given) for given in report.administrations),
        *(_characteristics(patient, study) for patient in report.patient_characteristics),
        text(c.COMMENT, report.comment),
    ]
    written = datetime.combine(study.study_date, study.content_time)
    return dose_document(
        study,
        report.sop_instance_uid,
        TITLE,
        "10021",
        content,
        completed=written,
        sop_class_uid=RADIOPHARMACEUTICAL_DOSE_SR,
    )
