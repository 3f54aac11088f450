"""Radiopharmaceutical dose reports and PET series (PS3.16 TID 10021 to 10024)."""

from __future__ import annotations

from datetime import datetime

from dosebus.domain.base import Code, Part
from dosebus.domain.person import Observer, PersonParticipant


class OrganDose(Part):
    """Absorbed dose of one organ (TID 10023)."""

    organ: Code | None = None
    laterality: Code | None = None
    organ_dose_mgy: float | None = None
    organ_mass_g: float | None = None
    mass_measurement_method_text: str | None = None
    reference_authority: Code | None = None
    reference_authority_text: str | None = None


class Administration(Part):
    """One administration of a radiopharmaceutical (TID 10022)."""

    administration_event_uid: str | None = None
    radiopharmaceutical_agent: Code | None = None
    radiopharmaceutical_agent_text: str | None = None
    radionuclide: Code | None = None
    radionuclide_half_life_s: float | None = None
    radiopharmaceutical_specific_activity_bq_per_mol: float | None = None
    administered_activity_mbq: float | None = None
    pre_administration_measured_activity_mbq: float | None = None
    pre_administration_activity_measurement_device: Code | None = None
    post_administration_measured_activity_mbq: float | None = None
    post_administration_activity_measurement_device: Code | None = None
    injected_volume_cm3: float | None = None
    effective_dose_msv: float | None = None
    start_datetime: datetime | None = None
    stop_datetime: datetime | None = None
    route_of_administration: Code | None = None
    site_of_administration: Code | None = None
    laterality: Code | None = None
    estimated_extravasation_activity_percent: float | None = None
    extravasation_symptoms: tuple[Code, ...] = ()
    brand_name: str | None = None
    dispense_unit_identifier: str | None = None
    prescription_identifier: str | None = None
    drug_product_identifiers: tuple[Code, ...] = ()
    lot_identifiers: tuple[str, ...] = ()
    reagent_vial_identifiers: tuple[str, ...] = ()
    radionuclide_identifiers: tuple[str, ...] = ()
    billing_codes: tuple[Code, ...] = ()
    observers: tuple[Observer, ...] = ()
    persons: tuple[PersonParticipant, ...] = ()
    organ_doses: tuple[OrganDose, ...] = ()
    comment: str | None = None


class GlomerularFiltrationRate(Part):
    """A glomerular filtration rate as reported (TID 10024)."""

    glomerular_filtration_rate_as_reported: str | None = None
    measurement_method: Code | None = None
    equivalent_meaning: Code | None = None


class PatientCharacteristics(Part):
    """The patient at the time of administration (TID 10024)."""

    subject_age_years: float | None = None
    subject_sex: Code | None = None
    patient_height_m: float | None = None
    patient_height_as_reported: str | None = None
    patient_weight_kg: float | None = None
    patient_weight_as_reported: str | None = None
    body_surface_area_m2: float | None = None
    body_surface_area_formula: Code | None = None
    body_mass_index_kg_per_m2: float | None = None
    body_mass_index_equation: Code | None = None
    glucose_as_reported: str | None = None
    fasting_duration_as_reported: str | None = None
    hydration_volume_ml: float | None = None
    recent_physical_activity: str | None = None
    serum_creatinine_as_reported: str | None = None
    patient_states: tuple[Code, ...] = ()
    glomerular_filtration_rates: tuple[GlomerularFiltrationRate, ...] = ()


class Language(Part):
    """Language of the content (TID 1204)."""

    language: Code | None = None
    country: Code | None = None


class PETSeries(Part):
    """One reconstructed PET series, as its image headers tell."""

    series_instance_uid: str | None = None
    series_datetime: datetime | None = None
    number_of_slices: int | None = None
    number_of_time_slices: int | None = None
    number_of_rr_intervals: int | None = None
    reconstruction_method: str | None = None
    coincidence_window_width_ns: float | None = None
    energy_window_lower_limit_kev: float | None = None
    energy_window_upper_limit_kev: float | None = None
    corrections: tuple[str, ...] = ()
    series_type: tuple[str, ...] = ()


class RadiopharmaceuticalReport(Part):
    """One Radiopharmaceutical Radiation Dose SR, or what PET and NM image headers tell instead of one."""

    sop_instance_uid: str | None = None
    associated_procedure: Code | None = None
    has_intent: Code | None = None
    languages: tuple[Language, ...] = ()
    observers: tuple[Observer, ...] = ()
    administrations: tuple[Administration, ...] = ()
    patient_characteristics: tuple[PatientCharacteristics, ...] = ()
    pet_series: tuple[PETSeries, ...] = ()
    comment: str | None = None
