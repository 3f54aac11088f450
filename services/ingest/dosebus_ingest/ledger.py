"""Writes arrivals down, many at a time: those that wait while one commit runs share the next."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DataError

from dosebus.events.ingest import ObjectStored
from dosebus.store.engine import Database
from dosebus.store.tables.dose import dicom_object
from dosebus.store.tables.ingest import object_
from dosebus.store.transaction import Transaction
from dosebus.telemetry import traces

BATCH = 64


@dataclass(slots=True, eq=False)
class Entry:
    """A row that waits to be written, and what became of it."""

    row: Mapping[str, Any]
    traceparent: str | None = None
    duplicate_of: UUID | None = None
    error: BaseException | None = None
    written: bool = field(default=False)


class Ledger:
    """The table `ingest.object` with its outbox, committed in groups.

    There is no writer thread: whoever gets the lock writes for all who wait. So a lone association pays no
    change of thread, and a hundred of them one commit for many objects.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[Entry] = []
        self._queue_lock = threading.Lock()
        self._write_lock = threading.Lock()

    def write(self, entry: Entry) -> Entry:
        """Write an entry; it is committed when this returns. Raises sqlalchemy.exc.DBAPIError.

        A row of status `stored` whose SOP instance and bytes were there before becomes a `duplicate`
        (`duplicate_of` tells of what) and its event is not published.
        """
        with self._queue_lock:
            self._waiting.append(entry)
        with self._write_lock:
            while not entry.written:
                self._write_waiting()
        if entry.error is not None:
            raise entry.error
        return entry

    def has_let_go_of(self, object_id: UUID, blob_key: str) -> bool:
        """Whether an object was read and does not refer to its bytes any more: deleted, or an image without pixels.

        Then bytes that come again have nothing to be kept for. One that was not read yet still needs them.
        """
        read = dicom_object.c
        with self._database.reading() as connection:
            keys = connection.execute(
                sa.select(read.blob_key).where(sa.or_(read.object_id == object_id, read.blob_key == blob_key))
            ).scalars()
            found = list(keys)
        return bool(found) and blob_key not in found

    def _write_waiting(self) -> None:
        with self._queue_lock:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
        error = self._try(batch)
        if isinstance(error, DataError) and len(batch) > 1:
            # One row that the database does not take must not keep its neighbours out.
            for entry in batch:
                entry.error = self._try([entry])
        else:
            for entry in batch:
                entry.error = error
        for entry in batch:
            entry.written = True

    def _try(self, batch: Sequence[Entry]) -> BaseException | None:
        try:
            with self._database.transaction() as tx:
                _write(tx, batch)
        except BaseException as error:  # noqa: BLE001 - handed to every waiting thread, which raises it
            return error
        return None


def _write(tx: Transaction, batch: Sequence[Entry]) -> None:
    fresh = _insert_new(tx, batch)
    repeats = [entry for entry in batch if entry.row["object_id"] not in fresh]
    for entry in repeats:
        _insert_duplicate(tx, entry)
    for entry in batch:
        if entry.duplicate_of is None and entry.row["status"] == "stored":
            with traces.continued(entry.traceparent):
                tx.publish(_event(entry.row), subject=str(entry.row["object_id"]))


def _insert_new(tx: Transaction, batch: Sequence[Entry]) -> set[UUID]:
    """Insert what is not there yet; gives the ids inserted. Sorted, so that two writers cannot deadlock."""
    rows = sorted(
        (dict(entry.row) for entry in batch), key=lambda row: (row["sop_instance_uid"], row["object_id"])
    )
    statement = (
        insert(object_)
        .on_conflict_do_nothing(
            index_elements=[object_.c.sop_instance_uid, object_.c.blob_key],
            index_where=sa.text("status = 'stored'"),
        )
        .returning(object_.c.object_id)
    )
    return set(tx.execute(statement, rows).scalars())


def _insert_duplicate(tx: Transaction, entry: Entry) -> None:
    first = tx.execute(
        sa.select(object_.c.object_id).where(
            object_.c.sop_instance_uid == entry.row["sop_instance_uid"],
            object_.c.blob_key == entry.row["blob_key"],
            object_.c.status == "stored",
        )
    ).scalar_one()
    entry.duplicate_of = first
    tx.execute(object_.insert(), [{**entry.row, "status": "duplicate", "duplicate_of": first}])


def _event(row: Mapping[str, Any]) -> ObjectStored:
    return ObjectStored(**{name: row[name] for name in ObjectStored.model_fields})
