"""Jobs as rows: asked for, claimed, told of, ended."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row
from sqlalchemy.dialects.postgresql import insert

from dosebus.events.export import ExportRequested
from dosebus.store.tables.export import job
from dosebus.store.transaction import Transaction

WAITING = ("queued", "running")


def add(tx: Transaction, event: ExportRequested, traceparent: str | None) -> None:
    """Queue an export; the same request twice is one job."""
    tx.execute(
        insert(job)
        .values(
            export_id=event.export_id,
            listing=event.listing,
            query=event.query,
            file_format=event.file_format,
            include_patient=event.include_patient,
            requested_by=event.requested_by,
            requested_at=datetime.now(UTC),
            state="queued",
            traceparent=traceparent,
        )
        .on_conflict_do_nothing(index_elements=[job.c.export_id])
    )


def get(tx: Transaction, export_id: UUID) -> Row[Any] | None:
    """A job, locked until the transaction ends."""
    return tx.execute(sa.select(job).where(job.c.export_id == export_id).with_for_update()).first()


def waiting(connection: Connection) -> list[UUID]:
    """Jobs that are not ended, those first that were asked for first."""
    return list(
        connection.execute(
            sa.select(job.c.export_id).where(job.c.state.in_(WAITING)).order_by(job.c.requested_at)
        ).scalars()
    )


def hold(connection: Connection, export_id: UUID) -> bool:
    """Take a job for as long as the connection lives; False while another holds it.

    A process that dies lets go of its jobs at once: the lock belongs to its connection.
    """
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_lock(_key(export_id)))).scalar())


def let_go(connection: Connection, export_id: UUID) -> None:
    """Give a job back."""
    connection.execute(sa.select(sa.func.pg_advisory_unlock(_key(export_id))))


def change(tx: Transaction, export_id: UUID, **values: object) -> None:
    """Set columns of a job."""
    tx.execute(sa.update(job).where(job.c.export_id == export_id).values(**values))


def delete(tx: Transaction, export_id: UUID) -> str | None:
    """Delete a job; gives the key of its file if no other job has the same file."""
    key = tx.execute(sa.delete(job).where(job.c.export_id == export_id).returning(job.c.blob_key)).scalar()
    if key is None:
        return None
    shared = tx.execute(sa.select(job.c.export_id).where(job.c.blob_key == key).limit(1)).first()
    return None if shared else str(key)


def _key(export_id: UUID) -> int:
    return int.from_bytes(sha256(f"dosebus:export:{export_id}".encode()).digest()[:8], signed=True)
