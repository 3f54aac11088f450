"""Computed tomography."""

from __future__ import annotations

import sqlalchemy as sa

from dosebus.catalogue.field import Field, Grain, Kind, count, quantity, text
from dosebus.catalogue.filter import between, counted
from dosebus.catalogue.listing import Join, Listing, exists_in
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

E = dose.ct_event.c
NAMES, ACQUISITION_NAMES = study_names("CT"), acquisition_names("CT")
FIRST = dose.ct_source.alias("first_source")
SECOND = dose.ct_source.alias("second_source")

TOTAL_DLP = quantity("total_dlp_mgycm", "Total DLP", S.total_dlp_mgycm, "mGy·cm", 1, concept="DCM:113813")
SPIRAL = count("number_of_ct_spiral_events", "Spiral", S.number_of_ct_spiral_events, concept="SCT:116152004")
AXIAL = count("number_of_ct_sequenced_events", "Axial", S.number_of_ct_sequenced_events, concept="DCM:113804")
STATIONARY = count(
    "number_of_ct_stationary_events", "Stationary", S.number_of_ct_stationary_events, concept="DCM:113806"
)
LOCALISER = count(
    "number_of_ct_constant_angle_events",
    "Localiser",
    S.number_of_ct_constant_angle_events,
    concept="DCM:113805",
)
CTDIVOL = quantity("ctdivol_mgy", "CTDIvol", E.ctdivol_mgy, "mGy", 2, grain=EVENT, concept="DCM:113830")
DLP = quantity("dlp_mgycm", "DLP", E.dlp_mgycm, "mGy·cm", 1, grain=EVENT, concept="DCM:113838")
PROTOCOL = text("acquisition_protocol", "Protocol", E.acquisition_protocol, grain=EVENT, concept="DCM:125203")


def _at(source: sa.FromClause, index: int) -> sa.ColumnElement[bool]:
    return sa.and_(
        source.c.study_id == E.study_id,
        source.c.report_index == E.report_index,
        source.c.event_index == E.event_index,
        source.c.source_index == index,
    )


def _source(table: sa.FromClause, place: str, title: str) -> tuple[Field, ...]:
    c = table.c
    return (
        text(f"{place}_source_id", f"{title} name", c.source_id, grain=EVENT, concept="DCM:113832"),
        quantity(f"{place}_kvp", f"{title} kVp", c.kvp, "kV", 0, grain=EVENT, concept="DCM:113733"),
        quantity(f"{place}_max_ma", f"{title} max mA", c.max_ma, "mA", 0, grain=EVENT, concept="DCM:113833"),
        quantity(f"{place}_ma", f"{title} mA", c.ma, "mA", 0, grain=EVENT, concept="DCM:113734"),
        quantity(
            f"{place}_exposure_time_per_rotation_s", f"{title} exposure time per rotation",
            c.exposure_time_per_rotation_s, "s", 3, grain=EVENT, concept="DCM:113843",
        ),
    )  # fmt: skip


EVENT_FIELDS = (
    PROTOCOL,
    ACQUISITION_NAMES.field,
    text("event_type", "Type", E.event_type_meaning, grain=EVENT, concept="DCM:113820"),
    text("event_type_code", "Type code", E.event_type_code, grain=EVENT),
    quantity("exposure_time_s", "Exposure time", E.exposure_time_s, "s", 2, grain=EVENT, concept="DCM:113824"),
    quantity("scanning_length_mm", "Scanning length", E.scanning_length_mm, "mm", 1, grain=EVENT,
             concept="DCM:113825"),
    quantity("nominal_single_collimation_mm", "Slice thickness", E.nominal_single_collimation_mm, "mm", 2,
             grain=EVENT, concept="DCM:113826"),
    quantity("nominal_total_collimation_mm", "Total collimation", E.nominal_total_collimation_mm, "mm", 2,
             grain=EVENT, concept="DCM:113827"),
    quantity("pitch", "Pitch", E.pitch, None, 3, grain=EVENT, concept="DCM:113828"),
    count("number_of_xray_sources", "Sources", E.number_of_xray_sources, grain=EVENT, concept="DCM:113823"),
    CTDIVOL,
    text("ctdiw_phantom_type", "Phantom", E.ctdiw_phantom_type_meaning, grain=EVENT, concept="DCM:113835"),
    DLP,
    *_source(FIRST, "s1", "Source 1"),
    *_source(SECOND, "s2", "Source 2"),
    text("xray_modulation_type", "mA modulation", E.xray_modulation_type, grain=EVENT, concept="DCM:113842"),
    Field("dose_check", "Dose check", E.dose_check, Kind.NESTED, Grain.EVENT, concept="DCM:113900"),
    text("comment", "Comment", E.comment, grain=EVENT, concept="DCM:121106"),
    Field("datetime_started", "Started", E.datetime_started, Kind.INSTANT, Grain.EVENT, concept="DCM:111526"),
    text("target_region", "Target region", E.target_region_meaning, grain=EVENT, concept="DCM:123014"),
    quantity("exposed_range_mm", "Exposed range", E.exposed_range_mm, "mm", 1, grain=EVENT,
             concept="DCM:113899"),
    quantity("top_z_of_reconstructable_volume_mm", "Top of volume", E.top_z_of_reconstructable_volume_mm,
             "mm", 1, grain=EVENT, concept="DCM:113895"),
    quantity("bottom_z_of_reconstructable_volume_mm", "Bottom of volume",
             E.bottom_z_of_reconstructable_volume_mm, "mm", 1, grain=EVENT, concept="DCM:113896"),
    quantity("effective_dose_msv", "Effective dose", E.effective_dose_msv, "mSv", 2, grain=EVENT,
             concept="DCM:113839"),
    quantity("ssde_mgy", "SSDE", E.ssde_mgy, "mGy", 2, grain=EVENT, concept="DCM:113930"),
    quantity("water_equivalent_diameter_mm", "Water equivalent diameter", E.water_equivalent_diameter_mm,
             "mm", 0, grain=EVENT, concept="DCM:113980"),
    text("irradiation_event_uid", "Irradiation Event UID", E.irradiation_event_uid, grain=EVENT,
         concept="DCM:113769"),
)  # fmt: skip

CT = Listing(
    name="ct",
    title="CT",
    modality_types=("CT",),
    predicate=dose.CT,
    event_table=dose.ct_event,
    event_order=(E.report_index, E.event_index),
    study_joins=NAMES.joins,
    event_joins=(*ACQUISITION_NAMES.joins, Join(FIRST, _at(FIRST, 0)), Join(SECOND, _at(SECOND, 1))),
    columns=(*LISTED, EVENTS, SPIRAL, AXIAL, LOCALISER, TOTAL_DLP, NAMES.field),
    filters=(
        *COMMON_FILTERS,
        protocol_of("ct", "Acquisition protocol", PROTOCOL),
        protocol_exactly("ct", PROTOCOL),
        *NAMES.filters,
        *ACQUISITION_NAMES.filters,
        *between("dlp", TOTAL_DLP),
        *between("acquisition_dlp", DLP, within=exists_in(dose.ct_event, "ct")),
        *between("ctdivol", CTDIVOL, within=exists_in(dose.ct_event, "ct")),
        counted("spiral", SPIRAL),
        counted("axial", AXIAL),
        counted("localiser", LOCALISER),
        counted("stationary", STATIONARY),
    ),
    study_fields=(*EXPORTED, NAMES.field, TOTAL_DLP, SPIRAL, AXIAL, LOCALISER, STATIONARY),
    event_fields=EVENT_FIELDS,
    event_columns=(
        "acquisition_protocol", "standard_acquisition_name", "event_type", "ctdivol_mgy", "dlp_mgycm",
        "scanning_length_mm", "s1_kvp", "s1_ma",
        "s1_max_ma", "s1_exposure_time_per_rotation_s", "pitch", "exposure_time_s", "nominal_single_collimation_mm",
        "nominal_total_collimation_mm", "xray_modulation_type", "ctdiw_phantom_type", "comment",
    ),
    groupings=(
        "display_name", "study_description", "standard_study_name",
        "requested_procedure", "acquisition_protocol", "standard_acquisition_name",
    ),
)  # fmt: skip
