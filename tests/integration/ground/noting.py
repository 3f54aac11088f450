"""A handler that notes what it was told, and the table where it does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import text

from dosebus.events.export import ExportCancelled, ExportCancelRequested
from dosebus.store.engine import Database
from dosebus.store.transaction import Transaction


@contextmanager
def noting_database(url: str) -> Iterator[Database]:
    """The schema `export` with nothing noted, received or to send."""
    with psycopg.connect(url, autocommit=True, options="-c role=dosebus_export") as connection:
        connection.execute("DROP TABLE IF EXISTS export.note")
        connection.execute(
            "CREATE TABLE export.note (export_id uuid, written_by xid8 DEFAULT pg_current_xact_id())"
        )
        connection.execute("TRUNCATE export.inbox, export.outbox")
    opened = Database(url, schema="export", service="export")
    yield opened
    opened.close()


def note(event: ExportCancelRequested, tx: Transaction) -> None:
    """Note the command with the transaction that does it, and say so."""
    tx.execute(text("INSERT INTO export.note (export_id) VALUES (:id)"), {"id": event.export_id})
    tx.publish(ExportCancelled(export_id=event.export_id))
