"""What charts read, beside each other: indexes that hold it, and the mean kVp and the mAs of an event as columns."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MEANS = """
CREATE FUNCTION dose.mean_of(numbers double precision[]) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT avg(n) FROM unnest(numbers) AS n';
CREATE FUNCTION dose.sum_of(numbers double precision[]) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT sum(n) FROM unnest(numbers) AS n';
CREATE AGGREGATE dose.all_of(double precision[]) (SFUNC = array_cat, STYPE = double precision[], PARALLEL = SAFE);
ALTER TABLE dose.projection_event
    ADD COLUMN kvp_mean double precision GENERATED ALWAYS AS (dose.mean_of(kvp)) STORED,
    ADD COLUMN exposure_mas double precision GENERATED ALWAYS AS (dose.sum_of(exposure_uas) / 1000.0) STORED;
CREATE INDEX projection_event_chart ON dose.projection_event (study_id) INCLUDE (acquisition_protocol, view_meaning,
    dap_gym2, kvp_mean, exposure_mas, agd_mgy, compressed_thickness_mm);
CREATE INDEX ct_event_chart ON dose.ct_event (study_id)
    INCLUDE (acquisition_protocol, event_type_code, dlp_mgycm, ctdivol_mgy);
"""

SHARED = """study_at, device_id, not_patient_indicator, study_description, requested_procedure,
    procedure_code_meaning, patient_weight_kg, patient_age_years, number_of_events"""
LISTED = {
    "ct": ("modality_types @> '{CT}'::text[]", ", total_dlp_mgycm"),
    "rf": (
        "modality_types @> '{RF}'::text[]",
        ", total_dap_gym2, dose_rp_total_gy, total_fluoro_time_s, performing_physician",
    ),
    "mg": ("modality_types @> '{MG}'::text[]", ""),
    "dx": ("modality_types && '{DX,CR,PX}'::text[]", ", total_dap_gym2"),
    "nm": ("modality_types @> '{NM}'::text[]", ", administered_activity_mbq"),
}


def upgrade() -> None:
    """Add the columns and indexes; the index of a list's order also holds what its charts read."""
    op.execute(MEANS)
    for name, (predicate, own) in LISTED.items():
        op.execute(f"DROP INDEX dose.study_listed_{name}")
        op.execute(
            f"CREATE INDEX study_listed_{name} ON dose.study ((coalesce(study_at, '-infinity'::timestamp)), id)"
            f" INCLUDE ({SHARED}{own}) WHERE {predicate}"
        )
