"""Re-derivation as a job with results in shadow, and changes of how people are kept."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

REDERIVATION = """
CREATE TABLE dose.rederivation (
    id uuid PRIMARY KEY, selection jsonb NOT NULL, state text NOT NULL,
    requested_by text NOT NULL, requested_at timestamptz NOT NULL, started_at timestamptz,
    ready_at timestamptz, applied_by text, apply_requested_at timestamptz, finished_at timestamptz,
    discarded_at timestamptz, cancel_requested boolean DEFAULT false NOT NULL,
    extractor_version text, people_key text, attempts integer DEFAULT 0 NOT NULL,
    studies_total bigint, studies_done bigint DEFAULT 0 NOT NULL,
    studies_differing bigint DEFAULT 0 NOT NULL, studies_failed bigint DEFAULT 0 NOT NULL,
    objects_gone bigint DEFAULT 0 NOT NULL, studies_swapped bigint DEFAULT 0 NOT NULL,
    studies_derived_again bigint DEFAULT 0 NOT NULL, reason text,
    CONSTRAINT rederivation_state_known CHECK (
        state IN ('queued', 'running', 'ready', 'applying', 'done', 'failed', 'cancelled')
    )
);
CREATE INDEX rederivation_requested_at ON dose.rederivation (requested_at DESC);
CREATE TABLE dose.rederivation_study (
    rederivation_id uuid NOT NULL REFERENCES dose.rederivation (id) ON DELETE CASCADE,
    study_id bigint NOT NULL, device_id bigint, state text NOT NULL, base_revision integer,
    differing_places integer DEFAULT 0 NOT NULL, differences jsonb, record bytea, contributions bytea,
    objects_gone text[], reason_code text, reason text,
    PRIMARY KEY (rederivation_id, study_id),
    CONSTRAINT rederivation_study_state_known CHECK (
        state IN ('waiting', 'same', 'differs', 'failed', 'swapped')
    )
);
CREATE INDEX rederivation_study_state ON dose.rederivation_study (rederivation_id, state, study_id);
CREATE INDEX rederivation_study_shadow ON dose.rederivation_study (study_id) WHERE contributions IS NOT NULL;
ALTER TABLE dose.rederivation_study ALTER record SET STORAGE EXTERNAL;
ALTER TABLE dose.rederivation_study ALTER contributions SET STORAGE EXTERNAL;
CREATE TABLE dose.rederivation_difference (
    rederivation_id uuid NOT NULL REFERENCES dose.rederivation (id) ON DELETE CASCADE,
    field text NOT NULL, device_id bigint NOT NULL, studies bigint NOT NULL, places bigint NOT NULL,
    largest_relative double precision, examples bigint[] NOT NULL,
    PRIMARY KEY (rederivation_id, field, device_id)
);
"""

PEOPLE = """
CREATE TABLE dose.people_change (
    id uuid PRIMARY KEY, choices jsonb NOT NULL, state text NOT NULL,
    requested_by text NOT NULL, requested_at timestamptz NOT NULL, fence text NOT NULL,
    started_at timestamptz, finished_at timestamptz, cancel_requested boolean DEFAULT false NOT NULL,
    attempts integer DEFAULT 0 NOT NULL, studies_total bigint, studies_done bigint DEFAULT 0 NOT NULL,
    studies_changed bigint DEFAULT 0 NOT NULL, studies_failed bigint DEFAULT 0 NOT NULL, reason text,
    CONSTRAINT people_change_state_known CHECK (
        state IN ('queued', 'running', 'done', 'failed', 'cancelled')
    )
);
CREATE INDEX people_change_requested_at ON dose.people_change (requested_at DESC);
CREATE TABLE dose.people_change_study (
    people_change_id uuid NOT NULL REFERENCES dose.people_change (id) ON DELETE CASCADE,
    study_id bigint NOT NULL, patient_rank bigint NOT NULL, state text NOT NULL, reason_code text,
    PRIMARY KEY (people_change_id, study_id),
    CONSTRAINT people_change_study_state_known CHECK (state IN ('waiting', 'done', 'failed'))
);
CREATE INDEX people_change_study_order
    ON dose.people_change_study (people_change_id, state, patient_rank, study_id);
CREATE TABLE dose.people_default (
    id integer PRIMARY KEY, policy jsonb NOT NULL, has_pseudonym_key boolean NOT NULL,
    noted_at timestamptz NOT NULL,
    CONSTRAINT people_default_is_one CHECK (id = 1)
);
"""


def upgrade() -> None:
    """Make the tables of both kinds of job."""
    op.execute(REDERIVATION)
    op.execute(PEOPLE)


def downgrade() -> None:
    """Drop them; records are not touched."""
    op.execute(
        "DROP TABLE dose.people_default, dose.people_change_study, dose.people_change, "
        "dose.rederivation_difference, dose.rederivation_study, dose.rederivation"
    )
