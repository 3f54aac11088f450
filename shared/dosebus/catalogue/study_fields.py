"""Fields and filters that every listing shares: the study, its device and its patient."""

from __future__ import annotations

import sqlalchemy as sa

from dosebus.catalogue.field import DAP, Field, Grain, Kind, count, quantity, text
from dosebus.catalogue.filter import Filter, FilterKind, between, contains, counted, exact, named
from dosebus.catalogue.listing import exists_in
from dosebus.store.tables import dose

S = dose.study.c
D = dose.device.c

STUDY_AT = Field("study_at", "Study", S.study_at, Kind.INSTANT)
WEEKDAY = count(
    "study_weekday", "Weekday (1 is Monday)", sa.cast(sa.extract("isodow", S.study_at), sa.Integer)
)
HOUR = count("study_hour", "Hour", sa.cast(sa.extract("hour", S.study_at), sa.Integer))
STUDY_DATE = Field("study_date", "Study date", S.study_date, Kind.DATE, concept="(0008,0020)")
STUDY_TIME = Field("study_time", "Study time", S.study_time, Kind.TIME, concept="(0008,0030)")
STUDY_UID = text(
    "study_instance_uid", "Study Instance UID", S.study_instance_uid, concept="(0020,000D)", single=True
)
ACCESSION = text(
    "accession_number", "Accession number", S.accession_number, concept="(0008,0050)", single=True
)
DESCRIPTION = text("study_description", "Study description", S.study_description, concept="(0008,1030)")
REQUESTED = text("requested_procedure", "Requested procedure", S.requested_procedure, concept="(0032,1060)")
PROCEDURE = text("procedure_code_meaning", "Procedure", S.procedure_code_meaning)
MODALITY = text("modality_type", "Modality", S.modality_type)
OPERATOR = text("operator", "Operator", S.operator, concept="(0008,1070)")
PHYSICIAN = text("performing_physician", "Physician", S.performing_physician, concept="(0008,1050)")
REFERRER = text("referring_physician", "Referring physician", S.referring_physician, concept="(0008,0090)")

DEVICE_ID = count("device_id", "Device", S.device_id)
DISPLAY_NAME = text("display_name", "Display name", D.display_name)
INSTITUTION = text("institution", "Institution", D.institution, concept="(0008,0080)")
MANUFACTURER = text("manufacturer", "Manufacturer", D.manufacturer, concept="(0008,0070)")
MODEL = text("model", "Model", D.model, concept="(0008,1090)")
STATION = text("station_name", "Station name", D.station_name, concept="(0008,1010)")
SOFTWARE = text("software_version", "Software version", S.software_version, concept="(0018,1020)")

PATIENT_NAME = text("patient_name", "Patient name", S.patient_name, concept="(0010,0010)", personal=True)
PATIENT_ID = text("patient_id", "Patient ID", S.patient_id, concept="(0010,0020)", personal=True)
BIRTH_DATE = Field(
    "patient_birth_date",
    "Date of birth",
    S.patient_birth_date,
    Kind.DATE,
    concept="(0010,0030)",
    personal=True,
)
AGE = quantity("patient_age_years", "Age", S.patient_age_years, "years", 1)
SEX = text("patient_sex", "Sex", S.patient_sex, concept="(0010,0040)")
HEIGHT = quantity("patient_height_m", "Height", S.patient_height_m, "m", 2, concept="(0010,1020)")
WEIGHT = quantity("patient_weight_kg", "Weight", S.patient_weight_kg, "kg", 1, concept="(0010,1030)")
TEST = text("not_patient_indicator", "Test data", S.not_patient_indicator)

EVENTS = count("number_of_events", "Events", S.number_of_events)
TOTAL_DAP = quantity("total_dap_gym2", "DAP", S.total_dap_gym2, "Gy·m²", display=DAP, concept="DCM:113722")

LISTED = (STUDY_AT, DISPLAY_NAME, DESCRIPTION, ACCESSION, PATIENT_NAME, PATIENT_ID, AGE)
"""The first columns of every list."""

EXPORTED = (
    PATIENT_NAME, PATIENT_ID, INSTITUTION, MANUFACTURER, MODEL, STATION, DISPLAY_NAME, ACCESSION, OPERATOR,
    PHYSICIAN, STUDY_DATE, STUDY_TIME, BIRTH_DATE, AGE, SEX, HEIGHT, WEIGHT, TEST, DESCRIPTION, REQUESTED,
    PROCEDURE, EVENTS, STUDY_UID, MODALITY, SOFTWARE,
)  # fmt: skip
"""The first study fields of every export, in the order that users know."""


def protocol_of(listing: str, label: str, event_protocol: Field) -> Filter:
    """A filter for studies with an event of this protocol."""
    table = event_protocol.column.table
    return contains("protocol", event_protocol, label, within=exists_in(table, listing))


def protocol_exactly(listing: str, event_protocol: Field) -> Filter:
    """A filter for studies with an event of exactly this protocol."""
    within = exists_in(event_protocol.column.table, listing)
    return named("acquisition_protocol", event_protocol, within=within)


COMMON_FILTERS: tuple[Filter, ...] = (
    Filter("date_from", "From", FilterKind.DATE_FROM, STUDY_AT),
    Filter("date_to", "To", FilterKind.DATE_TO, STUDY_AT),
    contains("study_description", DESCRIPTION),
    named("study_description", DESCRIPTION),
    contains("procedure", PROCEDURE),
    contains("requested_procedure", REQUESTED),
    named("requested_procedure", REQUESTED),
    *between("age", AGE),
    *between("weight", WEIGHT),
    contains("hospital", INSTITUTION, "Hospital"),
    contains("make", MANUFACTURER, "Make"),
    contains("model", MODEL),
    contains("station", STATION),
    contains("display_name", DISPLAY_NAME),
    named("display_name", DISPLAY_NAME),
    exact("device", DEVICE_ID),
    exact("accession", ACCESSION),
    contains("patient_name", PATIENT_NAME),
    exact("patient_id", PATIENT_ID),
    counted("events", EVENTS),
    exact("weekday", WEEKDAY),
    exact("hour", HOUR),
    Filter("test", "Test data", FilterKind.TEST_DATA, TEST),
)
EVENT = Grain.EVENT
