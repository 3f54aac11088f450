"""The published configuration: web writes it, every service reads it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

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
    sa.Column("trial", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("owner", sa.Text),
    sa.Column("device_ids", ARRAY(sa.BigInteger)),
    sa.Column("standard_names", ARRAY(sa.Text)),
    sa.Column("age_years_from", sa.Double),
    sa.Column("age_years_below", sa.Double),
    sa.Column("weight_kg_from", sa.Double),
    sa.Column("weight_kg_below", sa.Double),
    sa.Column("recipients", ARRAY(sa.BigInteger)),
    sa.Column("set_key", sa.Text),
    sa.Column("set_version", sa.Integer),
    sa.Column("set_values", JSONB),
    sa.Column("changed_at", Instant, nullable=False, server_default=sa.func.now()),
    sa.Column("changed_by", sa.Text),
    sa.CheckConstraint("scope IN ('event', 'study', 'sum')", name="alert_rule_scope_known"),
    sa.CheckConstraint("(scope = 'sum') = (weeks IS NOT NULL)", name="alert_rule_weeks_of_sums"),
    sa.CheckConstraint("weeks > 0", name="alert_rule_weeks_positive"),
    sa.CheckConstraint("level > 0", name="alert_rule_level_positive"),
    sa.CheckConstraint("step > 0", name="alert_rule_step_positive"),
    sa.CheckConstraint("severity IN ('notice', 'warning', 'critical')", name="alert_rule_severity_known"),
)
"""When to warn. `level` is in the unit of the quantity's name and counts as passed when it is reached.
With a `step`, every further `step` above the level is a level of its own; without, there is only the one.
`trial`: checked and shown, but nobody is told. Filters ask about the study that ends the sum; NULL: any. A study
whose age or weight is unknown passes no filter by it; `_from` counts itself, `_below` does not. `recipients`: exactly
these are told; NULL: those who chose the rule. `set_key`, `set_version` and `set_values`: the shipped rule set
(`dosebus.domain.rule_sets`) that it was copied from, and the values it had there; NULL for a rule of the site."""

alert_rule_version = sa.Table(
    "alert_rule_version",
    metadata,
    sa.Column("rule_id", sa.ForeignKey(alert_rule.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("rule", JSONB, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("changed_by", sa.Text),
)
"""What a rule said in its earlier versions."""

alert_follow_up = sa.Table(
    "alert_follow_up",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("rule_id", sa.ForeignKey(alert_rule.c.id, ondelete="CASCADE")),
    sa.Column("after_hours", sa.Double, nullable=False),
    sa.Column("recipients", ARRAY(sa.BigInteger)),
    sa.UniqueConstraint("rule_id", "after_hours", postgresql_nulls_not_distinct=True),
    sa.CheckConstraint("after_hours > 0", name="alert_follow_up_later"),
)
"""A step that is taken when nobody has acknowledged an alert for so many hours since it was raised. `recipients`:
who is told then; NULL reminds those who were told first. Steps without a rule are those of every rule that has none
of its own."""

alert_recipient = sa.Table(
    "alert_recipient",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("email", sa.Text),
    sa.Column("locale", sa.Text, nullable=False, server_default="en"),
    sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("rules", ARRAY(sa.Text)),
    sa.Column("channel", sa.Text, nullable=False, server_default="mail"),
    sa.Column("webhook_url", sa.Text),
    sa.Column("webhook_secret", sa.Text),
    sa.Column("digest_hour", sa.Integer),
    sa.Column("digest_critical_at_once", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("quiet_from", sa.Time),
    sa.Column("quiet_until", sa.Time),
    sa.Column("quiet_critical_at_once", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.CheckConstraint("channel IN ('mail', 'webhook')", name="alert_recipient_channel_known"),
    sa.CheckConstraint("digest_hour BETWEEN 0 AND 23", name="alert_recipient_digest_hour_possible"),
    sa.CheckConstraint(
        "(quiet_from IS NULL) = (quiet_until IS NULL) AND quiet_from <> quiet_until",
        name="alert_recipient_quiet_hours_whole",
    ),
    sa.CheckConstraint(
        "webhook_secret ~ '^[a-z0-9_]{1,64}$'", name="alert_recipient_webhook_secret_is_a_name"
    ),
)
"""Whom to warn. `rules` names rules by key; NULL means all. One without an e-mail address is named on the
alerts page, because nobody would notice otherwise. Hours are the site's (setting `site.time_zone`). `digest_hour`:
one message a day at that hour instead of one an alert. `webhook_secret` names a secret of the alerts service (see
docs/operators/webhooks.md); the secret itself is never here."""

alert_note = sa.Table(
    "alert_note",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("alert_id", UUID(as_uuid=True), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("written_by", sa.Text, nullable=False),
    sa.Column("written_at", Instant, nullable=False),
)
"""What a person wrote about an alert. It stands here because events hold no free text: they name the note."""

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

standard_name = sa.Table(
    "standard_name",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("modality_type", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.UniqueConstraint("id", "modality_type", "kind", "name", name="standard_name_whole"),
    sa.Index("standard_name_once", "modality_type", "kind", sa.text("lower(name)"), unique=True),
    sa.CheckConstraint(
        "modality_type IN ('CT', 'RF', 'MG', 'DX', 'NM')", name="standard_name_modality_type_known"
    ),
    sa.CheckConstraint("kind IN ('study', 'acquisition')", name="standard_name_kind_known"),
    sa.CheckConstraint("name <> '' AND name = btrim(name)", name="standard_name_written"),
)
"""One name for what many devices and people call differently. `modality_type` is that of a list: `DX` is radiography
with CR and panoramic."""

standard_name_raw = sa.Table(
    "standard_name_raw",
    metadata,
    sa.Column("modality_type", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("raw_key", sa.Text, sa.Computed("lower(btrim(raw_name))", persisted=True), primary_key=True),
    sa.Column("raw_name", sa.Text, nullable=False),
    sa.Column("standard_name_id", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.ForeignKeyConstraint(
        ["standard_name_id", "modality_type", "kind", "name"],
        [standard_name.c.id, standard_name.c.modality_type, standard_name.c.kind, standard_name.c.name],
        name="standard_name_raw_of_name",
        onupdate="CASCADE",
    ),
    sa.CheckConstraint(
        "source IN ('study_description', 'requested_procedure', 'procedure', 'acquisition_protocol')",
        name="standard_name_raw_source_known",
    ),
    sa.CheckConstraint(
        "(kind = 'acquisition') = (source = 'acquisition_protocol')", name="standard_name_raw_kind_of_source"
    ),
    sa.CheckConstraint("raw_key <> ''", name="standard_name_raw_written"),
    sa.Index("standard_name_raw_name", "standard_name_id"),
)
"""Which raw names a standard name stands for. `name` follows the standard name by its foreign key, so that lists and
charts need one join a source."""

skin_device = sa.Table(
    "skin_device",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("manufacturer", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("software_version", sa.Text, nullable=False, server_default="*"),
    sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("is_validated", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("table_type", sa.Text, nullable=False, server_default="fixed"),
    sa.Column("orientation_default", sa.Text),
    sa.Column("angles_are_relative_to", sa.Text, nullable=False, server_default="patient"),
    sa.Column("position_sign", ARRAY(sa.Double), nullable=False, server_default="{1,1,1}"),
    sa.Column("position_offset_cm", ARRAY(sa.Double), nullable=False, server_default="{0,0,0}"),
    sa.Column("default_position_cm", ARRAY(sa.Double)),
    sa.Column("table_cm", JSONB, nullable=False, server_default="{}"),
    sa.Column("mattress_share", sa.Double, nullable=False, server_default="0.2"),
    sa.Column("transmission", JSONB),
    sa.Column("calibration_factor", sa.Double),
    sa.Column("kerma_uncertainty", sa.Double, nullable=False, server_default="0.175"),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.UniqueConstraint("manufacturer", "model", "software_version"),
    sa.CheckConstraint("table_type IN ('fixed', 'tilting', 'none')", name="skin_device_table_type_known"),
    sa.CheckConstraint(
        "angles_are_relative_to IN ('patient', 'gantry')", name="skin_device_angles_reference_known"
    ),
    sa.CheckConstraint("calibration_factor > 0", name="skin_device_calibration_positive"),
    sa.CheckConstraint("kerma_uncertainty > 0", name="skin_device_kerma_uncertainty_positive"),
    sa.CheckConstraint("mattress_share BETWEEN 0 AND 1", name="skin_device_mattress_share_possible"),
)
"""The systems whose skin dose is mapped. Manufacturer, model and version are patterns with `*` and `?`, upper and
lower case alike; of several that fit the one with the most letters counts. Positions are longitudinal, lateral,
height (cm): `sign * reported + offset`. `table_cm` overrides sizes of the table by name."""

ignore_rule = sa.Table(
    "ignore_rule",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("manufacturer", sa.Text),
    sa.Column("model", sa.Text),
    sa.Column("station_name", sa.Text),
    sa.Column("software_version", sa.Text),
    sa.Column("device_serial_number", sa.Text),
    sa.Column("keep_for_download", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("note", sa.Text),
    sa.CheckConstraint(
        "coalesce(manufacturer, model, station_name, software_version, device_serial_number) IS NOT NULL",
        name="ignore_rule_says_something",
    ),
)
"""Devices whose objects are set aside instead of read: patterns (`dosebus.domain.ignored`), all that are given must
match. `keep_for_download`: their objects are offered as a zip and not deleted."""

device_name_rule = sa.Table(
    "device_name_rule",
    metadata,
    sa.Column("device_observer_uid", sa.Text, primary_key=True),
    sa.Column("display_name", sa.Text, nullable=False),
)
"""What a device of a known Device Observer UID is called as soon as it appears."""
