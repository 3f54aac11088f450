"""The published `alerts` schema: alerts writes it, web reads it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

SCHEMA = "alerts"
metadata = sa.MetaData(schema=SCHEMA)
Instant = sa.DateTime(timezone=True)

ALERT_STATES = ("detected", "queued", "sent", "failed", "acknowledged", "justified", "closed")
MAIL_STATES = (
    "gathered", "queued", "sending", "handing_over", "sent", "bounced", "failed", "in_doubt", "cancelled",
)  # fmt: skip
MAIL_KINDS = ("alert", "reminder", "digest", "test")
CHANNELS = ("mail", "webhook")
RECALCULATION_STATES = ("queued", "running", "done", "failed")
CHANGES = ("raised", "withdrawn", "reinstated", "revalued")
TRIAL_STATES = ("queued", "running", "done", "cancelled", "failed")


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
    sa.Column("device_id", sa.BigInteger),
    sa.Column("standard_names", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("age_years", sa.Double),
    sa.Column("weight_kg", sa.Double),
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
    sa.Column("bound", sa.Double),
)
"""The sum of a quantity over the weeks that end with a study. `modalities`: those that count, `CT+RF`. `bound`: the
sum may be as much as this, as a part of it is not known; NULL where all is known, or nothing bounds it."""

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
    sa.Column("follow_ups", sa.Integer, nullable=False, server_default="0"),
    sa.Column("trial", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("reopened_at", Instant),
    sa.Column("reopened_by", sa.Text),
    sa.Column("reopening", sa.Text),
    sa.Column("at_most", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.CheckConstraint(_one_of("state", ALERT_STATES), name="alert_state_known"),
    sa.CheckConstraint("origin IN ('arrival', 'recalculation')", name="alert_origin_known"),
    sa.Index("alert_raised_at", sa.text("raised_at DESC")),
    sa.Index("alert_study_instance_uid", "study_instance_uid"),
    sa.Index("alert_patient", "patient"),
    sa.Index(
        "alert_waiting",
        "raised_at",
        postgresql_where=sa.text(
            "state IN ('detected', 'queued', 'sent', 'failed') AND withdrawn_at IS NULL AND NOT trial"
        ),
    ),
)
"""A level that was reached. `identity` (rule, what it watches, level, study) makes it exist once.
`withdrawn_at`: the value no longer reaches the level, or the rule is gone. `mail_note` says why nobody, or
not everybody, was told; `without_address` names recipients who cannot be. `follow_ups`: how many of the rule's
steps were taken while nobody acknowledged, the last at `reminded_at`. `trial`: its rule is on trial, so nobody
is told. `reopened_at`, `reopened_by`, `reopening`: when and by whom it was last opened again, and why; what was done
before that stands in the audit chain alone. `at_most`: `value` is a bound that reaches the level, what is certain does
not: the level cannot be excluded."""

mail = sa.Table(
    "mail",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("alert_id", sa.ForeignKey(alert.c.id, ondelete="CASCADE")),
    sa.Column("channel", sa.Text, nullable=False, server_default="mail"),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("step", sa.Integer, nullable=False, server_default="0"),
    sa.Column("digest_id", sa.ForeignKey("alerts.mail.id", ondelete="SET NULL")),
    sa.Column("digest_day", sa.Date),
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
    sa.Column("bounced_at", Instant),
    sa.Column("bounce_status", sa.Text),
    sa.UniqueConstraint("alert_id", "kind", "step", "address", name="mail_once"),
    sa.CheckConstraint(_one_of("state", MAIL_STATES), name="mail_state_known"),
    sa.CheckConstraint(_one_of("kind", MAIL_KINDS), name="mail_kind_known"),
    sa.CheckConstraint(_one_of("channel", CHANNELS), name="mail_channel_known"),
    sa.CheckConstraint("(kind = 'digest') = (digest_day IS NOT NULL)", name="mail_digest_has_a_day"),
    sa.Index("mail_digest", "digest_id", postgresql_where=sa.text("digest_id IS NOT NULL")),
    sa.Index("mail_gathered", "recipient_id", postgresql_where=sa.text("state = 'gathered'")),
    sa.Index(
        "mail_one_digest_a_day",
        "recipient_id",
        "digest_day",
        unique=True,
        postgresql_where=sa.text("kind = 'digest'"),
    ),
    sa.Index("mail_address_sent", "address", "sent_at", postgresql_where=sa.text("sent_at IS NOT NULL")),
    sa.Index("mail_due", "next_attempt_at", postgresql_where=sa.text("state = 'queued'")),
    sa.Index(
        "mail_under_way",
        "state",
        postgresql_where=sa.text("state IN ('sending', 'handing_over', 'in_doubt')"),
    ),
)
"""A mail, or a call of a webhook, to one recipient. `address`: the mail address in small letters, or
`webhook:<recipient id>`. `step` of a reminder: which of the rule's follow-ups, from 1. `gathered`: waits for the
recipient's digest, and is told by the mail `digest_id` once that is made. `handing_over`: the server may have it
from now on, so it is never sent again without a person's word; found so after a crash, it becomes `in_doubt`.
`bounced`: a server that had taken it sent it back, with `bounce_status` (RFC 3463) and, in `last_error`, its words."""

bounce_mailbox = sa.Table(
    "bounce_mailbox",
    metadata,
    sa.Column("mailbox", sa.Text, primary_key=True),
    sa.Column("uid_validity", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("last_uid", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("read_at", Instant),
    sa.Column("failing_since", Instant),
    sa.Column("failure", sa.Text),
)
"""Where bounces are looked for, `user@host/folder`, and up to which message; `failing_since`: it cannot be read."""

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

recalculation_change = sa.Table(
    "recalculation_change",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("recalculation_id", sa.ForeignKey(recalculation.c.id, ondelete="CASCADE"), nullable=False),
    sa.Column("alert_id", UUID(as_uuid=True), nullable=False),
    sa.Column("change", sa.Text, nullable=False),
    sa.Column("rule_key", sa.Text, nullable=False),
    sa.Column("rule_title", sa.Text, nullable=False),
    sa.Column("quantity", sa.Text, nullable=False),
    sa.Column("level", sa.Double, nullable=False),
    sa.Column("study_id", sa.BigInteger, nullable=False),
    sa.Column("study_instance_uid", sa.Text, nullable=False),
    sa.Column("before", sa.Double),
    sa.Column("after", sa.Double),
    sa.Column("at_most", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.CheckConstraint(_one_of("change", CHANGES), name="recalculation_change_known"),
    sa.Index("recalculation_change_run", "recalculation_id", "id"),
)
"""What a recalculation changed, one row an alert. `before`, `after`: the alert's value; NULL where it did not, or
does not any more, stand."""

trial = sa.Table(
    "trial",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("rule_key", sa.Text),
    sa.Column("rule", JSONB, nullable=False),
    sa.Column("date_from", sa.Date, nullable=False),
    sa.Column("date_until", sa.Date, nullable=False),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("cursor", sa.Text, nullable=False, server_default=""),
    sa.Column("studies_total", sa.Integer),
    sa.Column("studies_done", sa.Integer, nullable=False, server_default="0"),
    sa.Column("alerts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("started_at", Instant),
    sa.Column("finished_at", Instant),
    sa.Column("failure", sa.Text),
    sa.CheckConstraint(_one_of("state", TRIAL_STATES), name="trial_state_known"),
    sa.Index("trial_created_at", sa.text("created_at DESC")),
)
"""A rule tried on the studies of past days, first and last included. `rule` is the command's `RuleProposal`;
`rule_key` the saved rule that it was taken from, if any."""

trial_alert = sa.Table(
    "trial_alert",
    metadata,
    sa.Column("trial_id", sa.ForeignKey(trial.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("study_instance_uid", sa.Text, primary_key=True),
    sa.Column("study_id", sa.BigInteger, nullable=False),
    sa.Column("study_date", sa.Date, nullable=False),
    sa.Column("week", sa.Date, nullable=False),
    sa.Column("level", sa.Double, nullable=False),
    sa.Column("value", sa.Double, nullable=False),
    sa.Column("number_of_studies", sa.Integer, nullable=False),
    sa.Column("at_most", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("trial_alert_week", "trial_id", "week"),
)
"""An alert that the tried rule would have raised. `week` is the Monday of its week; a study's highest level counts."""

address = sa.Table(
    "address",
    metadata,
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("recipient_id", sa.BigInteger),
    sa.Column("refused_since", Instant),
    sa.Column("refusals", sa.Integer, nullable=False, server_default="0"),
    sa.Column("reason_code", sa.Text),
    sa.Column("answer", sa.Text),
    sa.Column("last_sent_at", Instant),
)
"""What is known of an address (as in `mail.address`). `refused_since`: the first refusal for good after the last
message that was taken; NULL while it takes messages."""

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
