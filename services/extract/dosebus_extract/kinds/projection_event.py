"""The irradiation event of a projection system (PS3.16 TID 10003 with 10003A, 10003B, 10003C)."""

from __future__ import annotations

from typing import Final

from dosebus.domain.projection import Filter
from dosebus_extract.kinds.participants import DEVICE_ROW, PERSON_ROW
from dosebus_extract.sr.concepts import (
    Reading,
    Row,
    Table,
    code,
    code_or_text,
    known,
    moment,
    part,
    quantities,
    quantity,
    reads_below,
    text,
    uid,
)
from dosebus_extract.sr.tree import Node

_LATERALITY: Final = Row(("G-C171", "272741003"), "laterality", code)
_FILTER: Final = Table(
    Row(("113772",), "type", code),
    Row(("113757",), "material", code),
    Row(("113758",), "thickness_min_mm", quantity("mm")),
    Row(("113773",), "thickness_max_mm", quantity("mm")),
    # TID 10043 tells one thickness instead of two.
    Row(("130509",), "thickness_min_mm", quantity("mm")),
    Row(("130509",), "thickness_max_mm", quantity("mm")),
    Row(("113821", "130510", "130518"), None, known),
)


def _swapped(node: Node, reading: Reading) -> Filter | None:
    """A filter whose minimum is its maximum is turned round."""
    found = part(Filter, _FILTER)(node, reading)
    if found is None or found.thickness_min_mm is None or found.thickness_max_mm is None:
        return found  # type: ignore[no-any-return]
    low, high = sorted((found.thickness_min_mm, found.thickness_max_mm))
    return Filter(type=found.type, material=found.material, thickness_min_mm=low, thickness_max_mm=high)


_REGION: Final = Table(_LATERALITY)
_VIEW: Final = Table(Row(("111032",), "view_modifiers", code, many=True))
_ORIENTATION: Final = Table(Row(("113744",), "patient_orientation_modifier", code))
_GEOMETRY: Final[dict[tuple[str, ...], tuple[str, str]]] = {
    ("112011",): ("positioner_primary_angle_deg", "deg"),
    ("112012",): ("positioner_secondary_angle_deg", "deg"),
    ("113739",): ("positioner_primary_end_angle_deg", "deg"),
    ("113740",): ("positioner_secondary_end_angle_deg", "deg"),
    ("113770",): ("column_angulation_deg", "deg"),
    ("113754",): ("table_head_tilt_angle_deg", "deg"),
    ("113755",): ("table_horizontal_rotation_angle_deg", "deg"),
    ("113756",): ("table_cradle_tilt_angle_deg", "deg"),
    ("113751",): ("table_longitudinal_position_mm", "mm"),
    ("113752",): ("table_lateral_position_mm", "mm"),
    ("113753",): ("table_height_position_mm", "mm"),
    ("113759",): ("table_longitudinal_end_position_mm", "mm"),
    ("113760",): ("table_lateral_end_position_mm", "mm"),
    ("113761",): ("table_height_end_position_mm", "mm"),
    ("113748",): ("distance_source_isocenter_mm", "mm"),
    ("113750",): ("distance_source_detector_mm", "mm"),
    ("113737",): ("distance_source_reference_point_mm", "mm"),
    ("111633",): ("compressed_thickness_mm", "mm"),
    ("111647",): ("compression_force_n", "N"),
    ("111648",): ("compression_pressure_kpa", "kPa"),
    ("111649",): ("compression_contact_area_mm2", "mm2"),
}
_DOSE: Final[dict[tuple[str, ...], tuple[str, str]]] = {
    ("122130",): ("dap_gym2", "Gy.m2"),
    ("113738",): ("dose_rp_gy", "Gy"),
    ("111636",): ("entrance_exposure_at_rp_mgy", "mGy"),
    ("111631",): ("agd_mgy", "mGy"),
    ("111634",): ("half_value_layer_mmal", "mm"),
    ("111046",): ("percent_fibroglandular_tissue", ""),
    ("113845",): ("exposure_index", ""),
    ("113846",): ("target_exposure_index", ""),
    ("113847",): ("deviation_index", ""),
}
_EXPOSURE: Final[dict[tuple[str, ...], tuple[str, str]]] = {
    ("113791",): ("pulse_rate_per_s", "{pulse}/s"),
    ("113768",): ("number_of_pulses", ""),
    ("113767",): ("average_tube_current_ma", "mA"),
    ("113735", "113824"): ("exposure_time_ms", "ms"),
    ("113742",): ("irradiation_duration_s", "s"),
    ("113766",): ("focal_spot_mm", "mm"),
    ("113790",): ("collimated_field_area_m2", "m2"),
    ("113788",): ("collimated_field_height_mm", "mm"),
    ("113789",): ("collimated_field_width_mm", "mm"),
}
_PER_PULSE: Final[dict[tuple[str, ...], tuple[str, str]]] = {
    ("113733",): ("kvp", "kV"),
    ("113734",): ("tube_current_ma", "mA"),
    ("113736",): ("exposure_uas", "uA.s"),
    ("113793",): ("pulse_width_ms", "ms"),
}
_SCALARS: Final[dict[tuple[str, ...], tuple[str, str]]] = {**_GEOMETRY, **_DOSE, **_EXPOSURE}

EVENT: Final = Table(
    Row(("113764",), "acquisition_plane", code),
    Row(("113769",), "irradiation_event_uid", uid),
    Row(("113605",), "irradiation_event_label", reads_below(text)),
    Row(("111526",), "datetime_started", moment),
    Row(("113721",), "event_type", code),
    Row(("125203",), "acquisition_protocol", text),
    Row(("T-D0005", "91723000"), "anatomical_structure", code, properties=_REGION),
    Row(("123014",), "target_region", code, properties=_REGION),
    Row(("G-C171", "272741003"), "laterality", code),
    Row(("111031",), "view", code, properties=_VIEW),
    Row(("111032",), "view_modifiers", code, many=True),
    Row(("113946",), "projection_eponymous_name", code),
    Row(("113745",), "patient_table_relationship", code),
    Row(("113743",), "patient_orientation", code, properties=_ORIENTATION),
    Row(("113744",), "patient_orientation_modifier", code),
    Row(("113780",), None, code_or_text("reference_point_definition")),
    Row(("113732",), "fluoro_mode", code),
    Row(("111632",), "anode_target_material", code),
    Row(("113771",), "filters", reads_below(_swapped), many=True),
    Row(("111635",), "grid", code, many=True),
    Row(("113956",), "crdr_mechanical_configuration", code),
    Row(("121106",), "comment", text),
    Row(("113795", "121401", "130503", "130504", "130510", "130518"), None, reads_below(known)),
    *(Row(codes, key, quantity(unit)) for codes, (key, unit) in _SCALARS.items()),
    *(Row(codes, key, quantities(unit), many=True) for codes, (key, unit) in _PER_PULSE.items()),
    DEVICE_ROW,
    PERSON_ROW,
)
