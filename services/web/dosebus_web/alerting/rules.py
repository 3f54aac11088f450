"""Alert rules: a change makes a new version and keeps the former one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from dosebus.events.alerts import AlertSettingsChanged
from dosebus.store.tables.config import alert_rule, alert_rule_version
from dosebus.store.transaction import Transaction

WATCHED = "watched"
"""Under which name the audit log keeps the quantity that a rule watched before it was changed."""
EDITABLE = (
    "title",
    "quantity",
    "scope",
    "weeks",
    "level",
    "step",
    "severity",
    "modality_types",
    "enabled",
    "trial",
    "owner",
    "device_ids",
    "standard_names",
    "age_years_from",
    "age_years_below",
    "weight_kg_from",
    "weight_kg_below",
    "recipients",
)
"""The columns that a site sets, and that a version keeps."""


def revise(tx: Transaction, rule_id: int, values: Mapping[str, Any], by: str) -> dict[str, list[Any]] | None:
    """Change a rule; gives what changed by column, before and after, for the audit. None when there is no such rule.

    What is the same already makes no new version, and everything is checked again only where something changed.
    """
    row = tx.execute(sa.select(alert_rule).where(alert_rule.c.id == rule_id).with_for_update()).first()
    if row is None:
        return None
    before = dict(row._mapping)
    changed = {name: [before[name], value] for name, value in values.items() if before[name] != value}
    if not changed:
        return {}
    tx.execute(
        sa.insert(alert_rule_version).values(
            rule_id=rule_id,
            version=row.version,
            rule={name: before[name] for name in EDITABLE},
            changed_at=row.changed_at,
            changed_by=row.changed_by,
        )
    )
    tx.execute(
        sa.update(alert_rule)
        .where(alert_rule.c.id == rule_id)
        .values(
            {name: after for name, (_, after) in changed.items()}
            | {"version": row.version + 1, "changed_at": datetime.now(UTC), "changed_by": by}
        )
    )
    tx.publish(AlertSettingsChanged())
    return changed


def noted(changed: Mapping[str, Any], quantity: str) -> dict[str, Any]:
    """What `revise` gave, for the audit log, with the quantity that the rule watched before: its level means nothing
    without."""
    return dict(changed) | ({WATCHED: quantity} if changed else {})


def add(tx: Transaction, values: Mapping[str, Any], by: str) -> int:
    """Add a rule; gives its number."""
    rule_id = tx.execute(
        sa.insert(alert_rule).values(dict(values) | {"changed_by": by}).returning(alert_rule.c.id)
    ).scalar_one()
    tx.publish(AlertSettingsChanged())
    return int(rule_id)
