"""Queries and retrievals as rows: what is to be done, how far it is, how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from dosebus.events.base import Event
from dosebus.events.qr import (
    Outcome,
    QueryAnswered,
    QueryProgressed,
    QueryRequested,
    RetrieveFinished,
    RetrieveProgressed,
    RetrieveRequested,
)
from dosebus.store.engine import Database
from dosebus.store.tables.qr import job as job_table
from dosebus.store.transaction import Transaction

Kind = Literal["query", "retrieve"]
UNFINISHED = ("waiting", "running")


@dataclass(frozen=True, slots=True)
class Job:
    """A query, or a retrieval of what a query kept."""

    id: UUID
    kind: Kind
    node_id: int
    query_id: UUID | None
    modalities: tuple[str, ...]
    date_from: date | None
    date_to: date | None
    study_instance_uids: tuple[str, ...] | None
    done: int
    failed: int
    total: int


def add_query(tx: Transaction, event: QueryRequested) -> None:
    """Let a query wait for its turn."""
    tx.execute(
        insert(job_table)
        .values(
            id=event.query_id,
            kind="query",
            node_id=event.node_id,
            modalities=list(event.modalities),
            date_from=event.date_from,
            date_to=event.date_to,
            requested_by=event.requested_by,
        )
        .on_conflict_do_nothing()
    )


def add_retrieval(tx: Transaction, event: RetrieveRequested) -> bool:
    """Let a retrieval wait for its turn; False when its query does not exist."""
    query = tx.execute(
        sa.select(job_table.c.node_id, job_table.c.modalities).where(
            job_table.c.id == event.query_id, job_table.c.kind == "query"
        )
    ).one_or_none()
    if query is None:
        return False
    uids = event.study_instance_uids
    tx.execute(
        insert(job_table)
        .values(
            id=event.retrieve_id,
            kind="retrieve",
            node_id=query.node_id,
            query_id=event.query_id,
            modalities=query.modalities,
            study_instance_uids=None if uids is None else list(uids),
            requested_by=event.requested_by,
        )
        .on_conflict_do_nothing()
    )
    return True


def request_cancel(tx: Transaction, job_id: UUID) -> None:
    """Ask a job to stop; one that has not begun is over at once."""
    row = tx.execute(
        sa.update(job_table)
        .where(job_table.c.id == job_id, job_table.c.state.in_(UNFINISHED))
        .values(cancel_requested=True)
        .returning(job_table)
    ).one_or_none()
    if row is not None and row.state == "waiting":
        end(tx, _job(row), "cancelled", None)


def is_cancelled(database: Database, job_id: UUID) -> bool:
    """Whether somebody asked a job to stop."""
    with database.reading() as connection:
        return bool(
            connection.execute(
                sa.select(job_table.c.cancel_requested).where(job_table.c.id == job_id)
            ).scalar_one()
        )


@contextmanager
def claimed(database: Database, kind: Kind) -> Iterator[Job | None]:
    """The oldest unfinished job of a kind that nobody works on, or None.

    The claim is an advisory lock of this session: when the process dies the lock is gone, and another one, or
    the same after its restart, goes on with the job where it stood.
    """
    with database.engine.connect() as connection:
        waiting = connection.execute(
            sa.select(job_table.c.id)
            .where(job_table.c.kind == kind, job_table.c.state.in_(UNFINISHED))
            .order_by(job_table.c.requested_at)
        ).scalars()
        for job_id in waiting.all():
            key = {"key": _lock_key(job_id)}
            if not connection.execute(sa.text("SELECT pg_try_advisory_lock(:key)"), key).scalar():
                continue
            connection.commit()
            try:
                row = connection.execute(
                    sa.select(job_table).where(job_table.c.id == job_id, job_table.c.state.in_(UNFINISHED))
                ).one_or_none()
                connection.commit()
                if row is not None:
                    yield _job(row)
                    return
            finally:
                connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), key)
                connection.commit()
        yield None


def begin(tx: Transaction, job_id: UUID) -> None:
    """Note that a job runs; a restart does not change when it began."""
    tx.execute(
        sa.update(job_table)
        .where(job_table.c.id == job_id, job_table.c.state.in_(UNFINISHED))
        .values(state="running", started_at=sa.func.coalesce(job_table.c.started_at, sa.func.now()))
    )


def note_progress(tx: Transaction, job: Job, *, done: int, failed: int, total: int, publish: bool) -> None:
    """Write down how far a job is, and tell the others if it is time to."""
    tx.execute(
        sa.update(job_table).where(job_table.c.id == job.id).values(done=done, failed=failed, total=total)
    )
    if publish:
        event: Event = (
            QueryProgressed(query_id=job.id, studies=done)
            if job.kind == "query"
            else RetrieveProgressed(retrieve_id=job.id, done=done, failed=failed, total=total)
        )
        tx.publish(event, subject=str(job.id))


def end(tx: Transaction, job: Job, outcome: Outcome, reason: str | None) -> None:
    """Note how a job ended, once, and tell the others."""
    row = tx.execute(
        sa.update(job_table)
        .where(job_table.c.id == job.id, job_table.c.state.in_(UNFINISHED))
        .values(state=outcome, reason=reason, ended_at=sa.func.now())
        .returning(job_table.c.done, job_table.c.failed)
    ).one_or_none()
    if row is None:
        return
    event: Event = (
        QueryAnswered(query_id=job.id, outcome=outcome, studies=row.done)
        if job.kind == "query"
        else RetrieveFinished(retrieve_id=job.id, outcome=outcome, done=row.done, failed=row.failed)
    )
    tx.publish(event, subject=str(job.id))


def _job(row: Any) -> Job:
    values = {name: getattr(row, name) for name in Job.__dataclass_fields__}
    uids = values["study_instance_uids"]
    values["study_instance_uids"] = None if uids is None else tuple(uids)
    values["modalities"] = tuple(values["modalities"])
    return Job(**values)


def _lock_key(job_id: UUID) -> int:
    """63 bits of the id: PostgreSQL's advisory locks are signed 64-bit numbers."""
    return job_id.int & ((1 << 63) - 1)
