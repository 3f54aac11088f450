"""What people choose to see: columns, charts, home."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of options."""
    op.execute("""
CREATE TABLE web.option (
    account_id bigint NOT NULL, key text NOT NULL, value jsonb NOT NULL, PRIMARY KEY (account_id, key),
    FOREIGN KEY (account_id) REFERENCES web.account (id) ON DELETE CASCADE
)
""")
