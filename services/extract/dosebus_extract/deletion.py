"""Objects that do not stay after they were read: what the policy deletes, and what is kept for a download."""

from __future__ import annotations

from collections.abc import Set
from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa

from dosebus.domain.reading import DeletionClass, deletion_class
from dosebus.events.extract import KeptObjectsDeletionRequested
from dosebus.store.tables import dose
from dosebus.store.transaction import Transaction
from dosebus_extract.blobs_given_up import give_up

O = dose.dicom_object.c  # noqa: E741 - the table's columns
AT_A_TIME = 500


def delete_after_reading(tx: Transaction, object_id: UUID, deletes: Set[DeletionClass]) -> bool:
    """Delete an object if the policy says so; says whether it did. Its row stays, without a blob."""
    if not deletes:
        return False
    row = tx.execute(
        sa.select(O.outcome, O.kind, O.blob_key, O.kept_for_download).where(O.object_id == object_id)
    ).first()
    if row is None or row.blob_key is None or row.kept_for_download:
        return False
    if deletion_class(row.outcome, row.kind) not in deletes:
        return False
    _delete(tx, {object_id: row.blob_key})
    return True


def keep_for_download(tx: Transaction, object_id: UUID) -> None:
    """Offer an object that was set aside for download."""
    tx.execute(sa.update(dose.dicom_object).where(O.object_id == object_id).values(kept_for_download=True))


def forget_for_download(tx: Transaction, object_id: UUID) -> None:
    """Offer an object for download no more, since it is read again."""
    tx.execute(
        sa.update(dose.dicom_object)
        .where(O.object_id == object_id, O.kept_for_download)
        .values(kept_for_download=False)
    )


def delete_kept(tx: Transaction, wish: KeptObjectsDeletionRequested) -> None:
    """Delete some of the objects that were kept for download, and ask for the rest."""
    rows = tx.execute(
        sa.select(O.object_id, O.blob_key)
        .where(O.kept_for_download, O.received_at <= wish.received_until)
        .order_by(O.received_at)
        .limit(AT_A_TIME)
    ).all()
    _delete(tx, {row.object_id: row.blob_key for row in rows})
    if len(rows) == AT_A_TIME:
        tx.publish(wish)


def _delete(tx: Transaction, blobs: dict[UUID, str | None]) -> None:
    tx.execute(
        sa.update(dose.dicom_object)
        .where(O.object_id.in_(blobs))
        .values(blob_key=None, deleted_at=datetime.now(UTC), kept_for_download=False)
    )
    for key in sorted({key for key in blobs.values() if key is not None}):
        give_up(tx, key)
