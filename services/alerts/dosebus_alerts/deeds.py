"""What people do with alerts: acknowledge, justify, close them, and open them again."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa

from dosebus.domain.alerting import BEFORE
from dosebus.events.alerts import AlertDealtWith
from dosebus.store.tables.alerts import alert
from dosebus.store.transaction import Transaction
from dosebus_alerts import outbound
from dosebus_alerts.audit import Entry, append
from dosebus_alerts.check import check_studies

Deed = Literal["acknowledged", "justified", "closed", "reopened"]
FORGOTTEN = (
    "acknowledged_at", "acknowledged_by", "justified_at", "justified_by", "justification_code", "justification",
    "closed_at", "closed_by",
)  # fmt: skip
"""What stands no more when an alert is opened again; the audit chain keeps it."""


def deal_with(  # noqa: PLR0917 - who does what with which alert, and why
    tx: Transaction,
    alert_id: UUID,
    state: Literal["acknowledged", "justified", "closed"],
    by: str,
    justification_code: str | None,
    note: str | None = None,
) -> bool:
    """Note that a person dealt with an alert: when, who, and why. What waits of its mail is sent all the same.

    False where the alert is further on already, so that the same word twice is one.
    """
    now = datetime.now(UTC)
    values: dict[str, object] = {f"{state}_at": now, f"{state}_by": by}
    if state == "justified":
        values |= {"justification_code": justification_code, "justification": note}
    moved = tx.execute(
        sa.update(alert)
        .where(alert.c.id == alert_id, alert.c.state.in_(BEFORE[state]))
        .values(state=state, changed_at=now, **values)
    )
    if moved.rowcount != 1:
        return False
    _note(tx, alert_id, state, by, {"justification_code": justification_code}, note)
    return True


def reopen(tx: Transaction, alert_id: UUID, by: str, reason: str, sender_domain: str) -> bool:
    """Open an alert again that a person dealt with: it waits, in the state that its messages give it, until somebody
    deals with it once more. Nobody is mailed; hours without acknowledgement count anew.

    What changed meanwhile counts at once: if its level is not reached any more, it is withdrawn. False where the alert
    is open.
    """
    uid = tx.execute(sa.select(alert.c.study_instance_uid).where(alert.c.id == alert_id)).scalar()
    if uid is None:
        return False
    # Checked before too, so that all locks are taken in the order in which every check takes them.
    check_studies(tx, (uid,), "recalculation", sender_domain)
    state, now = _state_by(outbound.states_of(tx, alert_id)), datetime.now(UTC)
    told = {"reopened_at": now, "reopened_by": by, "reopening": reason}
    moved = tx.execute(
        sa.update(alert)
        .where(alert.c.id == alert_id, alert.c.state.in_(BEFORE["reopened"]))
        .values(dict.fromkeys(FORGOTTEN) | told | {"state": state, "changed_at": now})
    )
    if moved.rowcount != 1:
        return False
    _note(tx, alert_id, "reopened", by, {}, reason)
    check_studies(tx, (uid,), "recalculation", sender_domain)
    return True


def _state_by(states: set[str]) -> str:
    """The state of an open alert by those of its messages."""
    if states & outbound.UNDER_WAY:
        return "queued"
    if states.intersection(outbound.STRANDED):
        return "failed"
    return "sent" if "sent" in states else "detected"


def _note(  # noqa: PLR0917 - who did what with which alert, and in which words
    tx: Transaction, alert_id: UUID, deed: Deed, by: str, details: dict[str, Any], note: str | None
) -> None:
    if note is not None:
        # The chain seals the words by their hash; a person's words may have to be taken out one day.
        details = details | {"note_sha256": sha256(note.encode()).hexdigest()}
    tx.publish(AlertDealtWith(alert_id=alert_id, state=deed))
    append(tx, [Entry(deed, alert_id, details, by)])
