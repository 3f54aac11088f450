"""The published `export` schema: export writes it, web reads it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID

SCHEMA = "export"
metadata = sa.MetaData(schema=SCHEMA)
Instant = sa.DateTime(timezone=True)

JOB_STATES = ("queued", "running", "completed", "failed", "cancelled")

job = sa.Table(
    "job",
    metadata,
    sa.Column("export_id", UUID(as_uuid=True), primary_key=True),
    sa.Column("listing", sa.Text, nullable=False),
    sa.Column("query", sa.Text, nullable=False),
    sa.Column("file_format", sa.Text, nullable=False),
    sa.Column("include_patient", sa.Boolean, nullable=False),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("requested_at", Instant, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("cancel_requested", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("deletion_requested", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("rows_total", sa.BigInteger),
    sa.Column("rows_done", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("started_at", Instant),
    sa.Column("finished_at", Instant),
    sa.Column("blob_key", sa.Text),
    sa.Column("size_bytes", sa.BigInteger),
    sa.Column("file_name", sa.Text),
    sa.Column("media_type", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("traceparent", sa.Text),
    sa.CheckConstraint(
        "state IN (" + ", ".join(repr(state) for state in JOB_STATES) + ")", name="job_state_known"
    ),
    sa.Index("job_requested_at", sa.text("requested_at DESC")),
    sa.Index("job_waiting", "requested_at", postgresql_where=sa.text("state IN ('queued', 'running')")),
)
"""An export: what was asked for and by whom, how far it is, and where the file lies."""
