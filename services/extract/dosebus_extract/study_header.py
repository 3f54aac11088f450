"""What every object's header tells of study, patient and equipment (PS3.3 C.7)."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from dosebus.domain.study import Equipment, Patient, Study
from dosebus_extract.sr.header import Header

SOP_CLASS, SOP_INSTANCE = 0x00080016, 0x00080018
STUDY_INSTANCE, SERIES_INSTANCE = 0x0020000D, 0x0020000E
STUDY_DATE, SERIES_DATE, ACQUISITION_DATE, CONTENT_DATE = 0x00080020, 0x00080021, 0x00080022, 0x00080023
STUDY_TIME, SERIES_TIME, ACQUISITION_TIME, CONTENT_TIME = 0x00080030, 0x00080031, 0x00080032, 0x00080033
MODALITY, MANUFACTURER, MODEL = 0x00080060, 0x00080070, 0x00081090
STUDY_DESCRIPTION, SERIES_DESCRIPTION = 0x00081030, 0x0008103E
PROCEDURE_CODES, REQUESTED_PROCEDURE_CODES = 0x00081032, 0x00321064
REQUESTED_PROCEDURE, REQUEST_ATTRIBUTES, REFERENCED_REQUEST = 0x00321060, 0x00400275, 0x0040A370
PROTOCOL_NAME: Final = 0x00181030
_ACCESSION: Final = 0x00080050

_AGE: Final = re.compile(r"(\d{1,3})\s*([DWMY])$", re.IGNORECASE)
_YEARS_PER: Final = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}
_OLDEST: Final = 120.0
_DISAGREEMENT: Final = 2.0
"""Years by which an age string may differ from the dates; beyond, the dates have been made up (anonymised)."""
_NAMES: Final = {
    "referring_physician": 0x00080090,
    "physicians_of_record": 0x00081048,
    "performing_physician": 0x00081050,
    "reading_physician": 0x00081060,
    "operator": 0x00081070,
}


def study_of(header: Header) -> Study:
    """The study as this object's header tells it, without any report."""
    study_date = header.date(STUDY_DATE) or header.date(CONTENT_DATE) or header.date(SERIES_DATE)
    return Study(
        study_instance_uid=header.first(STUDY_INSTANCE) or "",
        study_id=header.text(0x00200010),
        accession_number=header.text(_ACCESSION) or _of_request(header, _ACCESSION),
        study_date=study_date,
        study_time=header.time(STUDY_TIME) or header.time(CONTENT_TIME) or header.time(SERIES_TIME),
        content_time=header.time(CONTENT_TIME),
        series_time=header.time(SERIES_TIME),
        series_instance_uid=header.first(SERIES_INSTANCE),
        study_description=header.text(STUDY_DESCRIPTION),
        **_procedures(header),
        **{key: header.joined(tag) for key, tag in _NAMES.items()},
        patient=patient_of(header, study_date),
        equipment=equipment_of(header),
    )


def _procedures(header: Header) -> dict[str, str | None]:
    """The procedure, and what was requested: by code, else in the request's attributes, else as plain text."""
    procedure, requested = header.code(PROCEDURE_CODES), header.code(REQUESTED_PROCEDURE_CODES)
    return {
        "procedure_code_value": procedure.code_value if procedure else None,
        "procedure_code_meaning": procedure.code_meaning if procedure else None,
        "requested_procedure_code_value": requested.code_value if requested else None,
        "requested_procedure": requested_procedure(header) or header.text(REQUESTED_PROCEDURE),
    }


def requested_procedure(header: Header) -> str | None:
    """What was requested by the request's code, else by its description, as the object or its request tells."""
    return (
        _code_meaning(header)
        or _of_request(header, REQUESTED_PROCEDURE)
        or next((told for item in _requests(header) if (told := _code_meaning(item))), None)
    )


def _code_meaning(header: Header) -> str | None:
    found = header.code(REQUESTED_PROCEDURE_CODES)
    return found.code_meaning if found else None


def _requests(header: Header) -> tuple[Header, ...]:
    """Images tell the request in Request Attributes, structured reports in Referenced Request."""
    return (*header.items(REQUEST_ATTRIBUTES), *header.items(REFERENCED_REQUEST))


def _of_request(header: Header, tag: int) -> str | None:
    return next((told for item in _requests(header) if (told := item.text(tag))), None)


def patient_of(header: Header, study_date: date | None) -> Patient:
    birth = header.date(0x00100030)
    age_text = header.text(0x00101010)
    return Patient(
        patient_name=header.joined(0x00100010),
        patient_id=header.text(0x00100020),
        patient_birth_date=birth,
        patient_sex=header.first(0x00100040),
        patient_age_dicom_string=age_text,
        patient_age_years=age_years(birth, study_date, age_text),
        patient_height_m=header.number(0x00101020),
        patient_weight_kg=header.number(0x00101030),
    )


def age_years(birth: date | None, study: date | None, age_text: str | None) -> float | None:
    """Age in years to a tenth: from the dates where they make sense, else from the age string (nnnD/W/M/Y)."""
    found = _AGE.match((age_text or "").strip())
    told = int(found[1]) * _YEARS_PER[found[2].upper()] if found else None
    if birth is not None and study is not None:
        years = (study - birth).days / 365.25
        if 0 <= years <= _OLDEST and (told is None or abs(years - told) <= _DISAGREEMENT):
            return round(years, 1)
    return None if told is None else round(told, 1)


def equipment_of(header: Header) -> Equipment:
    institution, station = header.text(0x00080080), header.text(0x00081010)
    versions = header.texts(0x00181020)
    return Equipment(
        manufacturer=header.text(MANUFACTURER),
        model=header.text(MODEL),
        institution=institution,
        institution_address=header.text(0x00080081),
        department=header.text(0x00081040),
        station_name=station,
        device_serial_number=header.text(0x00181000),
        software_version=versions[0] if len(versions) == 1 else (str(list(versions)) if versions else None),
        gantry_id=header.text(0x00181008),
        display_name=" ".join(part for part in (institution, station) if part) or "Blank",
        date_of_last_calibration=header.date(0x00181200) if len(header.texts(0x00181200)) == 1 else None,
        time_of_last_calibration=header.time(0x00181201) if len(header.texts(0x00181201)) == 1 else None,
    )
