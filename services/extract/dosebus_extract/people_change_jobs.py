"""Changes of what is stored of people as rows: asked for, worked on, ended."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row
from sqlalchemy.dialects.postgresql import insert

from dosebus.events.people import PeopleChangeProgressed, PeopleChangeRequested
from dosebus.store.tables import dose
from dosebus.store.tables.dose_changes import people_change, people_change_study
from dosebus.store.transaction import Transaction
from dosebus_extract.people_change import ITEMS

S = dose.study.c
J = people_change.c
R = people_change_study.c
WAITING = ("queued", "running")


def add(tx: Transaction, event: PeopleChangeRequested) -> None:
    """Queue a change; the same request twice is one."""
    running = sa.func.pg_current_snapshot()
    row = {
        "id": event.people_change_id,
        "choices": event.model_dump(include={item.key for item in ITEMS}),
        "state": "queued",
        "requested_by": event.requested_by,
        "requested_at": datetime.now(UTC),
        "fence": sa.cast(sa.func.pg_snapshot_xmax(running), sa.Text),
    }
    tx.execute(insert(people_change).values(row).on_conflict_do_nothing(index_elements=[J.id]))
    tell(tx, event.people_change_id, "queued")


def get(tx: Transaction, job_id: UUID) -> Row[Any] | None:
    """A job, locked until the transaction ends."""
    return tx.execute(sa.select(people_change).where(J.id == job_id).with_for_update()).first()


def first_waiting(connection: Connection) -> UUID | None:
    """The job to do next: changes follow each other, as the later one is meant to win."""
    found = sa.select(J.id).where(J.state.in_(WAITING)).order_by(J.requested_at, J.id).limit(1)
    return connection.execute(found).scalar()


def is_past(connection: Connection, fence: str) -> bool:
    """Whether every transaction has ended that may have read the policy before it was changed."""
    oldest = sa.func.pg_snapshot_xmin(sa.func.pg_current_snapshot())
    number = sa.cast(sa.cast(oldest, sa.Text), sa.Numeric)
    return bool(connection.execute(sa.select(number >= int(fence))).scalar())


def change(tx: Transaction, job_id: UUID, **values: object) -> None:
    """Set columns of a job; a new state is told."""
    tx.execute(sa.update(people_change).where(J.id == job_id).values(**values))
    if "state" in values:
        tell(tx, job_id, str(values["state"]))


def tell(tx: Transaction, job_id: UUID, state: str) -> None:
    """Let open pages look again."""
    tx.publish(PeopleChangeProgressed(people_change_id=job_id, state=state), subject=str(job_id))


def ask_to_stop(tx: Transaction, job_id: UUID) -> None:
    """Stop a job: at once if it waits, else before its next chunk."""
    row = get(tx, job_id)
    if row is not None and row.state == "queued":
        change(tx, job_id, state="cancelled", finished_at=datetime.now(UTC))
    elif row is not None and row.state == "running":
        change(tx, job_id, cancel_requested=True)


def begin(tx: Transaction, job_id: UUID) -> None:
    """List every study: also where a column is empty, an object or a former record may tell who the patient is."""
    folded = sa.func.nullif(sa.func.lower(sa.func.btrim(S.patient_id)), "")
    patient = sa.func.coalesce(folded, sa.func.concat("study ", S.id))
    rank = sa.func.dense_rank().over(order_by=patient)
    rows = sa.select(sa.literal(job_id), S.id, rank, sa.literal("waiting"))
    columns = ["people_change_id", "study_id", "patient_rank", "state"]
    statement = insert(people_change_study).from_select(columns, rows).on_conflict_do_nothing()
    total = tx.execute(statement).rowcount
    change(tx, job_id, state="running", started_at=datetime.now(UTC), studies_total=total)


def next_chunk(connection: Connection, job_id: UUID, least: int, most: int) -> list[int]:
    """The next studies: at least so many, and all of the last one's patient, unless there are too many."""
    found = connection.execute(
        sa.select(R.study_id, R.patient_rank)
        .where(R.people_change_id == job_id, R.state == "waiting")
        .order_by(R.patient_rank, R.study_id)
        .limit(most)
    ).all()
    chunk: list[int] = []
    for index, row in enumerate(found):
        if index >= least and row.patient_rank != found[index - 1].patient_rank:
            break
        chunk.append(int(row.study_id))
    return chunk


def settle(tx: Transaction, job_id: UUID, study_id: int, state: str, reason_code: str | None = None) -> None:
    """Note what became of a study."""
    where = sa.and_(R.people_change_id == job_id, R.study_id == study_id)
    values = {"state": state, "reason_code": reason_code}
    tx.execute(sa.update(people_change_study).where(where).values(values))


def count(tx: Transaction, job_id: UUID, **more: int) -> None:
    """Add to the counters of a job."""
    values = {name: people_change.c[name] + number for name, number in more.items() if number}
    if values:
        tx.execute(sa.update(people_change).where(J.id == job_id).values(values))
