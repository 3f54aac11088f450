"""Event fields of projection X-ray: fluoroscopy, radiography and mammography read one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.selectable import LateralFromClause

from dosebus.catalogue.field import DAP, Field, Grain, Kind, count, quantity, text
from dosebus.catalogue.study_fields import EVENT
from dosebus.store.tables import dose

E = dose.projection_event.c
A = dose.projection_accumulated


def _mean(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The mean of a list of numbers per pulse."""
    number = sa.func.unnest(column).column_valued("number")
    return sa.select(sa.func.avg(number)).correlate(dose.projection_event).scalar_subquery()


def _joined(column: sa.ColumnElement[Any], *path: str) -> sa.ColumnElement[Any]:
    """One text of every entry of a nested list, joined by commas."""
    entry = sa.func.jsonb_array_elements(column).column_valued("entry")
    value = sa.func.jsonb_extract_path_text(entry, *(sa.literal_column(f"'{step}'") for step in path))
    return sa.select(sa.func.string_agg(value, ", ")).correlate(dose.projection_event).scalar_subquery()


PROTOCOL = text("acquisition_protocol", "Protocol", E.acquisition_protocol, grain=EVENT, concept="DCM:125203")

CODED = (
    ("event_type", "Type", E.event_type_meaning, "DCM:113721"),
    ("event_type_code", "Type code", E.event_type_code, None),
    ("acquisition_plane", "Plane", E.acquisition_plane_meaning, "DCM:113764"),
    ("acquisition_plane_code", "Plane code", E.acquisition_plane_code, None),
    ("fluoro_mode", "Fluoroscopy mode", E.fluoro_mode_meaning, "DCM:113732"),
    ("anatomical_structure", "Anatomy", E.anatomical_structure_meaning, None),
    ("view", "View", E.view_meaning, "DCM:111031"),
    ("laterality", "Laterality", E.laterality_meaning, None),
    ("target_region", "Target region", E.target_region_meaning, "DCM:123014"),
    ("patient_table_relationship", "Table relationship", E.patient_table_relationship_meaning, "DCM:113745"),
    ("patient_orientation", "Orientation", E.patient_orientation_meaning, "DCM:113743"),
    ("patient_orientation_modifier", "Orientation modifier", E.patient_orientation_modifier_meaning, "DCM:113744"),
    ("anode_target_material", "Target", E.anode_target_material_meaning, "DCM:111632"),
    ("exposure_control_mode", "Exposure control mode", E.exposure_control_mode, None),
    ("relative_xray_exposure_unit", "Relative exposure unit", E.relative_xray_exposure_unit, None),
    ("event_reference_point", "Reference point",
     sa.func.coalesce(E.event_reference_point_definition_meaning, E.event_reference_point_definition_text),
     "DCM:113780"),
    ("comment", "Comment", E.comment, "DCM:121106"),
    ("irradiation_event_uid", "Irradiation Event UID", E.irradiation_event_uid, "DCM:113769"),
)  # fmt: skip

QUANTITIES = (
    ("dose_rp_gy", "Dose at RP", "Gy", 5, "DCM:113738"),
    ("entrance_exposure_at_rp_mgy", "Entrance exposure at RP", "mGy", 3, "DCM:111636"),
    ("agd_mgy", "AGD", "mGy", 2, "DCM:111631"),
    ("half_value_layer_mmal", "Half value layer", "mm Al", 3, "DCM:111634"),
    ("pulse_rate_per_s", "Pulse rate", "1/s", 1, "DCM:113791"),
    ("number_of_pulses", "Pulses", None, 0, "DCM:113768"),
    ("average_tube_current_ma", "Mean tube current", "mA", 1, "DCM:113767"),
    ("exposure_time_ms", "Exposure time", "ms", 1, "DCM:113824"),
    ("irradiation_duration_s", "Duration", "s", 2, "DCM:113742"),
    ("focal_spot_mm", "Focal spot", "mm", 1, "DCM:113766"),
    ("grid_focal_distance_mm", "Grid focal distance", "mm", 0, None),
    ("collimated_field_height_mm", "Field height", "mm", 1, "DCM:113788"),
    ("collimated_field_width_mm", "Field width", "mm", 1, "DCM:113789"),
    ("image_intensifier_field_size_mm", "Field size", "mm", 0, None),
    ("magnification_factor", "Magnification", None, 2, None),
    ("distance_source_detector_mm", "SDD", "mm", 0, "DCM:113750"),
    ("distance_source_isocenter_mm", "Source to isocentre", "mm", 0, "DCM:113748"),
    ("distance_source_reference_point_mm", "Source to RP", "mm", 0, "DCM:113737"),
    ("distance_source_entrance_surface_mm", "Source to skin", "mm", 0, None),
    ("positioner_primary_angle_deg", "Primary angle", "°", 1, "DCM:112011"),
    ("positioner_secondary_angle_deg", "Secondary angle", "°", 1, "DCM:112012"),
    ("positioner_primary_end_angle_deg", "Primary end angle", "°", 1, "DCM:113739"),
    ("positioner_secondary_end_angle_deg", "Secondary end angle", "°", 1, "DCM:113740"),
    ("table_longitudinal_position_mm", "Table longitudinal", "mm", 0, "DCM:113751"),
    ("table_lateral_position_mm", "Table lateral", "mm", 0, "DCM:113752"),
    ("table_height_position_mm", "Table height", "mm", 0, "DCM:113753"),
    ("compressed_thickness_mm", "Thickness", "mm", 0, None),
    ("compression_force_n", "Compression force", "N", 0, None),
    ("radiological_thickness_mm", "Radiological thickness", "mm", 0, None),
    ("percent_fibroglandular_tissue", "Fibroglandular", "%", 0, None),
    ("exposure_index", "Exposure index", None, 1, None),
    ("target_exposure_index", "Target EI", None, 1, None),
    ("deviation_index", "Deviation index", None, 2, None),
    ("relative_xray_exposure", "Relative exposure", None, 1, None),
)

KVP = quantity("kvp_mean", "kVp", E.kvp_mean, "kV", 1, grain=EVENT, concept="DCM:113733")
MA = quantity(
    "tube_current_ma_mean", "mA", _mean(E.tube_current_ma), "mA", 1, grain=EVENT, concept="DCM:113734"
)
PULSE_WIDTH = quantity(
    "pulse_width_ms_mean", "Pulse width", _mean(E.pulse_width_ms), "ms", 2, grain=EVENT, concept="DCM:113793"
)
MAS = quantity("exposure_mas", "mAs", E.exposure_mas, "mAs", 2, grain=EVENT, concept="DCM:113736")

LISTS = (
    ("kvp", "kVp of every pulse", "kV", "DCM:113733"),
    ("tube_current_ma", "mA of every pulse", "mA", "DCM:113734"),
    ("exposure_uas", "µAs of every pulse", "µAs", "DCM:113736"),
    ("pulse_width_ms", "Width of every pulse", "ms", "DCM:113793"),
)

BY_KEY: Mapping[str, Field] = {
    field.key: field
    for field in (
        Field("datetime_started", "Started", E.datetime_started, Kind.INSTANT, Grain.EVENT, concept="DCM:111526"),
        PROTOCOL,
        *(text(key, label, column, grain=EVENT, concept=concept) for key, label, column, concept in CODED),
        quantity("dap_gym2", "DAP", E.dap_gym2, "Gy·m²", grain=EVENT, display=DAP, concept="DCM:122130"),
        *(
            quantity(key, label, E[key], unit, digits, grain=EVENT, concept=concept)
            for key, label, unit, digits, concept in QUANTITIES
        ),
        KVP,
        MA,
        PULSE_WIDTH,
        MAS,
        *(
            Field(key, label, E[key], Kind.NUMBERS, Grain.EVENT, unit, concept=concept)
            for key, label, unit, concept in LISTS
        ),
        text("filter_materials", "Filters", _joined(E.filters, "material", "code_meaning"), grain=EVENT),
        text("filter_thicknesses_mm", "Filter thickness, most (mm)", _joined(E.filters, "thickness_max_mm"),
             grain=EVENT),
        text("view_modifier", "View modifier", _joined(E.view_modifiers, "code_meaning"), grain=EVENT),
        text("grids", "Grid", _joined(E.grid, "code_meaning"), grain=EVENT),
        count("report_number", "Report", E.report_index + 1, grain=EVENT),
    )
}  # fmt: skip


def chosen(*keys: str) -> tuple[Field, ...]:
    """Event fields by key in the given order, and after them those that were not named."""
    return (*(BY_KEY[key] for key in keys), *(field for key, field in BY_KEY.items() if key not in keys))


def plane_totals(name: str, codes: tuple[str, ...], columns: Sequence[str]) -> LateralFromClause:
    """Totals of one plane, summed over a study's reports; `codes` are the plane's code values."""
    return (
        sa.select(*(sa.func.sum(A.c[column]).label(column) for column in columns))
        .where(A.c.study_id == dose.study.c.id, A.c.acquisition_plane_code.in_(codes))
        .lateral(name)
    )
