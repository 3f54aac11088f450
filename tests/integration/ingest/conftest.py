"""A running intake: DICOM listener and HTTP door on a real database and a real folder of blobs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from dosebus.blobs.files import FileBlobs
from dosebus.events.envelope import Envelope
from dosebus.store.engine import Database
from dosebus_ingest.admit import Admission
from dosebus_ingest.association.server import StorageServer
from dosebus_ingest.ledger import Ledger
from dosebus_ingest.scp import StoreService, make_server
from dosebus_ingest.settings import IngestSettings
from dosebus_ingest.spool import Spool, open_spool


@dataclass(frozen=True)
class Intake:
    """The parts of a running intake, and what it has written."""

    settings: IngestSettings
    database: Database
    blobs: FileBlobs
    spool: Spool
    admission: Admission
    server: StorageServer

    @property
    def port(self) -> int:
        return self.server.port

    def rows(self, **where: object) -> list[Any]:
        """Rows of `ingest.object`, oldest first."""
        conditions = " AND ".join(["true", *(f"{name} = :{name}" for name in where)])
        statement = sa.text(f"SELECT * FROM ingest.object WHERE {conditions} ORDER BY object_id")  # noqa: S608
        with self.database.reading() as connection:
            return list(connection.execute(statement, where).all())

    def letters(self) -> list[Envelope]:
        """Envelopes in the outbox, in order."""
        with self.database.reading() as connection:
            bodies = connection.execute(sa.text("SELECT body FROM ingest.outbox ORDER BY id")).scalars()
            return [Envelope.parse(bytes(body)) for body in bodies]


@contextmanager
def running_intake(database_url: str, folder: Path, **settings: Any) -> Iterator[Intake]:
    """An intake on free ports."""
    told = IngestSettings(dicom_port=0, min_free_bytes=0, **settings)
    database = Database(database_url, schema="ingest", service="ingest")
    with database.transaction() as tx:
        tx.execute(sa.text("DELETE FROM ingest.object"))
        tx.execute(sa.text("DELETE FROM ingest.outbox"))
    blobs = FileBlobs(folder)
    spool = open_spool(blobs, None, max_object_bytes=told.max_object_bytes, min_free_bytes=0)
    admission = Admission(blobs, Ledger(database), told.arrival_rules)
    server = make_server(told, StoreService(spool, admission))
    server.start()
    yield Intake(told, database, blobs, spool, admission, server)
    server.stop(2)
    database.close()


@pytest.fixture
def intake(postgres_url: str, tmp_path: Path) -> Iterator[Intake]:
    with running_intake(postgres_url, tmp_path / "blobs") as running:
        yield running
