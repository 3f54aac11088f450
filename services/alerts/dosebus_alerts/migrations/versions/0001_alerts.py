"""The alerts schema: the ledger of doses, sums, alerts, their mails, and the audit chain."""

from __future__ import annotations

from alembic import op

from dosebus.store.mailbox import create_mailbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE alerts.alert (
    id uuid NOT NULL, identity text NOT NULL, rule_key text NOT NULL, rule_version integer NOT NULL,
    rule_title text NOT NULL, quantity text NOT NULL, scope text NOT NULL, weeks integer, level double
    precision NOT NULL, severity text NOT NULL, study_id bigint NOT NULL, study_instance_uid text NOT
    NULL, patient text, value double precision NOT NULL, evidence jsonb NOT NULL, origin text NOT NULL,
    state text NOT NULL, mail_note text, without_address text[] DEFAULT '{}' NOT NULL, raised_at
    timestamptz NOT NULL, changed_at timestamptz NOT NULL, withdrawn_at timestamptz, withdrawn_reason
    text, acknowledged_at timestamptz, acknowledged_by text, justified_at timestamptz, justified_by
    text, justification_code text, justification text, closed_at timestamptz, closed_by text,
    reminded_at timestamptz, PRIMARY KEY (id), CONSTRAINT alert_state_known CHECK (state IN ('detected',
    'queued', 'sent', 'failed', 'acknowledged', 'justified', 'closed')), CONSTRAINT alert_origin_known
    CHECK (origin IN ('arrival', 'recalculation')), UNIQUE (identity)
);
CREATE INDEX alert_patient ON alerts.alert (patient);
CREATE INDEX alert_raised_at ON alerts.alert (raised_at DESC);
CREATE INDEX alert_study_instance_uid ON alerts.alert (study_instance_uid);

CREATE TABLE alerts.audit (
    seq bigint NOT NULL, at timestamptz NOT NULL, actor text NOT NULL, action text NOT NULL, alert_id
    uuid, details jsonb NOT NULL, previous_hash text NOT NULL, hash text NOT NULL, PRIMARY KEY (seq)
);
CREATE INDEX audit_alert ON alerts.audit (alert_id, seq);

CREATE TABLE alerts.recalculation (
    id uuid NOT NULL, reason text NOT NULL, requested_by text, state text NOT NULL, cursor text DEFAULT
    '' NOT NULL, studies_total integer, studies_done integer DEFAULT '0' NOT NULL, raised integer
    DEFAULT '0' NOT NULL, withdrawn integer DEFAULT '0' NOT NULL, reinstated integer DEFAULT '0' NOT
    NULL, revalued integer DEFAULT '0' NOT NULL, created_at timestamptz NOT NULL, started_at
    timestamptz, finished_at timestamptz, failure text, PRIMARY KEY (id), CONSTRAINT
    recalculation_state_known CHECK (state IN ('queued', 'running', 'done', 'failed'))
);
CREATE INDEX recalculation_created_at ON alerts.recalculation (created_at DESC);

CREATE TABLE alerts.study_dose (
    study_instance_uid text NOT NULL, study_id bigint NOT NULL, patient text, study_date date,
    study_time time, modality_types text[] NOT NULL, doses jsonb NOT NULL, event_peaks jsonb NOT NULL,
    PRIMARY KEY (study_instance_uid)
);
CREATE INDEX study_dose_patient_study_date ON alerts.study_dose (patient, study_date);

CREATE TABLE alerts.mail (
    id uuid NOT NULL, alert_id uuid, kind text NOT NULL, recipient_id bigint, recipient_name text NOT
    NULL, address text NOT NULL, locale text NOT NULL, state text NOT NULL, attempts integer DEFAULT '0'
    NOT NULL, next_attempt_at timestamptz NOT NULL, claim uuid, message_id text NOT NULL, reason_code
    text, last_error text, traceparent text, requested_by text, created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL, sent_at timestamptz, PRIMARY KEY (id), UNIQUE (alert_id, kind,
    address), CONSTRAINT mail_state_known CHECK (state IN ('queued', 'sending', 'handing_over', 'sent',
    'failed', 'in_doubt', 'cancelled')), CONSTRAINT mail_kind_known CHECK (kind IN ('alert', 'reminder',
    'test')), FOREIGN KEY(alert_id) REFERENCES alerts.alert (id) ON DELETE CASCADE, UNIQUE (message_id)
);
CREATE INDEX mail_due ON alerts.mail (next_attempt_at) WHERE state = 'queued';
CREATE INDEX mail_under_way ON alerts.mail (state) WHERE state IN ('sending', 'handing_over', 'in_doubt');

CREATE TABLE alerts.study_sum (
    study_instance_uid text NOT NULL, quantity text NOT NULL, weeks integer NOT NULL, modalities text
    NOT NULL, total double precision NOT NULL, number_of_studies integer NOT NULL, PRIMARY KEY
    (study_instance_uid, quantity, weeks, modalities), FOREIGN KEY(study_instance_uid) REFERENCES
    alerts.study_dose (study_instance_uid) ON DELETE CASCADE
)
"""


def upgrade() -> None:
    """Make the tables and the mailbox."""
    for statement in TABLES.split(";\n"):
        op.execute(statement)
    create_mailbox(op, "alerts")
