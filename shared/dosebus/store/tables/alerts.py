"""The published `alerts` schema: alerts writes it, web reads it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

SCHEMA = "alerts"
metadata = sa.MetaData(schema=SCHEMA)
Instant = sa.DateTime(timezone=True)

ALERT_STATES = ("detected", "queued", "sent", "failed", "acknowledged", "justified", "closed")
MAIL_STATES = ("queued", "sending", "handing_over", "sent", "failed", "in_doubt", "cancelled")
MAIL_KINDS = ("alert", "reminder", "test")
RECALCULATION_STATES = ("queued", "running", "done", "failed")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


study_dose = sa.Table(
    "study_dose",
    metadata,
    sa.Column("study_instance_uid", sa.Text, primary_key=True),
    sa.Column("study_id", sa.BigInteger, nullable=False),
    sa.Column("patient", sa.Text),
    sa.Column("study_date", sa.Date),
    sa.Column("study_time", sa.Time),
    sa.Column("modality_types", ARRAY(sa.Text), nullable=False),
    sa.Column("doses", JSONB, nullable=False),
    sa.Column("event_peaks", JSONB, nullable=False),
    sa.Index("study_dose_patient_study_date", "patient", "study_date"),
)
"""What alerts keep of a study: enough to sum it up, and to take it out of the sums when it is gone.
`patient` is a digest of the stored patient ID; `doses` and `event_peaks` are numbers by quantity."""

study_sum = sa.Table(
    "study_sum",
    metadata,
    sa.Column(
        "study_instance_uid",
        sa.ForeignKey(study_dose.c.study_instance_uid, ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("quantity", sa.Text, primary_key=True),
    sa.Column("weeks", sa.Integer, primary_key=True),
    sa.Column("modalities", sa.Text, primary_key=True),
    sa.Column("total", sa.Double, nullable=False),
    sa.Column("number_of_studies", sa.Integer, nullable=False),
)
"""The sum of a quantity over the weeks that end with a study. `modalities`: those that count, `CT+RF`."""

alert = sa.Table(
    "alert",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("identity", sa.Text, nullable=False, unique=True),
    sa.Column("rule_key", sa.Text, nullable=False),
    sa.Column("rule_version", sa.Integer, nullable=False),
    sa.Column("rule_title", sa.Text, nullable=False),
    sa.Column("quantity", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("weeks", sa.Integer),
    sa.Column("level", sa.Double, nullable=False),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("study_id", sa.BigInteger, nullable=False),
    sa.Column("study_instance_uid", sa.Text, nullable=False),
    sa.Column("patient", sa.Text),
    sa.Column("value", sa.Double, nullable=False),
    sa.Column("evidence", JSONB, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("mail_note", sa.Text),
    sa.Column("without_address", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("raised_at", Instant, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("withdrawn_at", Instant),
    sa.Column("withdrawn_reason", sa.Text),
    sa.Column("acknowledged_at", Instant),
    sa.Column("acknowledged_by", sa.Text),
    sa.Column("justified_at", Instant),
    sa.Column("justified_by", sa.Text),
    sa.Column("justification_code", sa.Text),
    sa.Column("justification", sa.Text),
    sa.Column("closed_at", Instant),
    sa.Column("closed_by", sa.Text),
    sa.Column("reminded_at", Instant),
    sa.CheckConstraint(_one_of("state", ALERT_STATES), name="alert_state_known"),
    sa.CheckConstraint("origin IN ('arrival', 'recalculation')", name="alert_origin_known"),
    sa.Index("alert_raised_at", sa.text("raised_at DESC")),
    sa.Index("alert_study_instance_uid", "study_instance_uid"),
    sa.Index("alert_patient", "patient"),
)
"""A level that was reached. `identity` (rule, what it watches, level, study) makes it exist once.
`withdrawn_at`: the value no longer reaches the level, or the rule is gone. `mail_note` says why nobody, or
not everybody, was mailed; `without_address` names recipients who cannot be."""

mail = sa.Table(
    "mail",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("alert_id", sa.ForeignKey(alert.c.id, ondelete="CASCADE")),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("recipient_id", sa.BigInteger),
    sa.Column("recipient_name", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("locale", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_attempt_at", Instant, nullable=False),
    sa.Column("claim", UUID(as_uuid=True)),
    sa.Column("message_id", sa.Text, nullable=False, unique=True),
    sa.Column("reason_code", sa.Text),
    sa.Column("last_error", sa.Text),
    sa.Column("traceparent", sa.Text),
    sa.Column("requested_by", sa.Text),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("sent_at", Instant),
    sa.UniqueConstraint("alert_id", "kind", "address"),
    sa.CheckConstraint(_one_of("state", MAIL_STATES), name="mail_state_known"),
    sa.CheckConstraint(_one_of("kind", MAIL_KINDS), name="mail_kind_known"),
    sa.Index("mail_due", "next_attempt_at", postgresql_where=sa.text("state = 'queued'")),
    sa.Index(
        "mail_under_way",
        "state",
        postgresql_where=sa.text("state IN ('sending', 'handing_over', 'in_doubt')"),
    ),
)
"""A mail to one recipient. `handing_over`: the server may have it from now on, so it is never sent again
without a person's word; found in this state after a crash, it becomes `in_doubt`."""

recalculation = sa.Table(
    "recalculation",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("requested_by", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("cursor", sa.Text, nullable=False, server_default=""),
    sa.Column("studies_total", sa.Integer),
    sa.Column("studies_done", sa.Integer, nullable=False, server_default="0"),
    sa.Column("raised", sa.Integer, nullable=False, server_default="0"),
    sa.Column("withdrawn", sa.Integer, nullable=False, server_default="0"),
    sa.Column("reinstated", sa.Integer, nullable=False, server_default="0"),
    sa.Column("revalued", sa.Integer, nullable=False, server_default="0"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("started_at", Instant),
    sa.Column("finished_at", Instant),
    sa.Column("failure", sa.Text),
    sa.CheckConstraint(_one_of("state", RECALCULATION_STATES), name="recalculation_state_known"),
    sa.Index("recalculation_created_at", sa.text("created_at DESC")),
)
"""A run over all studies in the background; `cursor` is the last study done, so it goes on after a restart."""

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("alert_id", UUID(as_uuid=True)),
    sa.Column("details", JSONB, nullable=False),
    sa.Column("previous_hash", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Index("audit_alert", "alert_id", "seq"),
)
"""Who did what with which alert. Every entry carries the hash of the one before."""
