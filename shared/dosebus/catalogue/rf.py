"""Fluoroscopy and angiography."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.sql.selectable import LateralFromClause

from dosebus.catalogue.field import DAP, Display, Field, quantity
from dosebus.catalogue.filter import between, contains, named
from dosebus.catalogue.listing import Join, Listing
from dosebus.catalogue.projection_fields import PROTOCOL, chosen, plane_totals
from dosebus.catalogue.standard_names import acquisition_names, study_names
from dosebus.catalogue.study_fields import (
    COMMON_FILTERS,
    EVENTS,
    EXPORTED,
    LISTED,
    PHYSICIAN,
    TOTAL_DAP,
    S,
    protocol_exactly,
    protocol_of,
)
from dosebus.store.tables import dose

DOSE_RP = quantity("dose_rp_total_gy", "Dose at RP", S.dose_rp_total_gy, "Gy", 4, concept="DCM:113725")
FLUORO_TIME = quantity(
    "total_fluoro_time_s", "Fluoroscopy time", S.total_fluoro_time_s, "s", 0, concept="DCM:113730"
)
NAMES, ACQUISITION_NAMES = study_names("RF"), acquisition_names("RF")
ACCUMULATED = (
    ("dap_total_gym2", "DAP", "Gy·m²", DAP, "DCM:113722"),
    ("dose_rp_total_gy", "dose at RP", "Gy", Display("Gy", 1.0, 4), "DCM:113725"),
    ("fluoro_dap_total_gym2", "fluoroscopy DAP", "Gy·m²", DAP, "DCM:113726"),
    ("fluoro_dose_rp_total_gy", "fluoroscopy dose at RP", "Gy", Display("Gy", 1.0, 4), "DCM:113728"),
    ("total_fluoro_time_s", "fluoroscopy time", "s", Display("s", 1.0, 1), "DCM:113730"),
    ("acquisition_dap_total_gym2", "acquisition DAP", "Gy·m²", DAP, "DCM:113727"),
    ("acquisition_dose_rp_total_gy", "acquisition dose at RP", "Gy", Display("Gy", 1.0, 4), "DCM:113729"),
    ("total_acquisition_time_s", "acquisition time", "s", Display("s", 1.0, 1), "DCM:113855"),
)


PLANE_A, PLANE_B = (
    plane_totals(name, codes, [row[0] for row in ACCUMULATED])
    for name, codes in (("plane_a", ("113620", "113622", "113890")), ("plane_b", ("113621",)))
)


def _fields_of(plane: LateralFromClause, title: str) -> tuple[Field, ...]:
    return tuple(
        quantity(
            f"{plane.name}_{column}",
            f"{title} {label}",
            plane.c[column],
            unit,
            display=display,
            concept=concept,
        )
        for column, label, unit, display, concept in ACCUMULATED
    )


RF = Listing(
    name="rf",
    title="Fluoroscopy",
    modality_types=("RF",),
    predicate=dose.RF,
    event_table=dose.projection_event,
    event_joins=ACQUISITION_NAMES.joins,
    study_joins=(*NAMES.joins, Join(PLANE_A, sa.true()), Join(PLANE_B, sa.true())),
    event_order=(dose.projection_event.c.report_index, dose.projection_event.c.event_index),
    columns=(*LISTED, PHYSICIAN, EVENTS, FLUORO_TIME, TOTAL_DAP, DOSE_RP, NAMES.field),
    filters=(
        *COMMON_FILTERS,
        protocol_of("rf", "Acquisition protocol", PROTOCOL),
        protocol_exactly("rf", PROTOCOL),
        *NAMES.filters,
        *ACQUISITION_NAMES.filters,
        contains("physician", PHYSICIAN),
        named("performing_physician", PHYSICIAN),
        *between("dap", TOTAL_DAP),
        *between("dose_rp", DOSE_RP),
    ),
    study_fields=(
        *EXPORTED, NAMES.field, TOTAL_DAP, DOSE_RP, FLUORO_TIME, *_fields_of(PLANE_A, "Plane A"),
        *_fields_of(PLANE_B, "Plane B"),
    ),
    event_fields=(
        *chosen(
            "datetime_started", "event_type", "acquisition_protocol", "acquisition_plane", "pulse_rate_per_s",
            "image_intensifier_field_size_mm", "filter_materials", "filter_thicknesses_mm", "kvp_mean",
            "tube_current_ma_mean", "pulse_width_ms_mean", "exposure_time_ms", "number_of_pulses",
            "positioner_primary_angle_deg", "positioner_secondary_angle_deg", "dap_gym2", "dose_rp_gy",
        ),
        ACQUISITION_NAMES.field,
    ),
    event_columns=(
        "datetime_started", "event_type", "acquisition_protocol", "standard_acquisition_name", "acquisition_plane",
        "pulse_rate_per_s",
        "image_intensifier_field_size_mm", "filter_materials", "filter_thicknesses_mm", "kvp_mean",
        "tube_current_ma_mean", "pulse_width_ms_mean", "exposure_time_ms", "number_of_pulses",
        "positioner_primary_angle_deg", "positioner_secondary_angle_deg", "distance_source_detector_mm",
        "distance_source_isocenter_mm", "table_height_position_mm", "patient_orientation", "dap_gym2", "dose_rp_gy",
    ),
    groupings=(
        "display_name", "study_description", "standard_study_name",
        "requested_procedure", "performing_physician",
    ),
)  # fmt: skip
