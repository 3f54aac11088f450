"""Blobs that nothing needs any more: given up in a transaction, deleted after it, never while an object has them."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from prometheus_client import Counter
from sqlalchemy.dialects.postgresql import insert

from dosebus.blobs.blobs import Blobs
from dosebus.store.engine import Database
from dosebus.store.tables import dose
from dosebus.store.tables.dose_imports import blob_to_delete
from dosebus.store.transaction import Transaction

DELETED = Counter(
    "dosebus_blobs_deleted_total", "Blobs that were deleted because nothing needed them any more"
)
G = blob_to_delete.c
O = dose.dicom_object.c  # noqa: E741 - the table's columns
AT_A_TIME = 200


def give_up(tx: Transaction, blob_key: str) -> None:
    """Have a blob deleted once this transaction stands and no object refers to it."""
    row = {"blob_key": blob_key, "asked_at": datetime.now(UTC)}
    tx.execute(insert(blob_to_delete).values(row).on_conflict_do_nothing())


def delete_given_up(database: Database, blobs: Blobs) -> int:
    """Delete the blobs that were given up; says how many.

    A blob goes before its row does: whatever ends the process between the two, the next run comes upon the row again,
    and deleting twice is harmless. What an object refers to stays, and is forgotten here.
    """
    deleted = 0
    while keys := _some(database):
        with database.transaction() as tx:
            held = set(
                tx.execute(
                    sa.select(G.blob_key).where(G.blob_key.in_(keys)).with_for_update(skip_locked=True)
                ).scalars()
            )
            referred = set(tx.execute(sa.select(O.blob_key).where(O.blob_key.in_(held))).scalars())
            for key in sorted(held - referred):
                blobs.delete(key)
            tx.execute(sa.delete(blob_to_delete).where(G.blob_key.in_(held)))
        deleted += len(held - referred)
        DELETED.inc(len(held - referred))
        if len(held) < len(keys):
            # Another process works on the others.
            return deleted
    return deleted


def _some(database: Database) -> list[str]:
    with database.reading() as connection:
        select = sa.select(G.blob_key).order_by(G.asked_at).limit(AT_A_TIME)
        return list(connection.execute(select).scalars())
