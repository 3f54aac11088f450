"""Installs the shipped sets of alert rules, and takes over what a later version of one says."""

from __future__ import annotations

import sqlalchemy as sa

from dosebus.domain.rule_sets import RULE_SETS, RuleDifference, RuleSet, differences
from dosebus.store.tables.config import alert_rule
from dosebus.store.transaction import Transaction
from dosebus_web.alerting.rules import add, noted, revise


def installed_differences(connection: sa.Connection, rule_set: RuleSet) -> tuple[RuleDifference, ...]:
    """How the site's rules stand to a set."""
    rows = connection.execute(sa.select(alert_rule).where(alert_rule.c.set_key == rule_set.key)).mappings()
    return differences(rule_set, [dict(row) for row in rows])


def install(tx: Transaction, key: str, by: str, *, enabled: bool = False) -> list[str]:
    """Copy the rules of a set that the site does not have; gives their keys. Raises KeyError for an unknown set.

    They are switched off, unless `enabled`, so that they can be tried on past data first. A rule that is there already
    stays as it is.
    """
    rule_set = RULE_SETS[key]
    known = set(tx.execute(sa.select(alert_rule.c.key)).scalars())
    copied = [rule for rule in rule_set.rules if rule.key not in known]
    for rule in copied:
        origin = {"set_key": key, "set_version": rule_set.version, "set_values": rule.values}
        add(tx, rule.values | origin | {"key": rule.key, "source": rule.source, "enabled": enabled}, by)
    return [rule.key for rule in copied]


def take_over(tx: Transaction, rule_id: int, by: str) -> dict[str, list[object]] | None:
    """Give a rule the values that its set has now; gives what changed as `noted`, None for a rule of no set."""
    row = tx.execute(sa.select(alert_rule).where(alert_rule.c.id == rule_id)).first()
    rule_set = None if row is None else RULE_SETS.get(row.set_key or "")
    if row is None or rule_set is None:
        return None
    shipped = next((rule for rule in rule_set.rules if rule.key == row.key), None)
    if shipped is None:
        return None
    changed = revise(tx, rule_id, shipped.values, by)
    tx.execute(
        sa.update(alert_rule)
        .where(alert_rule.c.id == rule_id)
        .values(set_version=rule_set.version, set_values=shipped.values, source=shipped.source)
    )
    return None if changed is None else noted(changed, row.quantity)
