"""Studies to export, written straight into the dose schema, and the worker that exports them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from dosebus.blobs.files import FileBlobs
from dosebus.events.export import ExportRequested
from dosebus.store.engine import Database
from dosebus.store.tables import dose
from dosebus.store.tables.export import job
from dosebus_export import jobs
from dosebus_export.worker import Worker, Workshop

START = datetime(2026, 1, 1, 8)  # noqa: DTZ001 - the device's own time


@dataclass
class Radiology:
    """The dose schema as extract writes it, and export's own as it answers."""

    extract: Database
    export: Database
    blobs: FileBlobs

    def clear(self) -> None:
        """No studies and no jobs."""
        with self.extract.transaction() as tx:
            tx.execute(sa.delete(dose.study))
        with self.export.transaction() as tx:
            tx.execute(sa.delete(job))
            tx.execute(sa.text("DELETE FROM export.outbox"))

    def ct(self, count: int, events: int = 2, **values: Any) -> None:
        """So many CT studies, a minute apart, each with so many events."""
        with self.extract.transaction() as tx:
            for number in range(count):
                study_id = tx.execute(
                    sa.insert(dose.study).values(study(f"1.2.3.{uuid4().int}", "CT", number) | values)
                    .returning(dose.study.c.id)
                ).scalar_one()  # fmt: skip
                rows = [
                    {
                        "study_id": study_id,
                        "report_index": 0,
                        "event_index": index,
                        "uid_occurrence": 1,
                        "irradiation_event_uid": f"1.2.3.{uuid4().int}",
                        "acquisition_protocol": ("Head", "=Abdomen", "Thorax/low")[index % 3],
                        "ctdivol_mgy": 10.5 + index,
                        "dlp_mgycm": 300.25,
                    }
                    for index in range(events)
                ]
                if rows:
                    tx.execute(sa.insert(dose.ct_event), rows)

    def rf(self, **values: Any) -> None:
        """One fluoroscopy study."""
        with self.extract.transaction() as tx:
            tx.execute(sa.insert(dose.study).values(study(f"1.2.4.{uuid4().int}", "RF", 0) | values))

    def ask(self, listing: str = "ct", query: str = "", file_format: str = "csv", **more: Any) -> UUID:
        """Ask for an export."""
        export_id = uuid4()
        with self.export.transaction() as tx:
            jobs.add(
                tx,
                ExportRequested(
                    export_id=export_id,
                    listing=listing,
                    query=query,
                    file_format=file_format,
                    requested_by="physicist",
                    **more,
                ),
                None,
            )
        return export_id

    def worker(self, stop: threading.Event | None = None, **values: Any) -> Worker:
        """A worker that tells of every study."""
        facts: dict[str, Any] = {"progress_s": 0.0, "poll_s": 0.01} | values
        workshop = Workshop(self.export, self.blobs, threading.Event(), **facts)
        return Worker(workshop, stop or threading.Event())

    def job(self, export_id: UUID) -> Any:
        """A job as it stands."""
        with self.export.reading() as connection:
            return connection.execute(sa.select(job).where(job.c.export_id == export_id)).first()

    def file(self, export_id: UUID) -> bytes:
        """The file of a finished job."""
        row = self.job(export_id)
        assert row.state == "completed", (row.state, row.reason)
        content = self.blobs.read(row.blob_key)
        assert len(content) == row.size_bytes
        return content

    def published(self, topic: str) -> list[dict[str, Any]]:
        """The data of the events that wait in the outbox, oldest first."""
        with self.export.reading() as connection:
            return list(
                connection.execute(
                    sa.text(
                        "SELECT convert_from(body, 'UTF8')::jsonb -> 'data' FROM export.outbox"
                        " WHERE topic = :topic ORDER BY id"
                    ),
                    {"topic": topic},
                ).scalars()
            )


def study(uid: str, modality: str, number: int) -> dict[str, Any]:
    """A row of `dose.study`."""
    at, now = START + timedelta(minutes=number), datetime.now(UTC)
    return {
        "study_instance_uid": uid,
        "modality_types": [modality],
        "modality_type": modality,
        "study_at": at,
        "study_date": at.date(),
        "study_time": at.time(),
        "study_description": f"Study {number}",
        "patient_id": "secret-id",
        "patient_name": "Secret^Name",
        "record": b"",
        "extractor_version": "test",
        "first_received_at": now,
        "recorded_at": now,
        "revision": 1,
    }


@pytest.fixture(scope="module")
def databases(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radiology]:
    """The databases and the blob store of a module."""
    folder: Path = tmp_path_factory.mktemp("blobs")
    radiology = Radiology(
        extract=Database(postgres_url, schema="dose", service="extract", pool_size=2),
        export=Database(postgres_url, schema="export", service="export"),
        blobs=FileBlobs(folder),
    )
    yield radiology
    radiology.extract.close()
    radiology.export.close()


@pytest.fixture
def radiology(databases: Radiology) -> Radiology:
    """No studies and no jobs."""
    databases.clear()
    return databases
