"""Re-derivations as rows: asked for, worked on, ready to be swapped in, ended."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row
from sqlalchemy.dialects.postgresql import ARRAY, insert

from dosebus.events.rederivation import RederivationProgressed, Selection
from dosebus.store.tables import dose
from dosebus.store.tables.dose_changes import rederivation, rederivation_difference, rederivation_study
from dosebus.store.transaction import Transaction
from dosebus_extract.record import extractor_version
from dosebus_extract.rederivation_difference import FieldSum

S = dose.study.c
J = rederivation.c
R = rederivation_study.c
D = rederivation_difference.c
VERSION_FORM = re.compile(r"\d{1,9}(\.\d{1,9})*")
EXAMPLES = 5


def add(tx: Transaction, job_id: UUID, selection: Selection, requested_by: str) -> None:
    """Queue a re-derivation; the same request twice is one. Raises ValueError for a version that is none."""
    below = selection.extractor_below
    if below is not None and not VERSION_FORM.fullmatch(below):
        raise ValueError(f"{below!r} is no version such as 1.2.0")
    row = {
        "id": job_id,
        "selection": selection.model_dump(mode="json", exclude_none=True),
        "state": "queued",
        "requested_by": requested_by,
        "requested_at": datetime.now(UTC),
    }
    tx.execute(insert(rederivation).values(row).on_conflict_do_nothing(index_elements=[J.id]))


def get(tx: Transaction, job_id: UUID) -> Row[Any] | None:
    """A job, locked until the transaction ends."""
    return tx.execute(sa.select(rederivation).where(J.id == job_id).with_for_update()).first()


def waiting(connection: Connection) -> list[UUID]:
    """Jobs that a worker has to do with, in the order in which they were asked for."""
    found = sa.select(J.id).where(J.state.in_(("queued", "running", "applying"))).order_by(J.requested_at)
    return list(connection.execute(found).scalars())


def change(tx: Transaction, job_id: UUID, **values: object) -> None:
    """Set columns of a job; a new state is told."""
    tx.execute(sa.update(rederivation).where(J.id == job_id).values(**values))
    if "state" in values:
        tell(tx, job_id, str(values["state"]))


def tell(tx: Transaction, job_id: UUID, state: str) -> None:
    """Let open pages look again."""
    tx.publish(RederivationProgressed(rederivation_id=job_id, state=state), subject=str(job_id))


def ask_to_apply(tx: Transaction, job_id: UUID, username: str) -> bool:
    """Let a shadow that is ready be swapped in; says whether it was."""
    row = get(tx, job_id)
    if row is None or row.state != "ready" or row.discarded_at is not None:
        return False
    settled = sa.select(sa.func.count()).where(
        R.rederivation_id == job_id, R.state.in_(("failed", "swapped"))
    )
    change(
        tx,
        job_id,
        state="applying",
        applied_by=username,
        apply_requested_at=datetime.now(UTC),
        studies_done=settled.scalar_subquery(),
        attempts=0,
        reason=None,
    )
    return True


def ask_to_stop(tx: Transaction, job_id: UUID, *, discard: bool) -> None:
    """Stop a job: at once if nobody works on it, else its worker stops after the study in hand."""
    row = get(tx, job_id)
    if row is None:
        return
    now = datetime.now(UTC)
    if row.state in ("running", "applying"):
        change(tx, job_id, cancel_requested=True, discarded_at=now if discard else row.discarded_at)
    elif row.state == "queued" or (row.state == "ready" and discard):
        change(tx, job_id, state="cancelled", finished_at=now)
    if discard and row.state not in ("running", "applying"):
        forget(tx, job_id)


def forget(tx: Transaction, job_id: UUID) -> None:
    """Throw a shadow away; the job stays with its counts."""
    tx.execute(sa.delete(rederivation_study).where(R.rederivation_id == job_id))
    tx.execute(sa.delete(rederivation_difference).where(D.rederivation_id == job_id))
    change(tx, job_id, discarded_at=datetime.now(UTC))


def chosen(selection: Selection) -> sa.Select[Any]:
    """The studies of a selection: their ids and devices."""
    select = sa.select(S.id, S.device_id)
    if selection.device_id is not None:
        select = select.where(S.device_id == selection.device_id)
    if selection.modality_type is not None:
        select = select.where(S.modality_types.contains([selection.modality_type]))
    if selection.date_from is not None:
        select = select.where(S.study_date >= selection.date_from)
    if selection.date_to is not None:
        select = select.where(S.study_date <= selection.date_to)
    if selection.extractor_below is not None:
        numbers = [int(one) for one in selection.extractor_below.split(".")]
        said = sa.func.substring(S.extractor_version, r"^\d{1,9}(?:\.\d{1,9})*")
        found = sa.cast(sa.func.string_to_array(said, "."), ARRAY(sa.BigInteger))
        # What names no version at all was not read by a released extractor.
        select = select.where(sa.or_(found.is_(None), found < sa.literal(numbers, ARRAY(sa.BigInteger))))
    return select


def begin(tx: Transaction, job_id: UUID, selection: Selection, people_key: str) -> None:
    """List the studies of a queued job and let it run."""
    wanted = chosen(selection).subquery()
    rows = sa.select(sa.literal(job_id), wanted.c.id, wanted.c.device_id, sa.literal("waiting"))
    columns = ["rederivation_id", "study_id", "device_id", "state"]
    statement = insert(rederivation_study).from_select(columns, rows).on_conflict_do_nothing()
    total = tx.execute(statement).rowcount
    change(
        tx,
        job_id,
        state="running",
        started_at=datetime.now(UTC),
        studies_total=total,
        extractor_version=extractor_version(),
        people_key=people_key,
    )


def next_studies(connection: Connection, job_id: UUID, states: tuple[str, ...], limit: int) -> list[int]:
    """The next studies of a job that are in one of these states."""
    found = (
        sa.select(R.study_id)
        .where(R.rederivation_id == job_id, R.state.in_(states))
        .order_by(R.study_id)
        .limit(limit)
    )
    return [int(one) for one in connection.execute(found).scalars()]


def count(tx: Transaction, job_id: UUID, **more: int) -> None:
    """Add to the counters of a job."""
    values = {name: rederivation.c[name] + number for name, number in more.items() if number}
    if values:
        tx.execute(sa.update(rederivation).where(J.id == job_id).values(values))


def add_to_summary(
    tx: Transaction, job_id: UUID, study_id: int, device_id: int, sums: Iterator[FieldSum] | list[FieldSum]
) -> None:
    """Add a study's differences to the job's summary by field and device."""
    rows = [
        {
            "rederivation_id": job_id,
            "field": one.field,
            "device_id": device_id,
            "studies": 1,
            "places": one.places,
            "largest_relative": one.largest_relative,
            "examples": [study_id],
        }
        for one in sums
    ]
    if not rows:
        return
    statement = insert(rederivation_difference).values(rows)
    new = statement.excluded
    joined = sa.func.array_cat(D.examples, new.examples, type_=ARRAY(sa.BigInteger))
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=["rederivation_id", "field", "device_id"],
            set_={
                "studies": D.studies + new.studies,
                "places": D.places + new.places,
                "largest_relative": sa.func.greatest(D.largest_relative, new.largest_relative),
                "examples": sa.case((sa.func.cardinality(D.examples) < EXAMPLES, joined), else_=D.examples),
            },
        )
    )
