"""Whom a warning would not reach: recipients without an address, rules that nobody hears of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from dosebus.store.tables.config import alert_recipient, alert_rule


@dataclass(frozen=True)
class Gaps:
    """What is missing so that warnings arrive."""

    without_address: tuple[Any, ...]
    """Recipients who are to be told and cannot be."""
    unheard: tuple[Any, ...]
    """Rules in force of which no recipient with an address hears."""
    nobody: bool
    """Whether there is nobody at all to tell."""


def has_address(recipient: Any) -> bool:
    """Whether a message can be sent."""
    return bool((recipient.webhook_url if recipient.channel == "webhook" else recipient.email or "").strip())


def hears(recipient: Any, rule: Any) -> bool:
    """Whether a recipient is to hear of a rule, as the alerts service decides it."""
    if rule.recipients is not None:
        return recipient.id in rule.recipients
    return recipient.rules is None or rule.key in recipient.rules


def gaps_of(rules: Sequence[Any], recipients: Sequence[Any]) -> Gaps:
    """The gaps between rules and recipients."""
    on = [one for one in recipients if one.enabled]
    reached = [one for one in on if has_address(one)]
    in_force = [rule for rule in rules if rule.enabled and not rule.trial]
    return Gaps(
        without_address=tuple(one for one in on if not has_address(one)),
        unheard=tuple(rule for rule in in_force if not any(hears(one, rule) for one in reached)),
        nobody=not reached,
    )


def gaps(connection: sa.Connection) -> Gaps:
    """The gaps as configured now."""
    rules = connection.execute(sa.select(alert_rule).order_by(alert_rule.c.id)).all()
    recipients = connection.execute(sa.select(alert_recipient).order_by(alert_recipient.c.name)).all()
    return gaps_of(rules, recipients)
