"""The ingest schema: every object that came."""

from __future__ import annotations

from alembic import op

from dosebus.store.mailbox import create_mailbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

OBJECT = """
CREATE TABLE ingest.object (
    object_id uuid NOT NULL, status text NOT NULL, reason text, duplicate_of uuid,
    sop_class_uid text NOT NULL, sop_instance_uid text NOT NULL, study_instance_uid text,
    transfer_syntax_uid text NOT NULL, modality text, blob_key text, size_bytes bigint NOT NULL,
    door text NOT NULL, calling_ae_title text, called_ae_title text, peer_address text,
    received_at timestamptz NOT NULL, PRIMARY KEY (object_id),
    CONSTRAINT object_status_known CHECK (status IN ('stored', 'duplicate', 'unwanted')),
    CONSTRAINT object_duplicate_of_first CHECK ((status = 'duplicate') = (duplicate_of IS NOT NULL)),
    CONSTRAINT object_blob_unless_unwanted CHECK ((status = 'unwanted') = (blob_key IS NULL))
)
"""

INDEXES = (
    "CREATE UNIQUE INDEX object_stored_once ON ingest.object (sop_instance_uid, blob_key)"
    " WHERE status = 'stored'",
    "CREATE INDEX object_received_at ON ingest.object (received_at, object_id)",
    "CREATE INDEX object_study ON ingest.object (study_instance_uid)",
)


def upgrade() -> None:
    """Make the table and the mailbox."""
    op.execute(OBJECT)
    for statement in INDEXES:
        op.execute(statement)
    create_mailbox(op, "ingest")


def downgrade() -> None:
    """Drop every table that `upgrade` made."""
    for table in ("object", "inbox", "outbox"):
        op.execute(f"DROP TABLE ingest.{table}")
