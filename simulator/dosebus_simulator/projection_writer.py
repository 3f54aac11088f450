"""Writes a projection dose report (PS3.16 TID 10001 with 10002 to 10007, 10003A to C) from the record of a study."""

from __future__ import annotations

from pydicom.dataset import Dataset, FileDataset

from dosebus.domain.base import Code, Part
from dosebus.domain.projection import Calibration, PlaneAccumulated, ProjectionEvent, ProjectionReport
from dosebus.domain.study import Equipment, Study
from dosebus_simulator import concepts as c
from dosebus_simulator.concepts import Unit
from dosebus_simulator.dose_report import irradiating_device, participant, write_dose_report
from dosebus_simulator.items import (
    HAS_CONCEPT_MOD,
    HAS_OBS_CONTEXT,
    code,
    container,
    moment,
    num,
    text,
    uidref,
)

Row = tuple[str, str, str, Unit]

FLUOROSCOPY_TOTALS: tuple[Row, ...] = (
    ("dap_total_gym2", "113722", "Dose Area Product Total", c.GYM2),
    ("dose_rp_total_gy", "113725", "Dose (RP) Total", c.GY),
    ("fluoro_dap_total_gym2", "113726", "Fluoro Dose Area Product Total", c.GYM2),
    ("fluoro_dose_rp_total_gy", "113728", "Fluoro Dose (RP) Total", c.GY),
    ("total_fluoro_time_s", "113730", "Total Fluoro Time", c.SECONDS),
    ("acquisition_dap_total_gym2", "113727", "Acquisition Dose Area Product Total", c.GYM2),
    ("acquisition_dose_rp_total_gy", "113729", "Acquisition Dose (RP) Total", c.GY),
    ("total_acquisition_time_s", "113855", "Total Acquisition Time", c.SECONDS),
    ("total_number_of_radiographic_frames", "113731", "Total Number of Radiographic Frames", c.NO_UNITS),
)
"""TID 10004."""

INTEGRATED_TOTALS: tuple[Row, ...] = (
    ("dap_total_gym2", "113722", "Dose Area Product Total", c.GYM2),
    ("dose_rp_total_gy", "113725", "Dose (RP) Total", c.GY),
    ("total_number_of_radiographic_frames", "113731", "Total Number of Radiographic Frames", c.NO_UNITS),
)
"""TID 10006 and 10007."""

EVENT_DOSE: tuple[Row, ...] = (
    ("dap_gym2", "122130", "Dose Area Product", c.GYM2),
    ("half_value_layer_mmal", "111634", "Half Value Layer", c.MM),
    ("entrance_exposure_at_rp_mgy", "111636", "Entrance Exposure at RP", c.MGY),
)
"""TID 10003."""

DETECTOR: tuple[Row, ...] = (
    ("exposure_index", "113845", "Exposure Index", c.NO_UNITS),
    ("target_exposure_index", "113846", "Target Exposure Index", c.NO_UNITS),
    ("deviation_index", "113847", "Deviation Index", c.NO_UNITS),
)
"""TID 10003A."""

SOURCE_DOSE: tuple[Row, ...] = (
    ("dose_rp_gy", "113738", "Dose (RP)", c.GY),
    ("agd_mgy", "111631", "Average Glandular Dose", c.MGY),
)
SOURCE: tuple[Row, ...] = (
    ("pulse_rate_per_s", "113791", "Pulse Rate", c.PULSES_PER_SECOND),
    ("number_of_pulses", "113768", "Number of Pulses", c.NO_UNITS),
    ("kvp", "113733", "KVP", c.KV),
    ("tube_current_ma", "113734", "X-Ray Tube Current", c.MA),
    ("exposure_time_ms", "113735", "Exposure Time", c.MILLISECONDS),
    ("pulse_width_ms", "113793", "Pulse Width", c.MILLISECONDS),
    ("irradiation_duration_s", "113742", "Irradiation Duration", c.SECONDS),
    ("average_tube_current_ma", "113767", "Average X-Ray Tube Current", c.MA),
    ("exposure_uas", "113736", "Exposure", c.UAS),
    ("focal_spot_mm", "113766", "Focal Spot Size", c.MM),
    ("collimated_field_area_m2", "113790", "Collimated Field Area", c.M2),
    ("collimated_field_height_mm", "113788", "Collimated Field Height", c.MM),
    ("collimated_field_width_mm", "113789", "Collimated Field Width", c.MM),
)
"""TID 10003B."""

MECHANICS: tuple[Row, ...] = (
    ("positioner_primary_angle_deg", "112011", "Positioner Primary Angle", c.DEGREES),
    ("positioner_secondary_angle_deg", "112012", "Positioner Secondary Angle", c.DEGREES),
    ("positioner_primary_end_angle_deg", "113739", "Positioner Primary End Angle", c.DEGREES),
    ("positioner_secondary_end_angle_deg", "113740", "Positioner Secondary End Angle", c.DEGREES),
    ("column_angulation_deg", "113770", "Column Angulation", c.DEGREES),
    ("table_head_tilt_angle_deg", "113754", "Table Head Tilt Angle", c.DEGREES),
    ("table_horizontal_rotation_angle_deg", "113755", "Table Horizontal Rotation Angle", c.DEGREES),
    ("table_cradle_tilt_angle_deg", "113756", "Table Cradle Tilt Angle", c.DEGREES),
    ("table_longitudinal_position_mm", "113751", "Table Longitudinal Position", c.MM),
    ("table_lateral_position_mm", "113752", "Table Lateral Position", c.MM),
    ("table_height_position_mm", "113753", "Table Height Position", c.MM),
    ("table_longitudinal_end_position_mm", "113759", "Table Longitudinal End Position", c.MM),
    ("table_lateral_end_position_mm", "113760", "Table Lateral End Position", c.MM),
    ("table_height_end_position_mm", "113761", "Table Height End Position", c.MM),
    ("distance_source_isocenter_mm", "113748", "Distance Source to Isocenter", c.MM),
    ("distance_source_reference_point_mm", "113737", "Distance Source to Reference Point", c.MM),
    ("distance_source_detector_mm", "113750", "Distance Source to Detector", c.MM),
    ("compressed_thickness_mm", "111633", "Compression Thickness", c.MM),
    ("compression_force_n", "111647", "Compression Force", c.NEWTON),
    ("compression_pressure_kpa", "111648", "Compression Pressure", c.KILOPASCAL),
    ("compression_contact_area_mm2", "111649", "Compression Contact Area", c.MM2),
)
"""TID 10003C with CID 10008."""

REFERENCE_POINT = c.dcm("113780", "Reference Point Definition")
ACQUISITION_PLANE = c.dcm("113764", "Acquisition Plane")


def numbers(part: Part, rows: tuple[Row, ...]) -> list[Dataset | None]:
    """The numbers of a part of the record that have a row; None for each that is not there."""
    return [num(c.dcm(value, meaning), getattr(part, field), unit) for field, value, meaning, unit in rows]


def reference_point(definition: Code | None, words: str | None) -> Dataset | None:
    """The reference point as a code, or as the text that some devices write."""
    return code(REFERENCE_POINT, definition) if definition is not None else text(REFERENCE_POINT, words)


def _calibration(calibration: Calibration) -> Dataset:
    return container(
        c.dcm("122505", "Calibration"),
        [
            code(c.dcm("113794", "Dose Measurement Device"), calibration.dose_measurement_device),
            moment(c.dcm("113723", "Calibration DateTime"), calibration.calibration_datetime),
            num(c.dcm("122322", "Calibration Factor"), calibration.calibration_factor, c.NO_UNITS),
            num(
                c.dcm("113763", "Calibration Uncertainty"),
                calibration.calibration_uncertainty_percent,
                c.PERCENT,
            ),
            text(c.dcm("113724", "Calibration Responsible Party"), calibration.calibration_responsible_party),
        ],
    )


def _accumulated(plane: PlaneAccumulated) -> Dataset:
    items: list[Dataset | None] = [
        code(ACQUISITION_PLANE, plane.acquisition_plane, relationship=HAS_CONCEPT_MOD)
    ]
    items += [_calibration(calibration) for calibration in plane.calibrations]
    for dose in plane.accumulated_average_glandular_dose:
        modifier = code(c.LATERALITY, dose.laterality, relationship=HAS_CONCEPT_MOD)
        name = c.dcm("111637", "Accumulated Average Glandular Dose")
        items.append(num(name, dose.accumulated_agd_mgy, c.MGY, [modifier]))
    fluoroscopy, integrated = plane.fluoro_and_acquisition, plane.integrated_total
    if fluoroscopy is not None:
        items += numbers(fluoroscopy, FLUOROSCOPY_TOTALS)
        items.append(
            reference_point(
                fluoroscopy.reference_point_definition, fluoroscopy.reference_point_definition_text
            )
        )
    if integrated is not None:
        items += numbers(integrated, INTEGRATED_TOTALS)
        items.append(
            reference_point(integrated.reference_point_definition, integrated.reference_point_definition_text)
        )
    return container(c.dcm("113702", "Accumulated X-Ray Dose Data"), items)


def patient_position(event: ProjectionEvent) -> list[Dataset | None]:
    """How the patient lay."""
    modifier = code(
        c.dcm("113744", "Patient Orientation Modifier"),
        event.patient_orientation_modifier,
        relationship=HAS_CONCEPT_MOD,
    )
    return [
        code(c.dcm("113745", "Patient Table Relationship"), event.patient_table_relationship),
        code(c.dcm("113743", "Patient Orientation"), event.patient_orientation, [modifier]),
    ]


def _what_and_how(event: ProjectionEvent) -> list[Dataset | None]:
    """TID 10003: what was irradiated, and how the patient lay."""
    side = code(c.LATERALITY, event.laterality, relationship=HAS_CONCEPT_MOD)
    anatomy = code(c.sct("91723000", "Anatomical structure"), event.anatomical_structure, [side])
    region_side = [side] if event.anatomical_structure is None else []
    return [
        code(ACQUISITION_PLANE, event.acquisition_plane, relationship=HAS_CONCEPT_MOD),
        uidref(c.EVENT_UID, event.irradiation_event_uid),
        text(c.dcm("113605", "Irradiation Event Label"), event.irradiation_event_label),
        moment(c.DATETIME_STARTED, event.datetime_started),
        code(c.dcm("113721", "Irradiation Event Type"), event.event_type),
        text(c.ACQUISITION_PROTOCOL, event.acquisition_protocol),
        anatomy,
        code(c.dcm("111031", "Image View"), event.view),
        *patient_position(event),
        code(c.TARGET_REGION, event.target_region, region_side),
        *numbers(event, EVENT_DOSE),
        reference_point(event.reference_point_definition, event.reference_point_definition_text),
    ]


def _source(event: ProjectionEvent) -> list[Dataset | None]:
    """TID 10003B: doses, filters, pulses, field and grid."""
    filters = [
        container(
            c.dcm("113771", "X-Ray Filters"),
            [
                code(c.dcm("113772", "X-Ray Filter Type"), one.type),
                code(c.dcm("113757", "X-Ray Filter Material"), one.material),
                num(c.dcm("113758", "X-Ray Filter Thickness Minimum"), one.thickness_min_mm, c.MM),
                num(c.dcm("113773", "X-Ray Filter Thickness Maximum"), one.thickness_max_mm, c.MM),
            ],
        )
        for one in event.filters
    ]
    return [
        *numbers(event, SOURCE_DOSE),
        *filters,
        code(c.dcm("113732", "Fluoro Mode"), event.fluoro_mode),
        *numbers(event, SOURCE),
        code(c.dcm("111632", "Anode Target Material"), event.anode_target_material),
        *(code(c.dcm("111635", "X-Ray Grid"), grid) for grid in event.grid),
    ]


def _event(event: ProjectionEvent, equipment: Equipment) -> Dataset:
    return container(
        c.dcm("113706", "Irradiation Event X-Ray Data"),
        [
            *_what_and_how(event),
            *numbers(event, DETECTOR),
            *_source(event),
            code(c.dcm("113956", "CR/DR Mechanical Configuration"), event.crdr_mechanical_configuration),
            *numbers(event, MECHANICS),
            text(c.COMMENT, event.comment),
            *(participant(person, HAS_OBS_CONTEXT) for person in event.persons),
            irradiating_device(equipment),
        ],
    )


def write_projection_report(study: Study, report: ProjectionReport) -> FileDataset:
    """The report of `study` as an X-Ray Radiation Dose SR.

    Raises:
        ValueError: the report has no SOP Instance UID, or neither report nor study say when it was made.
    """
    parts = (
        code(c.dcm("113945", "X-Ray Detector Data Available"), report.xray_detector_data_available),
        code(c.dcm("113943", "X-Ray Source Data Available"), report.xray_source_data_available),
        code(c.dcm("113944", "X-Ray Mechanical Data Available"), report.xray_mechanical_data_available),
        *(_accumulated(plane) for plane in report.accumulated_per_plane),
        *(_event(event, study.equipment) for event in report.events),
    )
    device_type = code(c.dcm("122142", "Acquisition Device Type"), report.acquisition_device_type)
    return write_dose_report(study, report, "10001", parts, device_type=device_type)


def write_only_report(study: Study) -> FileDataset:
    """The report of a study that has one."""
    (report,) = study.projection_reports
    return write_projection_report(study, report)
