"""The published table of ingest: every object that came, through whichever door."""

from __future__ import annotations

import sqlalchemy as sa

SCHEMA = "ingest"
metadata = sa.MetaData(schema=SCHEMA)

object_ = sa.Table(
    "object",
    metadata,
    sa.Column("object_id", sa.Uuid, primary_key=True),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("duplicate_of", sa.Uuid),
    sa.Column("sop_class_uid", sa.Text, nullable=False),
    sa.Column("sop_instance_uid", sa.Text, nullable=False),
    sa.Column("study_instance_uid", sa.Text),
    sa.Column("transfer_syntax_uid", sa.Text, nullable=False),
    sa.Column("modality", sa.Text),
    sa.Column("blob_key", sa.Text),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("door", sa.Text, nullable=False),
    sa.Column("calling_ae_title", sa.Text),
    sa.Column("called_ae_title", sa.Text),
    sa.Column("peer_address", sa.Text),
    sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("status IN ('stored', 'duplicate', 'unwanted')", name="object_status_known"),
    sa.CheckConstraint(
        "(status = 'duplicate') = (duplicate_of IS NOT NULL)", name="object_duplicate_of_first"
    ),
    sa.CheckConstraint("(status = 'unwanted') = (blob_key IS NULL)", name="object_blob_unless_unwanted"),
)
"""`stored`: kept and its event sent. `duplicate`: the same SOP instance with the same bytes was there before
(`duplicate_of`); nothing was sent. `unwanted`: an arrival rule (`reason`) did not want it; nothing was kept.
UIDs are what the sender declared, an empty string where nothing could be made out."""

sa.Index(
    "object_stored_once",
    object_.c.sop_instance_uid,
    object_.c.blob_key,
    unique=True,
    postgresql_where=sa.text("status = 'stored'"),
)
sa.Index("object_received_at", object_.c.received_at, object_.c.object_id)
sa.Index("object_study", object_.c.study_instance_uid)
