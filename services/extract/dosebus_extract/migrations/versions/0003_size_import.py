"""Imports of patient sizes as jobs."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SIZE_IMPORT = """
CREATE TABLE dose.size_import (
    import_id uuid NOT NULL, state text NOT NULL, options jsonb NOT NULL, file_key text, log_key text,
    requested_by text NOT NULL, requested_at timestamptz NOT NULL, started_at timestamptz,
    finished_at timestamptz, attempts integer DEFAULT 0 NOT NULL,
    cancel_requested boolean DEFAULT false NOT NULL, rows_total bigint, rows_done bigint DEFAULT 0 NOT NULL,
    line_done bigint DEFAULT 0 NOT NULL, counts jsonb DEFAULT '{}' NOT NULL, reason text, traceparent text,
    PRIMARY KEY (import_id),
    CONSTRAINT size_import_state_known CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled'))
);
CREATE INDEX size_import_requested_at ON dose.size_import (requested_at DESC);
CREATE TABLE dose.size_import_line (
    import_id uuid NOT NULL, line bigint NOT NULL, study_instance_uid text NOT NULL, outcome text NOT NULL,
    reason text NOT NULL, PRIMARY KEY (import_id, line, study_instance_uid),
    FOREIGN KEY (import_id) REFERENCES dose.size_import (import_id) ON DELETE CASCADE
);
CREATE TABLE dose.blob_to_delete (
    blob_key text NOT NULL, asked_at timestamptz NOT NULL, PRIMARY KEY (blob_key)
);
"""


def upgrade() -> None:
    """Make the tables of size imports, and the list of blobs that are given up."""
    op.execute(SIZE_IMPORT)
