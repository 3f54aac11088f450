"""What is known of addresses: whether they take messages, or refuse them for good, and since when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row
from sqlalchemy.dialects.postgresql import insert

from dosebus.store.tables.alerts import address, mail
from dosebus.store.transaction import Transaction

REFUSALS = ("recipient_refused_5", "http_3", "http_4", "not_https", "bad_url", "recipient_gone")
"""How the reason codes begin that speak of the address, and not of one message or of the server."""
BOUNCED = "bounced"
FATAL = ("5.1.", "5.2.1", "5.4.4", "5.0.0")
"""How the states of bounces (RFC 3463) begin that speak of the address: unknown, disabled, not reachable."""
PROVEN_AFTER = timedelta(days=1)
"""How long a message must not have come back to show that an address takes messages again."""


def note_taken(tx: Transaction, row: Row[Any]) -> None:
    """The address took a message (row of `alerts.mail`), so whatever it refused before is over.

    After a bounce this shows only with time: the server that takes a message is not the one that knows the mailbox.
    """
    now = datetime.now(UTC)
    if _bounces_still(tx, row, now):
        tx.execute(sa.update(address).where(address.c.address == row.address).values(last_sent_at=now))
        return
    values = {"refused_since": None, "refusals": 0, "reason_code": None, "answer": None, "last_sent_at": now}
    _write(tx, row, values, values)


def note_refused(tx: Transaction, row: Row[Any], reason_code: str, answer: str | None) -> None:
    """The address refused a message for good."""
    if reason_code.startswith(REFUSALS):
        _refuse(tx, row, reason_code, answer)


def note_bounced(tx: Transaction, row: Row[Any], status: str, answer: str) -> None:
    """A message to the address came back."""
    if status.startswith(FATAL):
        _refuse(tx, row, BOUNCED, f"{status} {answer}".strip())


def _bounces_still(tx: Transaction, row: Row[Any], now: datetime) -> bool:
    """Whether the address sent messages back, and none has stayed there for a day since."""
    reason = tx.execute(sa.select(address.c.reason_code).where(address.c.address == row.address)).scalar()
    if reason != BOUNCED:
        return False
    to_it = mail.c.address == row.address
    last = sa.select(sa.func.max(mail.c.bounced_at)).where(to_it).scalar_subquery()
    stayed = sa.select(mail.c.id).where(
        to_it, mail.c.state == "sent", mail.c.sent_at > last, mail.c.sent_at < now - PROVEN_AFTER
    )
    return tx.execute(stayed.limit(1)).first() is None


def _refuse(tx: Transaction, row: Row[Any], reason_code: str, answer: str | None) -> None:
    """Since when counts from the first time in a row."""
    now = datetime.now(UTC)
    told = {"reason_code": reason_code, "answer": answer}
    _write(
        tx,
        row,
        told | {"refused_since": now, "refusals": 1},
        told
        | {
            "refused_since": sa.func.coalesce(address.c.refused_since, now),
            "refusals": address.c.refusals + 1,
        },
    )


def _write(tx: Transaction, row: Row[Any], new: dict[str, Any], known: dict[str, Any]) -> None:
    who = {"recipient_id": row.recipient_id}
    tx.execute(
        insert(address)
        .values(address=row.address, **who, **new)
        .on_conflict_do_update(index_elements=[address.c.address], set_=who | known)
    )
