"""Rules that ask for standard names follow when these change: under the new name, with all studies weighed again."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from dosebus.events.alerts import AlertSettingsChanged
from dosebus.store.tables.config import alert_rule, standard_name
from dosebus.store.transaction import Transaction
from dosebus_web.alerting.rules import revise
from dosebus_web.auth import audit
from dosebus_web.pages.names.mapping import NameStep, RawStep, State, Step


def follow(tx: Transaction, before: State, steps: Sequence[Step], username: str) -> None:
    """Bring the rules in line with a change of the names of studies, once it is written.

    A name that is called otherwise now, or went into another, is replaced where rules ask for it; while another
    modality still has it, it stays beside the new one.
    """
    named = tx.execute(
        sa.select(alert_rule.c.id, alert_rule.c.key, alert_rule.c.standard_names)
        .where(alert_rule.c.standard_names.is_not(None))
        .order_by(alert_rule.c.id)
    ).all()
    if not named or not any(isinstance(step, NameStep | RawStep) for step in steps):
        return
    heirs = heirs_of(before, steps)
    kept = set(
        tx.execute(
            sa.select(standard_name.c.name).where(
                standard_name.c.kind == "study", standard_name.c.name.in_(heirs)
            )
        ).scalars()
    )
    for rule in named:
        wanted = [one for name in rule.standard_names for one in _now(name, heirs, kept)]
        changed = revise(tx, rule.id, {"standard_names": list(dict.fromkeys(wanted))}, username)
        if changed:
            audit.note(tx, username, "alert_rule.changed", rule.key, details=changed)
    tx.publish(AlertSettingsChanged())


def heirs_of(before: State, steps: Sequence[Step]) -> dict[str, list[str]]:
    """By the name that is no more: what its studies are called now. Nothing for one that was simply deleted."""
    names = [step for step in steps if isinstance(step, NameStep)]
    after = {**before.names, **{step.name_id: step.after for step in names if step.after is not None}}
    heirs: dict[str, list[str]] = {}
    for gone in names:
        if gone.before is None:
            continue
        if gone.after is not None:
            heirs[gone.before] = [gone.after]
            continue
        moved = {
            step.after.name_id
            for step in steps
            if isinstance(step, RawStep)
            and step.before is not None
            and step.before.name_id == gone.name_id
            and step.after is not None
        }
        if moved:
            heirs[gone.before] = sorted(after[name_id] for name_id in moved)
    return heirs


def _now(name: str, heirs: dict[str, list[str]], kept: set[str]) -> list[str]:
    if name not in heirs:
        return [name]
    return [name, *heirs[name]] if name in kept else heirs[name]
