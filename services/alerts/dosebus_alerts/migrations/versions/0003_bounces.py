"""Messages that came back, the mailbox in which they are looked for, and alerts that are opened again."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MAIL = """
ALTER TABLE alerts.mail ADD COLUMN bounced_at timestamptz, ADD COLUMN bounce_status text,
    DROP CONSTRAINT mail_state_known,
    ADD CONSTRAINT mail_state_known CHECK (state IN (
        'gathered', 'queued', 'sending', 'handing_over', 'sent', 'bounced', 'failed', 'in_doubt', 'cancelled'));
CREATE INDEX mail_address_sent ON alerts.mail (address, sent_at) WHERE sent_at IS NOT NULL;
CREATE TABLE alerts.bounce_mailbox (
    mailbox text NOT NULL, uid_validity bigint DEFAULT 0 NOT NULL, last_uid bigint DEFAULT 0 NOT NULL,
    read_at timestamptz, failing_since timestamptz, failure text, PRIMARY KEY (mailbox)
);
"""

ALERT = """
ALTER TABLE alerts.alert ADD COLUMN reopened_at timestamptz, ADD COLUMN reopened_by text,
    ADD COLUMN reopening text;
"""


def upgrade() -> None:
    """Add to the tables, and make the new one."""
    for statements in (MAIL, ALERT):
        op.execute(statements)
