"""Radiography: DX, CR and panoramic."""

from __future__ import annotations

from dosebus.catalogue.filter import between
from dosebus.catalogue.listing import Listing, exists_in
from dosebus.catalogue.projection_fields import BY_KEY, PROTOCOL, chosen
from dosebus.catalogue.standard_names import acquisition_names, study_names
from dosebus.catalogue.study_fields import (
    COMMON_FILTERS,
    EVENTS,
    EXPORTED,
    LISTED,
    MODALITY,
    TOTAL_DAP,
    protocol_exactly,
    protocol_of,
)
from dosebus.store.tables import dose

NAMES, ACQUISITION_NAMES = study_names("DX"), acquisition_names("DX")
EXPORT_ORDER = (
    "acquisition_protocol", "anatomical_structure", "view", "exposure_control_mode", "kvp_mean", "exposure_mas",
    "tube_current_ma_mean", "exposure_time_ms", "filter_materials", "filter_thicknesses_mm", "exposure_index",
    "target_exposure_index", "deviation_index", "relative_xray_exposure", "relative_xray_exposure_unit", "dap_gym2",
    "entrance_exposure_at_rp_mgy", "distance_source_detector_mm", "distance_source_entrance_surface_mm",
    "distance_source_isocenter_mm", "table_height_position_mm", "comment",
)  # fmt: skip

DX = Listing(
    name="dx",
    title="Radiography",
    modality_types=("DX", "CR", "PX"),
    predicate=dose.RADIOGRAPHY,
    event_table=dose.projection_event,
    event_joins=ACQUISITION_NAMES.joins,
    study_joins=NAMES.joins,
    event_order=(dose.projection_event.c.report_index, dose.projection_event.c.event_index),
    columns=(*LISTED, MODALITY, EVENTS, TOTAL_DAP, NAMES.field),
    filters=(
        *COMMON_FILTERS,
        protocol_of("dx", "Acquisition protocol", PROTOCOL),
        protocol_exactly("dx", PROTOCOL),
        *NAMES.filters,
        *ACQUISITION_NAMES.filters,
        *between("dap", TOTAL_DAP),
        *between("kvp", BY_KEY["kvp_mean"], within=exists_in(dose.projection_event, "dx")),
        *between("mas", BY_KEY["exposure_mas"], within=exists_in(dose.projection_event, "dx")),
        *between("acquisition_dap", BY_KEY["dap_gym2"], within=exists_in(dose.projection_event, "dx")),
    ),
    study_fields=(*EXPORTED, NAMES.field, TOTAL_DAP),
    event_fields=(*chosen(*EXPORT_ORDER), ACQUISITION_NAMES.field),
    event_columns=(*EXPORT_ORDER, ACQUISITION_NAMES.field.key),
    groupings=(
        "display_name",
        "study_description",
        "standard_study_name",
        "requested_procedure",
        "acquisition_protocol",
        "standard_acquisition_name",
    ),
)
