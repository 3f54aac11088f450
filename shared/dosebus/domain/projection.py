"""Projection X-ray dose reports: fluoroscopy, radiography, mammography (PS3.16 TID 10001 to 10007)."""

from __future__ import annotations

from datetime import datetime

from dosebus.domain.base import Code, Numbers, Part
from dosebus.domain.person import DeviceParticipant, Observer, PersonParticipant


class AccumulatedGlandularDose(Part):
    """Accumulated average glandular dose of one breast (TID 10005)."""

    laterality: Code | None = None
    accumulated_agd_mgy: float | None = None


class Calibration(Part):
    """A dosimeter calibration (TID 10002, EV 122505)."""

    dose_measurement_device: Code | None = None
    calibration_datetime: datetime | None = None
    calibration_factor: float | None = None
    calibration_uncertainty_percent: float | None = None
    calibration_responsible_party: str | None = None


class FluoroscopyAccumulated(Part):
    """Accumulated fluoroscopy and acquisition dose of one plane (TID 10004)."""

    dap_total_gym2: float | None = None
    dose_rp_total_gy: float | None = None
    fluoro_dap_total_gym2: float | None = None
    fluoro_dose_rp_total_gy: float | None = None
    total_fluoro_time_s: float | None = None
    acquisition_dap_total_gym2: float | None = None
    acquisition_dose_rp_total_gy: float | None = None
    total_acquisition_time_s: float | None = None
    total_number_of_radiographic_frames: int | None = None
    reference_point_definition: Code | None = None
    reference_point_definition_text: str | None = None


class IntegratedAccumulated(Part):
    """Accumulated integrated or cassette-based radiography dose (TID 10006, 10007)."""

    dap_total_gym2: float | None = None
    dose_rp_total_gy: float | None = None
    total_number_of_radiographic_frames: int | None = None
    reference_point_definition: Code | None = None
    reference_point_definition_text: str | None = None


class PlaneAccumulated(Part):
    """Accumulated X-ray dose of one acquisition plane (TID 10002)."""

    acquisition_plane: Code | None = None
    calibrations: tuple[Calibration, ...] = ()
    accumulated_average_glandular_dose: tuple[AccumulatedGlandularDose, ...] = ()
    fluoro_and_acquisition: FluoroscopyAccumulated | None = None
    integrated_total: IntegratedAccumulated | None = None


class Filter(Part):
    """One X-ray filter (TID 10003B, EV 113771)."""

    type: Code | None = None
    material: Code | None = None
    thickness_min_mm: float | None = None
    thickness_max_mm: float | None = None


class ProjectionEvent(Part):
    """One irradiation event of a projection system (TID 10003 with 10003A, 10003B, 10003C)."""

    irradiation_event_uid: str | None = None
    irradiation_event_label: str | None = None
    datetime_started: datetime | None = None
    event_type: Code | None = None
    acquisition_plane: Code | None = None
    acquisition_protocol: str | None = None
    anatomical_structure: Code | None = None
    laterality: Code | None = None
    view: Code | None = None
    view_modifiers: tuple[Code, ...] = ()
    target_region: Code | None = None
    patient_table_relationship: Code | None = None
    patient_orientation: Code | None = None
    patient_orientation_modifier: Code | None = None
    projection_eponymous_name: Code | None = None
    reference_point_definition: Code | None = None
    reference_point_definition_text: str | None = None
    event_reference_point_definition: Code | None = None
    event_reference_point_definition_text: str | None = None
    dap_gym2: float | None = None
    dose_rp_gy: float | None = None
    entrance_exposure_at_rp_mgy: float | None = None
    agd_mgy: float | None = None
    half_value_layer_mmal: float | None = None
    fluoro_mode: Code | None = None
    pulse_rate_per_s: float | None = None
    number_of_pulses: float | None = None
    kvp: Numbers = ()
    tube_current_ma: Numbers = ()
    average_tube_current_ma: float | None = None
    exposure_uas: Numbers = ()
    exposure_time_ms: float | None = None
    pulse_width_ms: Numbers = ()
    irradiation_duration_s: float | None = None
    focal_spot_mm: float | None = None
    anode_target_material: Code | None = None
    filters: tuple[Filter, ...] = ()
    grid: tuple[Code, ...] = ()
    grid_focal_distance_mm: float | None = None
    collimated_field_area_m2: float | None = None
    collimated_field_height_mm: float | None = None
    collimated_field_width_mm: float | None = None
    image_intensifier_field_size_mm: float | None = None
    magnification_factor: float | None = None
    distance_source_detector_mm: float | None = None
    distance_source_isocenter_mm: float | None = None
    distance_source_reference_point_mm: float | None = None
    distance_source_entrance_surface_mm: float | None = None
    positioner_primary_angle_deg: float | None = None
    positioner_secondary_angle_deg: float | None = None
    positioner_primary_end_angle_deg: float | None = None
    positioner_secondary_end_angle_deg: float | None = None
    column_angulation_deg: float | None = None
    table_head_tilt_angle_deg: float | None = None
    table_horizontal_rotation_angle_deg: float | None = None
    table_cradle_tilt_angle_deg: float | None = None
    table_longitudinal_position_mm: float | None = None
    table_lateral_position_mm: float | None = None
    table_height_position_mm: float | None = None
    table_longitudinal_end_position_mm: float | None = None
    table_lateral_end_position_mm: float | None = None
    table_height_end_position_mm: float | None = None
    crdr_mechanical_configuration: Code | None = None
    compressed_thickness_mm: float | None = None
    compression_force_n: float | None = None
    compression_pressure_kpa: float | None = None
    compression_contact_area_mm2: float | None = None
    radiological_thickness_mm: float | None = None
    percent_fibroglandular_tissue: float | None = None
    exposure_control_mode: str | None = None
    exposure_index: float | None = None
    target_exposure_index: float | None = None
    deviation_index: float | None = None
    relative_xray_exposure: float | None = None
    relative_xray_exposure_unit: str | None = None
    sensitivity: float | None = None
    source_devices: tuple[DeviceParticipant, ...] = ()
    detector_devices: tuple[DeviceParticipant, ...] = ()
    persons: tuple[PersonParticipant, ...] = ()
    comment: str | None = None


class ProjectionReport(Part):
    """One X-Ray Radiation Dose SR of a projection study, or what its image objects tell instead of one."""

    sop_instance_uid: str | None = None
    procedure_reported: Code | None = None
    has_intent: Code | None = None
    acquisition_device_type: Code | None = None
    scope_of_accumulation: Code | None = None
    scope_uid: str | None = None
    source_of_dose_information: Code | None = None
    start_of_irradiation_datetime: datetime | None = None
    end_of_irradiation_datetime: datetime | None = None
    xray_detector_data_available: Code | None = None
    xray_mechanical_data_available: Code | None = None
    xray_source_data_available: Code | None = None
    comment: str | None = None
    observers: tuple[Observer, ...] = ()
    accumulated_per_plane: tuple[PlaneAccumulated, ...] = ()
    events: tuple[ProjectionEvent, ...] = ()
