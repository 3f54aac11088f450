"""Skin dose maps and their sums."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of maps and sums. The arrays are compressed already, so PostgreSQL need not try."""
    op.execute(
        """
        CREATE TABLE dose.skin_map (
            study_id bigint PRIMARY KEY REFERENCES dose.study (id) ON DELETE CASCADE,
            outcome text NOT NULL, reason_code text, reason text, method text, method_version text,
            peak_skin_dose_gy double precision, peak_low_gy double precision, peak_high_gy double precision,
            peak_bound_gy double precision, peak_row integer, peak_column integer, peak_region text,
            dap_fraction double precision, events_total integer DEFAULT 0 NOT NULL,
            events_used integer DEFAULT 0 NOT NULL, event_that_gave_most integer,
            row_count integer, column_count integer, dose_map bytea, contributions bytea,
            steps jsonb DEFAULT '[]' NOT NULL, geometry jsonb, not_computed jsonb DEFAULT '[]' NOT NULL,
            provenance jsonb DEFAULT '{}' NOT NULL, study_revision integer NOT NULL,
            input_key text NOT NULL, computed_at timestamptz NOT NULL,
            compute_seconds double precision NOT NULL,
            CONSTRAINT skin_map_outcome_known CHECK (outcome IN ('computed', 'partial', 'not_computed')),
            CONSTRAINT skin_map_is_there_or_says_why CHECK (
                (outcome = 'not_computed') = (dose_map IS NULL)
                AND (outcome = 'not_computed') = (reason IS NOT NULL)
            )
        );
        ALTER TABLE dose.skin_map ALTER dose_map SET STORAGE EXTERNAL;
        ALTER TABLE dose.skin_map ALTER contributions SET STORAGE EXTERNAL;
        CREATE TABLE dose.skin_sum (
            study_id bigint NOT NULL REFERENCES dose.study (id) ON DELETE CASCADE,
            weeks integer NOT NULL, peak_skin_dose_gy double precision, peak_bound_gy double precision,
            peak_low_gy double precision, peak_high_gy double precision, peak_row integer,
            peak_column integer, peak_region text, member_ids bigint[] NOT NULL,
            unmapped_ids bigint[] NOT NULL, row_count integer, column_count integer, dose_map bytea,
            geometry jsonb, provenance jsonb DEFAULT '{}' NOT NULL, input_key text NOT NULL,
            computed_at timestamptz NOT NULL, PRIMARY KEY (study_id, weeks),
            CONSTRAINT skin_sum_weeks_positive CHECK (weeks > 0)
        );
        ALTER TABLE dose.skin_sum ALTER dose_map SET STORAGE EXTERNAL;
        CREATE INDEX skin_sum_members ON dose.skin_sum USING gin (member_ids);
        """
    )


def downgrade() -> None:
    """Drop maps and sums; they can be computed again."""
    op.execute("DROP TABLE dose.skin_sum; DROP TABLE dose.skin_map")
