"""The alert configuration as web publishes it: rules, recipients, settings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from dosebus.domain.alerting import TELLABLE
from dosebus.domain.quantities import QUANTITIES
from dosebus.store.tables.config import alert_follow_up, alert_recipient, alert_rule, setting
from dosebus_alerts.recipients import Recipient
from dosebus_alerts.rules import FollowUp, Population, Rule

MAIL_AFTER_RECALCULATION = "alerts.mail_after_recalculation"
"""Setting: whether what only a recalculation finds is mailed. It is not, unless the setting is true: a
lowered level would send mail about years of old studies."""
MAIL_FIELDS = "alerts.mail_fields"
"""Setting: which columns of `dosebus.domain.alerting.TELLABLE` a message may tell; none, unless it names some."""
TIME_ZONE = "site.time_zone"
"""Setting: the site's time zone, by which digests and quiet hours go."""
UTC_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True)
class Configuration:
    """What is in force now."""

    rules: tuple[Rule, ...]
    recipients: tuple[Recipient, ...]
    mail_after_recalculation: bool = False
    mail_fields: tuple[str, ...] = ()
    zone: ZoneInfo = UTC_ZONE

    @property
    def event_quantities(self) -> frozenset[str]:
        """The quantities that some rule watches in single irradiation events."""
        return frozenset(rule.quantity for rule in self.rules if rule.scope == "event")

    def recipient(self, recipient_id: int | None) -> Recipient | None:
        """An enabled recipient by its number."""
        return next((one for one in self.recipients if one.id == recipient_id), None)

    def rule(self, key: str) -> Rule | None:
        """A rule in force by its key."""
        return next((one for one in self.rules if one.key == key), None)


def read_configuration(connection: Connection) -> Configuration:
    """The enabled rules whose quantity is known, and the enabled recipients."""
    rules = connection.execute(
        sa.select(alert_rule)
        .where(alert_rule.c.enabled, alert_rule.c.quantity.in_(QUANTITIES))
        .order_by(alert_rule.c.key)
    )
    steps = _follow_ups(connection)
    recipients = connection.execute(
        sa.select(alert_recipient).where(alert_recipient.c.enabled).order_by(alert_recipient.c.id)
    )
    told = (MAIL_AFTER_RECALCULATION, MAIL_FIELDS, TIME_ZONE)
    found = connection.execute(sa.select(setting).where(setting.c.key.in_(told)))
    settings: dict[str, Any] = {row.key: row.value for row in found}
    return Configuration(
        rules=tuple(_rule(row, steps.get(row.id) or steps.get(None, ())) for row in rules),
        recipients=tuple(recipient_of(row) for row in recipients),
        mail_after_recalculation=settings.get(MAIL_AFTER_RECALCULATION) is True,
        mail_fields=tuple(one for one in TELLABLE if one in (settings.get(MAIL_FIELDS) or ())),
        zone=_zone(settings.get(TIME_ZONE)),
    )


def recipient_of(row: Row[Any]) -> Recipient:
    """A recipient from its row."""
    values = {field.name: row._mapping[field.name] for field in fields(Recipient)}
    values["email"] = (row.email or "").strip() or None
    values["rules"] = None if row.rules is None else frozenset(row.rules)
    return Recipient(**values)


def population_of(row: Any) -> Population:
    """The filters of a rule, from its row or from a proposal."""
    return Population(
        device_ids=_set(row.device_ids),
        standard_names=_set(row.standard_names),
        age_years_from=row.age_years_from,
        age_years_below=row.age_years_below,
        weight_kg_from=row.weight_kg_from,
        weight_kg_below=row.weight_kg_below,
    )


def _rule(row: Row[Any], follow_ups: tuple[FollowUp, ...]) -> Rule:
    return Rule(
        key=row.key,
        version=row.version,
        title=row.title,
        quantity=row.quantity,
        scope=row.scope,
        level=row.level,
        severity=row.severity,
        modality_types=frozenset(row.modality_types),
        weeks=row.weeks,
        step=row.step,
        population=population_of(row),
        trial=row.trial,
        recipients=_set(row.recipients),
        follow_ups=follow_ups,
    )


def _follow_ups(connection: Connection) -> dict[int | None, tuple[FollowUp, ...]]:
    """The steps of every rule, by its number; those of None are for rules without their own."""
    found: defaultdict[int | None, list[FollowUp]] = defaultdict(list)
    for row in connection.execute(sa.select(alert_follow_up).order_by(alert_follow_up.c.after_hours)):
        found[row.rule_id].append(FollowUp(row.after_hours, _set(row.recipients)))
    return {rule_id: tuple(steps) for rule_id, steps in found.items()}


def _set(values: Iterable[Any] | None) -> frozenset[Any] | None:
    return None if values is None else frozenset(values)


def _zone(name: Any) -> ZoneInfo:
    """A time zone by its name; UTC where the setting holds none that is known."""
    try:
        return ZoneInfo(name) if isinstance(name, str) and name else UTC_ZONE
    except (ZoneInfoNotFoundError, ValueError):
        return UTC_ZONE
