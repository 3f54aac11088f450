"""The alert configuration as web publishes it: rules, recipients, settings."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from dosebus.store.tables.config import alert_recipient, alert_rule, setting
from dosebus_alerts.quantities import QUANTITIES
from dosebus_alerts.rules import Rule

MAIL_AFTER_RECALCULATION = "alerts.mail_after_recalculation"
"""Setting: whether what only a recalculation finds is mailed. It is not, unless the setting is true: a
lowered level would send mail about years of old studies."""


@dataclass(frozen=True)
class Recipient:
    """A person who is to be warned. `rules` names rules by key; None means all."""

    id: int
    name: str
    email: str | None
    locale: str
    rules: frozenset[str] | None

    def wants(self, rule: Rule) -> bool:
        """Whether the person is to hear of this rule."""
        return self.rules is None or rule.key in self.rules


@dataclass(frozen=True)
class Configuration:
    """What is in force now."""

    rules: tuple[Rule, ...]
    recipients: tuple[Recipient, ...]
    mail_after_recalculation: bool = False

    @property
    def event_quantities(self) -> frozenset[str]:
        """The quantities that some rule watches in single irradiation events."""
        return frozenset(rule.quantity for rule in self.rules if rule.scope == "event")


def read_configuration(connection: Connection) -> Configuration:
    """The enabled rules whose quantity is known, and the enabled recipients."""
    rules = connection.execute(
        sa.select(alert_rule)
        .where(alert_rule.c.enabled, alert_rule.c.quantity.in_(QUANTITIES))
        .order_by(alert_rule.c.key)
    )
    recipients = connection.execute(
        sa.select(alert_recipient).where(alert_recipient.c.enabled).order_by(alert_recipient.c.id)
    )
    mail_after = connection.execute(
        sa.select(setting.c.value).where(setting.c.key == MAIL_AFTER_RECALCULATION)
    ).scalar()
    return Configuration(
        rules=tuple(
            Rule(
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
            )
            for row in rules
        ),
        recipients=tuple(
            Recipient(
                id=row.id,
                name=row.name,
                email=(row.email or "").strip() or None,
                locale=row.locale,
                rules=None if row.rules is None else frozenset(row.rules),
            )
            for row in recipients
        ),
        mail_after_recalculation=mail_after is True,
    )
