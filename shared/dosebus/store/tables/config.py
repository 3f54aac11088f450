"""The published configuration: web writes it, every service reads it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

SCHEMA = "config"
metadata = sa.MetaData(schema=SCHEMA)
Instant = sa.DateTime(timezone=True)

alert_rule = sa.Table(
    "alert_rule",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("quantity", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("weeks", sa.Integer),
    sa.Column("level", sa.Double, nullable=False),
    sa.Column("step", sa.Double),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("modality_types", ARRAY(sa.Text), nullable=False, server_default="{RF}"),
    sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("source", sa.Text),
    sa.CheckConstraint("scope IN ('event', 'study', 'sum')", name="alert_rule_scope_known"),
    sa.CheckConstraint("(scope = 'sum') = (weeks IS NOT NULL)", name="alert_rule_weeks_of_sums"),
    sa.CheckConstraint("weeks > 0", name="alert_rule_weeks_positive"),
    sa.CheckConstraint("level > 0", name="alert_rule_level_positive"),
    sa.CheckConstraint("step > 0", name="alert_rule_step_positive"),
    sa.CheckConstraint("severity IN ('notice', 'warning', 'critical')", name="alert_rule_severity_known"),
)
"""When to warn. `level` is in the unit of the quantity's name and counts as passed when it is reached.
With a `step`, every further `step` above the level is a level of its own; without, there is only the one."""

alert_recipient = sa.Table(
    "alert_recipient",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("email", sa.Text),
    sa.Column("locale", sa.Text, nullable=False, server_default="en"),
    sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("rules", ARRAY(sa.Text)),
)
"""Whom to warn. `rules` names rules by key; NULL means all. One without an e-mail address is named on the
alerts page, because nobody would notice otherwise."""

node = sa.Table(
    "node",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("ae_title", sa.Text, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("port", sa.Integer, nullable=False),
    sa.Column("tls", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("modality_in_study_query", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("calling_ae_title", sa.Text),
    sa.Column("retrieve_to", sa.Text),
    sa.CheckConstraint("port BETWEEN 1 AND 65535", name="node_port_possible"),
    sa.CheckConstraint("length(ae_title) BETWEEN 1 AND 16", name="node_ae_title_length"),
)
"""The DICOM nodes that can be asked. `calling_ae_title` is who we say we are and `retrieve_to` the AE title to
which the node is asked to send; NULL means the ones in the settings. `modality_in_study_query`: the node wants
Modality in a query at study level (some archives filter by it although PS3.4 has no such key there)."""

setting = sa.Table(
    "setting",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", JSONB, nullable=False),
)
"""Settings that are changed on a page rather than where the service is started."""
