"""Values of which only an upper bound is known."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TELLING = ("alert", "recalculation_change", "trial_alert")
"""Tables that tell a value."""


def upgrade() -> None:
    """Let alerts say that their value is a bound, and sums how far they may reach."""
    for table in TELLING:
        op.execute(f"ALTER TABLE alerts.{table} ADD COLUMN at_most boolean DEFAULT false NOT NULL")
    op.execute("ALTER TABLE alerts.study_sum ADD COLUMN bound double precision")


def downgrade() -> None:
    """Forget the bounds; an alert that only a bound raised would look certain, so it goes."""
    op.execute("DELETE FROM alerts.alert WHERE at_most")
    for table in TELLING:
        op.execute(f"ALTER TABLE alerts.{table} DROP COLUMN at_most")
    op.execute("ALTER TABLE alerts.study_sum DROP COLUMN bound")
