"""What extract keeps of rules on reading and deletion."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

OBJECT = """
ALTER TABLE dose.object
    ADD COLUMN deleted_at timestamptz,
    ADD COLUMN kept_for_download boolean DEFAULT false NOT NULL;
CREATE INDEX object_kept_for_download ON dose.object (received_at) WHERE kept_for_download;
CREATE INDEX object_blob_key ON dose.object USING hash (blob_key);
"""


def upgrade() -> None:
    """Let objects be deleted after reading, and be kept for download."""
    op.execute(OBJECT)
