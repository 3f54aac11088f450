"""Tables of patient sizes that wait for their import: rows of web, files in the blob store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from dosebus.blobs.blobs import Blobs
from dosebus.sizes.upload import SALT_BYTES, keep_upload
from dosebus.store.engine import Database
from dosebus.store.tables.web import size_upload
from dosebus.store.transaction import Transaction

U = size_upload.c
LONGEST_WAIT = timedelta(hours=24)
"""A table that nobody imported by then is deleted: it holds patient data."""


def keep(database: Database, blobs: Blobs, account_id: int, chunks: Iterable[bytes]) -> UUID:
    """Keep an uploaded file for its preview; gives its id. Raises OSError."""
    upload_id = uuid4()
    key = keep_upload(blobs, chunks)
    row = {"upload_id": upload_id, "account_id": account_id, "blob_key": key}
    with database.transaction() as tx:
        tx.execute(sa.insert(size_upload).values(row | {"size_bytes": blobs.size(key) - SALT_BYTES}))
    return upload_id


def of(connection: sa.Connection, account_id: int, upload_id: UUID) -> sa.Row[Any] | None:
    """One's own upload."""
    where = sa.and_(U.upload_id == upload_id, U.account_id == account_id)
    return connection.execute(sa.select(size_upload).where(where)).first()


def take(tx: Transaction, upload_id: UUID) -> bool:
    """Let go of an upload, whose file goes on to its import or is deleted; False when it was taken before."""
    gone = tx.execute(sa.delete(size_upload).where(U.upload_id == upload_id).returning(U.upload_id))
    return gone.first() is not None


def delete_old(database: Database, blobs: Blobs, longest: timedelta = LONGEST_WAIT) -> int:
    """Delete the files that nobody imported; says how many."""
    with database.transaction() as tx:
        old = sa.delete(size_upload).where(U.uploaded_at < datetime.now(UTC) - longest)
        keys = list(tx.execute(old.returning(U.blob_key)).scalars())
        for key in keys:
            blobs.delete(key)
    return len(keys)
