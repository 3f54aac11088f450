"""The published tables of qr: how the nodes are, and every query and retrieval with all its answers."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

SCHEMA = "qr"
metadata = sa.MetaData(schema=SCHEMA)
Instant = sa.DateTime(timezone=True)

node_status = sa.Table(
    "node_status",
    metadata,
    sa.Column("node_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("round_trip_ms", sa.Double),
    sa.Column("checked_at", Instant, nullable=False),
    sa.Column("answered_at", Instant),
    sa.CheckConstraint("state IN ('answering', 'refusing', 'unreachable')", name="node_status_state_known"),
)
"""The newest C-ECHO of a node. `answered_at` is the last time it answered at all."""

job = sa.Table(
    "job",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("node_id", sa.BigInteger, nullable=False),
    sa.Column("query_id", sa.Uuid),
    sa.Column("modalities", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("date_from", sa.Date),
    sa.Column("date_to", sa.Date),
    sa.Column("study_instance_uids", ARRAY(sa.Text)),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("requested_at", Instant, nullable=False, server_default=sa.func.now()),
    sa.Column("state", sa.Text, nullable=False, server_default="waiting"),
    sa.Column("cancel_requested", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("reason", sa.Text),
    sa.Column("done", sa.Integer, nullable=False, server_default="0"),
    sa.Column("failed", sa.Integer, nullable=False, server_default="0"),
    sa.Column("total", sa.Integer, nullable=False, server_default="0"),
    sa.Column("started_at", Instant),
    sa.Column("ended_at", Instant),
    sa.CheckConstraint("kind IN ('query', 'retrieve')", name="job_kind_known"),
    sa.CheckConstraint("(kind = 'retrieve') = (query_id IS NOT NULL)", name="job_query_of_retrieve"),
    sa.CheckConstraint(
        "state IN ('waiting', 'running', 'finished', 'failed', 'cancelled')", name="job_state_known"
    ),
)
"""A query: `done` counts the studies looked at, of `total` found so far. A retrieval of what the query `query_id`
kept: `done` and `failed` count series of `total`; `study_instance_uids` NULL means all. `reason` says why it
failed."""

study = sa.Table(
    "study",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("query_id", sa.Uuid, sa.ForeignKey(job.c.id, ondelete="CASCADE"), nullable=False),
    sa.Column("study_instance_uid", sa.Text, nullable=False),
    sa.Column("study_date", sa.Date),
    sa.Column("study_time", sa.Time),
    sa.Column("modalities", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("study_description", sa.Text),
    sa.Column("station_name", sa.Text),
    sa.Column("number_of_series", sa.Integer),
    sa.Column("kept", sa.Boolean, nullable=False),
    sa.Column("reason_code", sa.Text, nullable=False),
    sa.UniqueConstraint("query_id", "study_instance_uid", name="study_once_a_query"),
)
"""A study the node told of, and why it is kept or dropped (`dosebus_qr.reasons`)."""

series = sa.Table(
    "series",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("study_id", sa.BigInteger, sa.ForeignKey(study.c.id, ondelete="CASCADE"), nullable=False),
    sa.Column("series_instance_uid", sa.Text, nullable=False),
    sa.Column("modality", sa.Text),
    sa.Column("series_number", sa.Text),
    sa.Column("series_description", sa.Text),
    sa.Column("station_name", sa.Text),
    sa.Column("number_of_instances", sa.Integer),
    sa.Column("kept", sa.Boolean, nullable=False),
    sa.Column("reason_code", sa.Text, nullable=False),
    sa.Column("retrieval", sa.Text),
    sa.Column("retrieved", sa.Integer, nullable=False, server_default="0"),
    sa.Column("retrieved_at", Instant),
    sa.Column("failure", sa.Text),
    sa.UniqueConstraint("study_id", "series_instance_uid", name="series_once_a_study"),
    sa.CheckConstraint("retrieval IN ('done', 'failed')", name="series_retrieval_known"),
)
"""A series of a study that was looked into. `retrieval` is NULL until a C-MOVE of it ended; `retrieved` counts
the objects that the node says it sent."""

instance = sa.Table(
    "instance",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("series_id", sa.BigInteger, sa.ForeignKey(series.c.id, ondelete="CASCADE"), nullable=False),
    sa.Column("sop_instance_uid", sa.Text, nullable=False),
    sa.Column("sop_class_uid", sa.Text),
    sa.Column("kept", sa.Boolean, nullable=False),
    sa.Column("reason_code", sa.Text, nullable=False),
    sa.UniqueConstraint("series_id", "sop_instance_uid", name="instance_once_a_series"),
)
"""An object of a series that may carry dose."""

sa.Index("job_unfinished", job.c.requested_at, postgresql_where=sa.text("state IN ('waiting', 'running')"))
sa.Index("job_requested_at", job.c.requested_at.desc())
sa.Index("job_query", job.c.query_id)

REASONS: dict[str, str] = {
    "has_reports": "has dose reports that we do not have",
    "all_held": "everything in it is here already",
    "no_reports": "has no dose report",
    "other_modality": "is of another modality",
    "outside_dates": "lies outside the dates asked for",
    "unanswered": "the node did not answer what is in it",
    "report": "holds structured reports",
    "modality_unknown": "the node does not tell its modality",
    "not_a_report": "holds no structured reports",
    "empty": "the node says it is empty",
    "no_dose_report": "holds structured reports of other kinds",
    "dose_report": "a dose report",
    "general_report": "a general report that may hold dose",
    "class_unknown": "the node does not tell what it is",
    "other_class": "an object of another kind",
    "better_report": "the study has a dose report proper",
    "held": "is here already",
}
"""Every `reason_code` in words; web shows them."""
