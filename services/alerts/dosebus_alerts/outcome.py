"""What became of an attempt to deliver a message, written down in one transaction: state, events, audit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from dosebus.domain.alerting import OPEN_STATES
from dosebus.events.alerts import AlertMailFailed, AlertMailSent, AlertWorkProgressed
from dosebus.store.transaction import Transaction
from dosebus_alerts import addresses, audit, outbound
from dosebus_alerts.casebook import with_state


@dataclass(frozen=True)
class Outcome:
    """What became of an attempt, why, and when the next one is due."""

    state: outbound.State
    reason_code: str | None = None
    text: str | None = None
    due: datetime | None = None


def write_outcome(tx: Transaction, row: Row[Any], outcome: Outcome) -> None:
    """The message's new state, what it says of its address, and what follows for the alerts it tells of."""
    now = datetime.now(UTC)
    values: dict[str, object] = {"reason_code": outcome.reason_code, "last_error": outcome.text}
    if outcome.state == "sent":
        values["sent_at"] = now
    elif outcome.state == "queued":
        values["next_attempt_at"] = outcome.due or now
    if not outbound.finish(tx, row.id, row.claim, outcome.state, **values):
        return
    if outcome.state == "sent":
        addresses.note_taken(tx, row)
    elif outcome.state == "failed":
        addresses.note_refused(tx, row, outcome.reason_code or "", outcome.text)
    if row.kind == "test":
        tx.publish(AlertWorkProgressed(work="test", work_id=row.id))
    entries = []
    for told in outbound.told_by(tx, row.id) if row.kind == "digest" else [row]:
        if told.alert_id is None or outcome.state == "cancelled":
            continue
        _publish(tx, told.alert_id, row, outcome)
        if outcome.state != "queued":
            settle_alert(tx, told.alert_id)
            entries.append(_entry(told.alert_id, row, outcome))
    audit.append(tx, entries)


def write_bounce(tx: Transaction, mail_id: UUID, status: str, text: str) -> bool:
    """A message that came back: its new state, and what follows for its address and for the alerts that it tells of.

    False where it was not sent, or came back before.
    """
    row = outbound.bounce(tx, mail_id, status, text)
    if row is None:
        return False
    addresses.note_bounced(tx, row, status, text)
    if row.kind == "test":
        tx.publish(AlertWorkProgressed(work="test", work_id=row.id))
    outcome = Outcome("failed", "bounced")
    entries = []
    for told in outbound.told_by(tx, row.id) if row.kind == "digest" else [row]:
        if told.alert_id is not None:
            _publish(tx, told.alert_id, row, outcome)
            settle_alert(tx, told.alert_id)
            details = {"mail_id": str(row.id), "kind": row.kind, "recipient_id": row.recipient_id}
            entries.append(audit.Entry("mail_bounced", told.alert_id, details | {"status": status}))
    audit.append(tx, entries)
    return True


def write_arrival(tx: Transaction, mail_id: UUID, by: str) -> bool:
    """A person says that a message in doubt did arrive; False for one that is in no doubt."""
    row = outbound.confirm(tx, mail_id)
    if row is None:
        return False
    addresses.note_taken(tx, row)
    entries = []
    for told in outbound.told_by(tx, row.id) if row.kind == "digest" else [row]:
        if told.alert_id is not None:
            _publish(tx, told.alert_id, row, Outcome("sent"))
            settle_alert(tx, told.alert_id)
            entries.append(audit.Entry("mail_confirmed", told.alert_id, {"mail_id": str(row.id)}, by))
    audit.append(tx, entries)
    return True


def settle_alert(tx: Transaction, alert_id: UUID) -> None:
    """Let the state of an alert follow from those of its mails, as long as no person has dealt with it."""
    states = outbound.states_of(tx, alert_id)
    if states & outbound.UNDER_WAY:
        return
    after = "failed" if states.intersection(outbound.STRANDED) else "sent"
    with_state(tx, alert_id, OPEN_STATES, after)


def _publish(tx: Transaction, alert_id: UUID, row: Row[Any], outcome: Outcome) -> None:
    if outcome.state == "sent":
        tx.publish(AlertMailSent(alert_id=alert_id, mail_id=row.id))
        return
    tx.publish(
        AlertMailFailed(
            alert_id=alert_id,
            mail_id=row.id,
            reason_code=outcome.reason_code or outcome.state,
            attempt=row.attempts,
            final=outcome.state != "queued",
        )
    )


def _entry(alert_id: UUID, row: Row[Any], outcome: Outcome) -> audit.Entry:
    details = {
        "mail_id": str(row.id),
        "kind": row.kind,
        "channel": row.channel,
        "recipient_id": row.recipient_id,
        "reason_code": outcome.reason_code,
    }
    return audit.Entry(f"mail_{outcome.state}", alert_id, details)
