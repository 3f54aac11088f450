"""Long jobs are held by an advisory lock of a session (ADR 12): whoever dies lets go of them at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy import Connection

from dosebus.store.engine import Database


def hold(connection: Connection, name: str) -> bool:
    """Take a job for as long as the connection lives; False while another holds it."""
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_lock(_key(name)))).scalar())


def let_go(connection: Connection, name: str) -> None:
    """Give a job back."""
    connection.execute(sa.select(sa.func.pg_advisory_unlock(_key(name))))


@contextmanager
def holding(database: Database, name: str) -> Iterator[bool]:
    """Hold a job for the length of the block; gives False where another holds it."""
    with database.engine.connect() as plain:
        connection = plain.execution_options(isolation_level="AUTOCOMMIT")
        held = hold(connection, name)
        try:
            yield held
        finally:
            if held:
                let_go(connection, name)


def _key(name: str) -> int:
    return int.from_bytes(sha256(f"dosebus:extract:{name}".encode()).digest()[:8], signed=True)
