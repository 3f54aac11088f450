"""Durable rows for the local bus.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Queues, what they subscribe to, their messages, and the dead letters."""
    op.create_table(
        "queue",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("service", sa.Text, nullable=False),
        schema="bus",
    )
    op.create_table(
        "subscription",
        sa.Column("topic", sa.Text, primary_key=True),
        sa.Column("queue", sa.Text, sa.ForeignKey("bus.queue.name", ondelete="CASCADE"), primary_key=True),
        schema="bus",
    )
    op.create_table(
        "message",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False, server_default="1"),
        sa.Column("available_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        schema="bus",
    )
    op.create_index("message_claim", "message", ["queue", "available_at", "id"], schema="bus")
    op.create_table(
        "dead",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("reason_code", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        schema="bus",
    )
    op.create_index("dead_message", "dead", ["service", "message_id"], schema="bus")
