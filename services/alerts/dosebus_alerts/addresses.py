"""What is known of addresses: whether they take messages, or refuse them for good, and since when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row
from sqlalchemy.dialects.postgresql import insert

from dosebus.store.tables.alerts import address
from dosebus.store.transaction import Transaction

REFUSALS = ("recipient_refused_5", "http_3", "http_4", "not_https", "bad_url", "recipient_gone")
"""How the reason codes begin that speak of the address, and not of one message or of the server."""


def note_taken(tx: Transaction, row: Row[Any]) -> None:
    """The address took a message (row of `alerts.mail`), so whatever it refused before is over."""
    now = datetime.now(UTC)
    values = {"refused_since": None, "refusals": 0, "reason_code": None, "answer": None, "last_sent_at": now}
    _write(tx, row, values, values)


def note_refused(tx: Transaction, row: Row[Any], reason_code: str, answer: str | None) -> None:
    """The address refused a message for good; since when counts from the first time in a row."""
    if not reason_code.startswith(REFUSALS):
        return
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
