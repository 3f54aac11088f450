"""Works on jobs one after the other: one snapshot of the data, one stream into the blob store."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from opentelemetry.trace import SpanKind
from prometheus_client import Counter
from sqlalchemy import Row
from sqlalchemy.exc import DBAPIError

from dosebus.blobs.blobs import Blobs
from dosebus.catalogue.query import QueryError
from dosebus.events.export import ExportCancelled, ExportCompleted, ExportFailed, ExportProgressed
from dosebus.store.engine import Database
from dosebus.telemetry import traces
from dosebus_export import jobs
from dosebus_export.formats import FileFormat, format_called
from dosebus_export.progress import CancelledError, InterruptedExportError, Progress, UnfitError
from dosebus_export.rows import Exported, count_studies

ENDED = Counter("dosebus_exports_total", "Exports that ended, by state", ["state"])


@dataclass(frozen=True)
class Workshop:
    """What a worker needs."""

    database: Database
    blobs: Blobs
    bell: threading.Event
    poll_s: float = 1.0
    progress_s: float = 0.5
    attempts: int = 3


class Worker:
    """Takes the job that was asked for first and that nobody holds."""

    def __init__(self, workshop: Workshop, stop: threading.Event) -> None:
        self._workshop = workshop
        self._database = workshop.database
        self._stop = stop
        self._log = structlog.get_logger("dosebus.export")

    def run(self) -> None:
        """Work until told to stop. A database that is away is waited for."""
        while not self._stop.is_set():
            self._workshop.bell.clear()
            try:
                worked = self.work()
            except DBAPIError as error:
                self._log.warning("database away", error=type(error.orig).__name__)
                worked = False
            if not worked and not self._stop.is_set():
                self._workshop.bell.wait(self._workshop.poll_s)

    def work(self) -> bool:
        """Do one job; says whether there was one."""
        with self._held() as row:
            if row is None:
                return False
            with (
                traces.continued(row.traceparent),
                traces.span("export", kind=SpanKind.INTERNAL, **{"dosebus.export_id": str(row.export_id)}),
            ):
                self._do(row)
            return True

    @contextmanager
    def _held(self) -> Iterator[Row[Any] | None]:
        """The next job, begun and held for the length of the block."""
        with self._database.engine.connect() as plain:
            connection = plain.execution_options(isolation_level="AUTOCOMMIT")
            for export_id in jobs.waiting(connection):
                if not jobs.hold(connection, export_id):
                    continue
                try:
                    row = self._begin(export_id)
                    if row is not None:
                        yield row
                        return
                finally:
                    jobs.let_go(connection, export_id)
            yield None

    def _begin(self, export_id: UUID) -> Row[Any] | None:
        with self._database.transaction() as tx:
            row = jobs.get(tx, export_id)
            if row is None or row.state not in jobs.WAITING:
                return None
            if row.attempts >= self._workshop.attempts:
                reason = "The export broke off several times; the log of the export service says why."
                jobs.change(tx, export_id, state="failed", finished_at=datetime.now(UTC), reason=reason)
                tx.publish(ExportFailed(export_id=export_id, reason="broke_off"))
                return None
            jobs.change(
                tx,
                export_id,
                state="running",
                attempts=row.attempts + 1,
                started_at=datetime.now(UTC),
                rows_done=0,
                rows_total=None,
            )
        return row

    def _do(self, row: Row[Any]) -> None:
        try:
            file_format = format_called(row.file_format)
            exported = Exported.of(row.listing, row.query, include_patient=row.include_patient)
            self._write(row, exported, file_format)
        except CancelledError:
            self._end_cancelled(row.export_id)
        except InterruptedExportError:
            with self._database.transaction() as tx:
                jobs.change(tx, row.export_id, state="queued", attempts=row.attempts)
        except DBAPIError:
            raise
        except (QueryError, LookupError, UnfitError) as error:
            self._end_failed(row.export_id, "cannot_be_done", str(error))
        except OSError as error:
            self._end_failed(
                row.export_id, "cannot_be_stored", f"The file cannot be stored: {error.strerror}."
            )

    def _write(self, row: Row[Any], exported: Exported, file_format: FileFormat) -> None:
        with self._database.reading(snapshot=True) as connection:
            exported = exported.looked_up(connection)
            total = count_studies(connection, exported)
            self._tell(row.export_id, 0, total)
            progress = Progress(
                lambda done: self._tell(row.export_id, done, total), self._workshop.progress_s
            )
            key = file_format.write(connection, exported, progress, self._workshop.blobs)
        size = self._workshop.blobs.size(key)
        with self._database.transaction() as tx:
            now = jobs.get(tx, row.export_id)
            if now is None or now.cancel_requested:
                raise CancelledError
            jobs.change(
                tx,
                row.export_id,
                state="completed",
                finished_at=datetime.now(UTC),
                rows_done=progress.done,
                rows_total=progress.done,
                blob_key=key,
                size_bytes=size,
                file_name=f"dosebus-{row.listing}-{row.requested_at:%Y%m%d-%H%M%S}.{file_format.extension}",
                media_type=file_format.media_type,
                reason=None,
            )
            tx.publish(
                ExportCompleted(export_id=row.export_id, rows=progress.done, size_bytes=size, blob_key=key)
            )
        ENDED.labels("completed").inc()
        self._log.info("export completed", export_id=str(row.export_id), rows=progress.done, size_bytes=size)

    def _tell(self, export_id: UUID, done: int, total: int) -> None:
        """Report progress, and stop where that is wanted."""
        if self._stop.is_set():
            raise InterruptedExportError
        with self._database.transaction() as tx:
            now = jobs.get(tx, export_id)
            if now is None or now.cancel_requested:
                raise CancelledError
            jobs.change(tx, export_id, rows_done=done, rows_total=total)
            tx.publish(ExportProgressed(export_id=export_id, rows_done=done, rows_total=total))

    def _end_cancelled(self, export_id: UUID) -> None:
        with self._database.transaction() as tx:
            row = jobs.get(tx, export_id)
            if row is not None and row.deletion_requested:
                jobs.delete(tx, export_id)
            else:
                jobs.change(tx, export_id, state="cancelled", finished_at=datetime.now(UTC))
            tx.publish(ExportCancelled(export_id=export_id))
        ENDED.labels("cancelled").inc()

    def _end_failed(self, export_id: UUID, reason_code: str, reason: str) -> None:
        with self._database.transaction() as tx:
            jobs.change(tx, export_id, state="failed", finished_at=datetime.now(UTC), reason=reason)
            tx.publish(ExportFailed(export_id=export_id, reason=reason_code))
        ENDED.labels("failed").inc()
        self._log.warning("export failed", export_id=str(export_id), reason_code=reason_code)
