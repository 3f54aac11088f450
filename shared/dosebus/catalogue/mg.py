"""Mammography."""

from __future__ import annotations

import sqlalchemy as sa

from dosebus.catalogue.field import count, quantity
from dosebus.catalogue.filter import between, contains, named
from dosebus.catalogue.listing import Listing, exists_in
from dosebus.catalogue.projection_fields import BY_KEY, PROTOCOL, chosen
from dosebus.catalogue.standard_names import acquisition_names, study_names
from dosebus.catalogue.study_fields import (
    COMMON_FILTERS,
    EVENT,
    EVENTS,
    EXPORTED,
    LISTED,
    S,
    protocol_exactly,
    protocol_of,
)
from dosebus.store.tables import dose

AGD = (
    quantity(
        "accumulated_agd_left_mgy", "AGD left", S.accumulated_agd_left_mgy, "mGy", 2, concept="DCM:111637"
    ),
    quantity(
        "accumulated_agd_right_mgy", "AGD right", S.accumulated_agd_right_mgy, "mGy", 2, concept="DCM:111637"
    ),
    quantity(
        "accumulated_agd_both_mgy", "AGD both", S.accumulated_agd_both_mgy, "mGy", 2, concept="DCM:111637"
    ),
)
THICKNESS_STEP = count(
    "thickness_step", "Thickness from (mm)",
    sa.cast(sa.func.floor(BY_KEY["compressed_thickness_mm"].column / 10.0) * 10, sa.Integer), grain=EVENT,
)  # fmt: skip
"""Compressed thickness in steps of 10 mm, as its lower end."""
WITHIN = exists_in(dose.projection_event, "mg")
NAMES, ACQUISITION_NAMES = study_names("MG"), acquisition_names("MG")
EXPORT_ORDER = (
    "view", "view_modifier", "laterality", "acquisition_protocol", "compressed_thickness_mm",
    "radiological_thickness_mm", "compression_force_n", "magnification_factor", "image_intensifier_field_size_mm",
    "exposure_control_mode", "anode_target_material", "filter_materials", "filter_thicknesses_mm", "focal_spot_mm",
    "kvp_mean", "tube_current_ma_mean", "exposure_time_ms", "exposure_mas", "entrance_exposure_at_rp_mgy", "agd_mgy",
    "percent_fibroglandular_tissue", "comment",
)  # fmt: skip

MG = Listing(
    name="mg",
    title="Mammography",
    modality_types=("MG",),
    predicate=dose.MG,
    event_table=dose.projection_event,
    event_joins=ACQUISITION_NAMES.joins,
    study_joins=NAMES.joins,
    chart_fields=(THICKNESS_STEP,),
    event_order=(dose.projection_event.c.report_index, dose.projection_event.c.event_index),
    columns=(*LISTED, EVENTS, *AGD, NAMES.field),
    filters=(
        *COMMON_FILTERS,
        protocol_of("mg", "Acquisition protocol", PROTOCOL),
        protocol_exactly("mg", PROTOCOL),
        *NAMES.filters,
        *ACQUISITION_NAMES.filters,
        contains("view", BY_KEY["view"], within=WITHIN),
        named("view", BY_KEY["view"], within=WITHIN),
        contains("exposure_control_mode", BY_KEY["exposure_control_mode"], within=WITHIN),
        *between("thickness", BY_KEY["compressed_thickness_mm"], within=WITHIN),
        *between("agd", BY_KEY["agd_mgy"], within=WITHIN),
    ),
    study_fields=(*EXPORTED, NAMES.field, *AGD),
    event_fields=(*chosen(*EXPORT_ORDER), ACQUISITION_NAMES.field),
    event_columns=(*EXPORT_ORDER, ACQUISITION_NAMES.field.key),
    groupings=(
        "display_name",
        "study_description",
        "standard_study_name",
        "requested_procedure",
        "acquisition_protocol",
        "standard_acquisition_name",
        "view",
    ),
)
