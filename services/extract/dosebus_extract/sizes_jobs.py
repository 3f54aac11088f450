"""Imports of patient sizes as rows: asked for, held, told of, ended."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row
from sqlalchemy.dialects.postgresql import insert

from dosebus.events.extract import SizeImportFinished, SizeImportRequested
from dosebus.store.tables.dose_imports import size_import, size_import_line
from dosebus.store.transaction import Transaction
from dosebus_extract.blobs_given_up import give_up
from dosebus_extract.sizes_import import RowOutcome

J = size_import.c
L = size_import_line.c
WAITING = ("queued", "running")
OPTIONS = frozenset(SizeImportRequested.model_fields) - {"import_id", "blob_key", "requested_by"}


def add(tx: Transaction, event: SizeImportRequested, traceparent: str | None) -> None:
    """Queue an import; the same request twice is one job."""
    tx.execute(
        insert(size_import)
        .values(
            import_id=event.import_id,
            state="queued",
            options=event.model_dump(include=set(OPTIONS)),
            file_key=event.blob_key,
            requested_by=event.requested_by,
            requested_at=datetime.now(UTC),
            traceparent=traceparent,
        )
        .on_conflict_do_nothing(index_elements=[J.import_id])
    )


def get(tx: Transaction, import_id: UUID) -> Row[Any] | None:
    """An import, locked until the transaction ends."""
    return tx.execute(sa.select(size_import).where(J.import_id == import_id).with_for_update()).first()


def waiting(connection: Connection) -> list[UUID]:
    """Imports that are not ended, those first that were asked for first."""
    found = sa.select(J.import_id).where(J.state.in_(WAITING)).order_by(J.requested_at)
    return list(connection.execute(found).scalars())


def hold(connection: Connection, import_id: UUID) -> bool:
    """Take an import for as long as the connection lives; False while another holds it."""
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_lock(_key(import_id)))).scalar())


def let_go(connection: Connection, import_id: UUID) -> None:
    """Give an import back."""
    connection.execute(sa.select(sa.func.pg_advisory_unlock(_key(import_id))))


def change(tx: Transaction, import_id: UUID, **values: object) -> None:
    """Set columns of an import."""
    tx.execute(sa.update(size_import).where(J.import_id == import_id).values(**values))


def enter(tx: Transaction, import_id: UUID, outcomes: Iterable[RowOutcome]) -> None:
    """Write down what became of lines, without their keys: those may be accession numbers."""
    rows = [
        {
            "import_id": import_id,
            "line": one.line,
            "study_instance_uid": one.study_instance_uid or "",
            "outcome": one.code,
            "reason": one.reason,
        }
        for one in outcomes
    ]
    if rows:
        tx.execute(insert(size_import_line).values(rows).on_conflict_do_nothing())


def entered_after(connection: Connection, import_id: UUID, line: int) -> frozenset[tuple[int, str]]:
    """Lines behind `line` that were done before the import broke off, with their studies."""
    found = sa.select(L.line, L.study_instance_uid).where(L.import_id == import_id, L.line > line)
    return frozenset((row.line, row.study_instance_uid) for row in connection.execute(found))


def counts(tx: Transaction, import_id: UUID) -> dict[str, int]:
    """How many lines became what."""
    number = sa.func.count().label("number")
    select = sa.select(L.outcome, number).where(L.import_id == import_id).group_by(L.outcome)
    return {row.outcome: row.number for row in tx.execute(select)}


def end(
    tx: Transaction,
    job: Row[Any],
    state: Literal["done", "failed", "cancelled"],
    *,
    log_key: str | None = None,
    reason: str | None = None,
) -> dict[str, int]:
    """End an import: its file goes, its lines are in the log, and everybody is told. Gives the counts."""
    told = counts(tx, job.import_id)
    change(
        tx,
        job.import_id,
        state=state,
        finished_at=datetime.now(UTC),
        file_key=None,
        log_key=log_key,
        counts=told,
        reason=reason,
    )
    tx.execute(sa.delete(size_import_line).where(L.import_id == job.import_id))
    if job.file_key is not None:
        give_up(tx, job.file_key)
    tx.publish(
        SizeImportFinished(import_id=job.import_id, state=state, counts=told), subject=str(job.import_id)
    )
    return told


def _key(import_id: UUID) -> int:
    return int.from_bytes(sha256(f"dosebus:sizes:{import_id}".encode()).digest()[:8], signed=True)
