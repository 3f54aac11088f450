"""CT dose reports (PS3.16 TID 10011 to 10015)."""

from __future__ import annotations

from datetime import datetime

from dosebus.domain.base import Code, Part
from dosebus.domain.person import DeviceParticipant, Observer, PersonParticipant


class CTAccumulated(Part):
    """CT Accumulated Dose Data (TID 10012)."""

    total_number_of_irradiation_events: int | None = None
    ct_dlp_total_mgycm: float | None = None
    comment: str | None = None


class CTSource(Part):
    """One X-ray source's parameters of a CT event (TID 10014, EV 113831)."""

    source_id: str | None = None
    kvp: float | None = None
    max_ma: float | None = None
    ma: float | None = None
    exposure_time_per_rotation_s: float | None = None


class CTDoseCheck(Part):
    """CT Dose Check alert and notification details (TID 10015, NEMA XR-25)."""

    dlp_alert_value_configured: bool | None = None
    ctdivol_alert_value_configured: bool | None = None
    dlp_alert_value_mgycm: float | None = None
    ctdivol_alert_value_mgy: float | None = None
    accumulated_dlp_forward_estimate_mgycm: float | None = None
    accumulated_ctdivol_forward_estimate_mgy: float | None = None
    alert_reason_for_proceeding: str | None = None
    alert_persons: tuple[PersonParticipant, ...] = ()
    dlp_notification_value_configured: bool | None = None
    ctdivol_notification_value_configured: bool | None = None
    dlp_notification_value_mgycm: float | None = None
    ctdivol_notification_value_mgy: float | None = None
    dlp_forward_estimate_mgycm: float | None = None
    ctdivol_forward_estimate_mgy: float | None = None
    notification_reason_for_proceeding: str | None = None
    notification_persons: tuple[PersonParticipant, ...] = ()


class CTEvent(Part):
    """One CT irradiation event (TID 10013)."""

    irradiation_event_uid: str | None = None
    datetime_started: datetime | None = None
    acquisition_protocol: str | None = None
    target_region: Code | None = None
    event_type: Code | None = None
    procedure_context: Code | None = None
    exposure_time_s: float | None = None
    scanning_length_mm: float | None = None
    length_of_reconstructable_volume_mm: float | None = None
    exposed_range_mm: float | None = None
    top_z_of_reconstructable_volume_mm: float | None = None
    bottom_z_of_reconstructable_volume_mm: float | None = None
    top_z_of_scanning_length_mm: float | None = None
    bottom_z_of_scanning_length_mm: float | None = None
    frame_of_reference_uid: str | None = None
    nominal_single_collimation_mm: float | None = None
    nominal_total_collimation_mm: float | None = None
    pitch: float | None = None
    number_of_xray_sources: int | None = None
    sources: tuple[CTSource, ...] = ()
    xray_modulation_type: str | None = None
    ctdivol_mgy: float | None = None
    ctdiw_phantom_type: Code | None = None
    ctdifreeair_calculation_factor: float | None = None
    mean_ctdifreeair_mgy: float | None = None
    dlp_mgycm: float | None = None
    effective_dose_msv: float | None = None
    effective_dose_method: Code | None = None
    effective_dose_conversion_factor_msv_per_mgycm: float | None = None
    ssde_mgy: float | None = None
    ssde_method: Code | None = None
    water_equivalent_diameter_mm: float | None = None
    size_specific_factor: float | None = None
    dose_check: tuple[CTDoseCheck, ...] = ()
    devices: tuple[DeviceParticipant, ...] = ()
    persons: tuple[PersonParticipant, ...] = ()
    comment: str | None = None


class CTScreenReading(Part):
    """How far a report can be trusted that character recognition read off the pixels of a dose screen.

    `confidence` is from 0 to 1: that of the weakest figure, a figure that agrees with another one counting as sure,
    lowered where rows could not be read or the sum of DLP is not the total. Screens below a site's threshold are
    not recorded. `total_agrees` is absent where nothing tells both.
    """

    confidence: float
    total_agrees: bool | None = None
    rows_in_doubt: int | None = None
    instance_number: int | None = None
    """Which page of its series the screen is; absent once several pages are joined."""


class CTReport(Part):
    """One X-Ray Radiation Dose SR of a CT study, or what an image object tells instead of one."""

    sop_instance_uid: str | None = None
    procedure_reported: Code | None = None
    has_intent: Code | None = None
    scope_of_accumulation: Code | None = None
    scope_uid: str | None = None
    source_of_dose_information: Code | None = None
    start_of_irradiation_datetime: datetime | None = None
    end_of_irradiation_datetime: datetime | None = None
    comment: str | None = None
    observers: tuple[Observer, ...] = ()
    accumulated: tuple[CTAccumulated, ...] = ()
    events: tuple[CTEvent, ...] = ()
    screen_reading: CTScreenReading | None = None
