"""The part of the `dose` schema that imports of patient sizes and deletions work with."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, UUID

from dosebus.store.tables import dose
from dosebus.store.tables.dose import Instant, metadata

SIZE_IMPORT_STATES = ("queued", "running", "done", "failed", "cancelled")

patient_size = sa.Table(
    "patient_size",
    metadata,
    sa.Column(
        "study_instance_uid",
        sa.ForeignKey(dose.study.c.study_instance_uid, ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("quantity", sa.Text, primary_key=True),
    sa.Column("value", sa.Double, nullable=False),
    sa.Column("wins", sa.Boolean, nullable=False),
    sa.Column("imported_at", Instant, nullable=False),
    sa.Column("imported_by", sa.Text, nullable=False),
    sa.CheckConstraint(
        "quantity IN ('patient_height_m', 'patient_weight_kg')", name="patient_size_quantity_known"
    ),
    sa.CheckConstraint("value > 0", name="patient_size_positive"),
)
"""Sizes that a table told and not an object, in the unit of the quantity's name. One that wins counts over what the
objects of its study say, another only where they say nothing."""

size_import = sa.Table(
    "size_import",
    metadata,
    sa.Column("import_id", UUID(as_uuid=True), primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("options", JSONB, nullable=False),
    sa.Column("file_key", sa.Text),
    sa.Column("log_key", sa.Text),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("requested_at", Instant, nullable=False),
    sa.Column("started_at", Instant),
    sa.Column("finished_at", Instant),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("cancel_requested", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("rows_total", sa.BigInteger),
    sa.Column("rows_done", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("line_done", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("counts", JSONB, nullable=False, server_default="{}"),
    sa.Column("reason", sa.Text),
    sa.Column("traceparent", sa.Text),
    sa.CheckConstraint(
        "state IN (" + ", ".join(repr(state) for state in SIZE_IMPORT_STATES) + ")",
        name="size_import_state_known",
    ),
    sa.Index("size_import_requested_at", sa.text("requested_at DESC")),
)
"""An import of patient sizes: what was asked for, how far it is, what became of its lines (`counts`, by outcome), and
where its file lies until it ends and its log afterwards. `line_done` is the last line after which it goes on."""

size_import_line = sa.Table(
    "size_import_line",
    metadata,
    sa.Column("import_id", sa.ForeignKey(size_import.c.import_id, ondelete="CASCADE"), primary_key=True),
    sa.Column("line", sa.BigInteger, primary_key=True),
    sa.Column("study_instance_uid", sa.Text, primary_key=True),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)
"""What became of a line while its import runs, committed with the size itself; the log is made of these in the end.
`study_instance_uid` is empty where the line named no study."""

blob_to_delete = sa.Table(
    "blob_to_delete",
    metadata,
    sa.Column("blob_key", sa.Text, primary_key=True),
    sa.Column("asked_at", Instant, nullable=False),
)
"""Blobs that a committed transaction gave up; one goes as soon as no object refers to it."""
