"""What happened to alerts, as a recalculation tells it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Row

from dosebus.store.tables.alerts import recalculation_change
from dosebus.store.transaction import Transaction
from dosebus_alerts.rules import Breach

Kind = Literal["raised", "withdrawn", "reinstated", "revalued"]
KINDS: tuple[Kind, ...] = ("raised", "withdrawn", "reinstated", "revalued")


@dataclass(frozen=True)
class Change:
    """What happened to one alert. `before` and `after`: its value; None where it did not, or does not, stand."""

    alert_id: UUID
    change: Kind
    rule_key: str
    rule_title: str
    quantity: str
    level: float
    study_id: int
    study_instance_uid: str
    before: float | None
    after: float | None
    at_most: bool = False
    """Whether these are bounds."""

    @classmethod
    def of_breach(cls, alert_id: UUID, change: Kind, breach: Breach, before: float | None) -> Change:
        """An alert that stands now."""
        rule, study = breach.rule, breach.study
        return cls(
            alert_id=alert_id,
            change=change,
            rule_key=rule.key,
            rule_title=rule.title,
            quantity=rule.quantity,
            level=breach.level,
            study_id=study.study_id,
            study_instance_uid=study.study_instance_uid,
            before=before,
            after=breach.value,
            at_most=breach.at_most,
        )

    @classmethod
    def withdrawal(cls, row: Row[Any]) -> Change:
        """An alert that stands no more."""
        return cls(
            alert_id=row.id,
            change="withdrawn",
            rule_key=row.rule_key,
            rule_title=row.rule_title,
            quantity=row.quantity,
            level=row.level,
            study_id=row.study_id,
            study_instance_uid=row.study_instance_uid,
            before=row.value,
            after=None,
            at_most=row.at_most,
        )


def tally(changes: Iterable[Change]) -> dict[str, int]:
    """How many of each kind."""
    counted = Counter(one.change for one in changes)
    return {kind: counted[kind] for kind in KINDS}


def keep(tx: Transaction, run_id: UUID, changes: Iterable[Change]) -> None:
    """Write down what a recalculation changed."""
    rows = [asdict(change) | {"recalculation_id": run_id} for change in changes]
    if rows:
        tx.execute(sa.insert(recalculation_change), rows)
