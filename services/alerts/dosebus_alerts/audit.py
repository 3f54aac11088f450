"""The audit chain: who did what with which alert, each entry sealed with the hash of the one before."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from dosebus.store.tables.alerts import audit
from dosebus.store.transaction import Transaction
from dosebus_alerts.locks import lock_audit

GENESIS = "0" * 64
"""The hash before the first entry."""
SYSTEM = "dosebus"
"""The actor where no person acts."""


@dataclass(frozen=True)
class Entry:
    """One thing that happened. `details` holds plain JSON values and no patient data."""

    action: str
    alert_id: UUID | None
    details: Mapping[str, Any] = field(default_factory=dict)
    actor: str = SYSTEM


@dataclass(frozen=True)
class Verdict:
    """What `verify` found: the number of sound entries, the last hash, and the first entry that does not fit."""

    entries: int
    head: str
    broken_at: int | None
    reason: str | None = None
    head_found: bool = False
    """Whether the hash that was looked for is that of an entry."""


def seal(previous: str, seq: int, at: datetime, entry: Entry) -> str:
    """The SHA-256 of an entry in canonical JSON, the previous hash included."""
    content = {
        "previous_hash": previous,
        "seq": seq,
        "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor,
        "action": entry.action,
        "alert_id": None if entry.alert_id is None else str(entry.alert_id),
        "details": dict(entry.details),
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(canonical.encode()).hexdigest()


def append(tx: Transaction, entries: Iterable[Entry]) -> None:
    """Append entries; the last thing a transaction does, because it holds the chain until the commit."""
    waiting = list(entries)
    if not waiting:
        return
    lock_audit(tx)
    last = tx.execute(sa.select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)).first()
    seq, previous = (last.seq, last.hash) if last else (0, GENESIS)
    rows: list[dict[str, Any]] = []
    for entry in waiting:
        seq += 1
        at = datetime.now(UTC)
        sealed = seal(previous, seq, at, entry)
        rows.append(
            {
                "seq": seq,
                "at": at,
                "actor": entry.actor,
                "action": entry.action,
                "alert_id": entry.alert_id,
                "details": dict(entry.details),
                "previous_hash": previous,
                "hash": sealed,
            }
        )
        previous = sealed
    tx.execute(sa.insert(audit), rows)


def verify(connection: Connection, noted_head: str | None = None) -> Verdict:
    """Recompute the whole chain. That its end was cut off shows only against a head noted elsewhere."""
    previous, count, found = GENESIS, 0, noted_head == GENESIS
    for row in connection.execute(
        sa.select(audit).order_by(audit.c.seq), execution_options={"yield_per": 1000}
    ):
        entry = Entry(row.action, row.alert_id, row.details, row.actor)
        if row.seq != count + 1:
            return Verdict(count, previous, count + 1, "it is missing")
        if row.previous_hash != previous:
            return Verdict(count, previous, row.seq, "it does not continue the entry before")
        if row.hash != seal(previous, row.seq, row.at, entry):
            return Verdict(count, previous, row.seq, "it was changed after it was written")
        previous, count = row.hash, row.seq
        found = found or previous == noted_head
    return Verdict(count, previous, None, head_found=found)
