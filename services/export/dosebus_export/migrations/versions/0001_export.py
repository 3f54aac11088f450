"""The export schema: jobs."""

from __future__ import annotations

from alembic import op

from dosebus.store.mailbox import create_mailbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE export.job (
    export_id uuid NOT NULL, listing text NOT NULL, query text NOT NULL, file_format text NOT NULL,
    include_patient boolean NOT NULL, requested_by text NOT NULL, requested_at timestamptz NOT NULL,
    state text NOT NULL, cancel_requested boolean DEFAULT false NOT NULL, deletion_requested boolean
    DEFAULT false NOT NULL, attempts integer DEFAULT '0' NOT NULL, rows_total bigint, rows_done bigint
    DEFAULT '0' NOT NULL, started_at timestamptz, finished_at timestamptz, blob_key text, size_bytes
    bigint, file_name text, media_type text, reason text, traceparent text, PRIMARY KEY (export_id),
    CONSTRAINT job_state_known CHECK (state IN ('queued', 'running', 'completed', 'failed',
    'cancelled'))
);
CREATE INDEX job_requested_at ON export.job (requested_at DESC);
CREATE INDEX job_waiting ON export.job (requested_at) WHERE state IN ('queued', 'running')
"""


def upgrade() -> None:
    """Make the tables and the mailbox."""
    for statement in TABLES.split(";\n"):
        op.execute(statement)
    create_mailbox(op, "export")
