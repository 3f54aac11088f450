"""The study: one Study Instance UID and all that is known of its dose."""

from __future__ import annotations

from datetime import date, datetime, time

from dosebus.domain.base import Part
from dosebus.domain.ct import CTReport
from dosebus.domain.patient_dose import PatientDoseReport
from dosebus.domain.projection import ProjectionReport
from dosebus.domain.radiopharmaceutical import RadiopharmaceuticalReport


class StudyHeader(Part):
    """What the object headers tell of the study itself (PS3.3 C.7.2)."""

    study_instance_uid: str
    study_id: str | None = None
    modality_type: str | None = None
    modality_types: tuple[str, ...] = ()
    accession_number: str | None = None
    accession_number_is_hashed: bool | None = None
    study_date: date | None = None
    study_time: time | None = None
    content_time: time | None = None
    series_time: time | None = None
    series_instance_uid: str | None = None
    study_description: str | None = None
    requested_procedure: str | None = None
    requested_procedure_code_value: str | None = None
    procedure_code_value: str | None = None
    procedure_code_meaning: str | None = None
    referring_physician: str | None = None
    physicians_of_record: str | None = None
    performing_physician: str | None = None
    reading_physician: str | None = None
    operator: str | None = None
    sop_instance_uids_processed: tuple[str, ...] = ()


class Patient(Part):
    """The patient as far as policy lets it be kept."""

    patient_id: str | None = None
    patient_id_is_hashed: bool | None = None
    patient_name: str | None = None
    patient_name_is_hashed: bool | None = None
    patient_birth_date: date | None = None
    patient_birth_date_is_hashed: bool | None = None
    patient_sex: str | None = None
    patient_age_dicom_string: str | None = None
    patient_age_years: float | None = None
    patient_height_m: float | None = None
    patient_weight_kg: float | None = None
    not_patient_indicator: str | None = None


class Equipment(Part):
    """The device, as the object headers name it (PS3.3 C.7.5.1)."""

    manufacturer: str | None = None
    model: str | None = None
    institution: str | None = None
    institution_address: str | None = None
    department: str | None = None
    station_name: str | None = None
    device_serial_number: str | None = None
    software_version: str | None = None
    gantry_id: str | None = None
    device_observer_uid: str | None = None
    display_name: str | None = None
    date_of_last_calibration: date | None = None
    time_of_last_calibration: time | None = None


class Totals(Part):
    """Sums over the whole study. A single plane counts as A."""

    number_of_events: int | None = None
    number_of_planes: int | None = None
    number_of_events_plane_a: int | None = None
    number_of_events_plane_b: int | None = None
    total_dlp_mgycm: float | None = None
    number_of_ct_sequenced_events: int | None = None
    number_of_ct_spiral_events: int | None = None
    number_of_ct_stationary_events: int | None = None
    number_of_ct_constant_angle_events: int | None = None
    total_dap_gym2: float | None = None
    total_dap_plane_a_gym2: float | None = None
    total_dap_plane_b_gym2: float | None = None
    dose_rp_total_plane_a_gy: float | None = None
    dose_rp_total_plane_b_gy: float | None = None
    dose_rp_total_gy: float | None = None
    total_fluoro_time_s: float | None = None
    accumulated_agd_left_mgy: float | None = None
    accumulated_agd_right_mgy: float | None = None
    accumulated_agd_both_mgy: float | None = None
    administered_activity_mbq: float | None = None


class Finding(Part):
    """Something odd about a study that a physicist should know; never a reason to refuse it."""

    code: str
    severity: str
    message: str
    place: str | None = None
    sop_instance_uid: str | None = None
    found_at: datetime | None = None


class UnreadConcept(Part):
    """A content item that no row of any table reads, by concept name."""

    code_value: str
    coding_scheme_designator: str | None = None
    code_meaning: str | None = None
    parent_code_value: str | None = None
    count: int


class Study(StudyHeader):
    """All that DoseBus knows of one Study Instance UID; the header's keys stand at the top."""

    patient: Patient = Patient()
    equipment: Equipment = Equipment()
    totals: Totals = Totals()
    ct_reports: tuple[CTReport, ...] = ()
    projection_reports: tuple[ProjectionReport, ...] = ()
    radiopharmaceutical_reports: tuple[RadiopharmaceuticalReport, ...] = ()
    patient_dose_reports: tuple[PatientDoseReport, ...] = ()
    findings: tuple[Finding, ...] = ()
    unread: tuple[UnreadConcept, ...] = ()
