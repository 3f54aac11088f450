"""Works on imports of patient sizes one after the other, a few lines at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from threading import Event
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from opentelemetry.trace import SpanKind
from prometheus_client import Counter
from sqlalchemy import Row
from sqlalchemy.exc import DBAPIError

from dosebus.blobs.blobs import BlobMissingError, Blobs
from dosebus.events.extract import SizeImportProgressed
from dosebus.sizes.rows import Columns, SizeRow, size_rows
from dosebus.sizes.table import BadTable, Form, form_of, read_lines
from dosebus.sizes.upload import uploaded
from dosebus.store.engine import Database
from dosebus.store.tables.dose_imports import size_import_line
from dosebus.telemetry import traces
from dosebus_extract import sizes_jobs as jobs
from dosebus_extract.sizes_import import ImportOptions, RowOutcome, import_chunk
from dosebus_extract.sizes_log import log_lines

ENDED = Counter("dosebus_size_imports_total", "Imports of patient sizes that ended, by state", ["state"])
L = size_import_line.c


class CancelledError(Exception):
    """Somebody stopped the import."""


class InterruptedImportError(Exception):
    """The process ends; the import goes on in the next."""


@dataclass(frozen=True)
class Workshop:
    """What a worker needs."""

    database: Database
    blobs: Blobs
    pseudonym_key: bytes
    bell: Event = field(default_factory=Event)
    poll_s: float = 1.0
    progress_s: float = 0.5
    chunk: int = 200
    """Lines after which the import looks whether to stop."""
    attempts: int = 5


class Worker:
    """Takes the import that was asked for first and that nobody holds."""

    def __init__(self, workshop: Workshop, stop: Event) -> None:
        self._workshop = workshop
        self._database = workshop.database
        self._stop = stop
        self._log = structlog.get_logger("dosebus.extract")
        self._told_at = 0.0

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
        """Do one import; says whether there was one."""
        with self._held() as job:
            if job is None:
                return False
            with (
                traces.continued(job.traceparent),
                traces.span(
                    "size import", kind=SpanKind.INTERNAL, **{"dosebus.import_id": str(job.import_id)}
                ),
            ):
                self._do(job)
            return True

    @contextmanager
    def _held(self) -> Iterator[Row[Any] | None]:
        """The next import, begun and held for the length of the block."""
        with self._database.engine.connect() as plain:
            connection = plain.execution_options(isolation_level="AUTOCOMMIT")
            for import_id in jobs.waiting(connection):
                if not jobs.hold(connection, import_id):
                    continue
                try:
                    job = self._begin(import_id)
                    if job is not None:
                        yield job
                        return
                finally:
                    jobs.let_go(connection, import_id)
            yield None

    def _begin(self, import_id: UUID) -> Row[Any] | None:
        with self._database.transaction() as tx:
            job = jobs.get(tx, import_id)
            if job is None or job.state not in jobs.WAITING:
                return None
            if job.attempts < self._workshop.attempts:
                jobs.change(
                    tx,
                    import_id,
                    state="running",
                    attempts=job.attempts + 1,
                    started_at=job.started_at or datetime.now(UTC),
                )
                return job
        self._end(
            job, "failed", "The import broke off several times; the log of the extract service says why."
        )
        return None

    def _do(self, job: Row[Any]) -> None:
        try:
            self._import(job)
        except CancelledError:
            self._end(job, "cancelled", None)
        except InterruptedImportError:
            with self._database.transaction() as tx:
                jobs.change(tx, job.import_id, state="queued", attempts=job.attempts)
        except BadTable as error:
            self._end(job, "failed", str(error))
        except BlobMissingError:
            self._end(job, "failed", "The file is not there any more; upload it again.")
        else:
            self._end(job, "done", None)

    def _import(self, job: Row[Any]) -> None:
        asked = job.options
        opens = uploaded(self._workshop.blobs, job.file_key)
        form = form_of(opens, separator=asked["separator"], encoding=asked["encoding"])
        columns = Columns(
            asked["key_column"],
            asked["key_kind"],
            asked["height_column"],
            asked["weight_column"],
            asked["height_unit"],
        )
        total = job.rows_total
        if total is None:
            total = sum(1 for _ in read_lines(opens, form)[1])
            self._tell(job, 0, total, 0)
        done = job.rows_done
        with self._database.reading() as connection:
            before = jobs.entered_after(connection, job.import_id, job.line_done)
        for chunk in self._chunks(opens, form, columns, job.line_done):
            outcomes = self._import_chunk(job, chunk, before)
            done += len(chunk)
            self._tell(job, done, total, chunk[-1].line, outcomes)

    def _chunks(self, opens: Any, form: Form, columns: Columns, after: int) -> Iterator[Sequence[SizeRow]]:
        headings, lines = read_lines(opens, form)
        rows = size_rows((line for line in lines if line.number > after), len(headings), columns)
        while chunk := list(islice(rows, self._workshop.chunk)):
            yield chunk

    def _import_chunk(
        self, job: Row[Any], chunk: Sequence[SizeRow], before: frozenset[tuple[int, str]]
    ) -> list[RowOutcome]:
        """Import some lines; gives the outcomes that no transaction of a study has entered."""
        options = ImportOptions(
            key_kind=job.options["key_kind"],
            imported_by=job.requested_by,
            pseudonym_key=self._workshop.pseudonym_key,
            overwrite=job.options["overwrite"],
        )
        outcomes = import_chunk(
            self._database,
            chunk,
            options,
            lambda tx, outcome: jobs.enter(tx, job.import_id, [outcome]),
            before,
        )
        return [one for one in outcomes if one.study_instance_uid is None or one.code == "failed"]

    def _tell(
        self, job: Row[Any], done: int, total: int, line: int, outcomes: Sequence[RowOutcome] = ()
    ) -> None:
        """Keep how far it is and what became of lines, tell it now and then, and stop where that is wanted."""
        told = time.monotonic() - self._told_at >= self._workshop.progress_s
        with self._database.transaction() as tx:
            now = jobs.get(tx, job.import_id)
            jobs.enter(tx, job.import_id, outcomes)
            values: dict[str, Any] = {"rows_done": done, "rows_total": total, "line_done": line}
            if told:
                values["counts"] = jobs.counts(tx, job.import_id)
                progress = SizeImportProgressed(import_id=job.import_id, rows_done=done, rows_total=total)
                tx.publish(progress, subject=str(job.import_id))
            jobs.change(tx, job.import_id, **values)
        if told:
            self._told_at = time.monotonic()
        if now is None or now.cancel_requested:
            raise CancelledError
        if self._stop.is_set():
            raise InterruptedImportError

    def _end(self, job: Row[Any], state: Any, reason: str | None) -> None:
        with self._database.engine.connect() as connection:
            rows = connection.execution_options(yield_per=1000).execute(
                sa.select(size_import_line)
                .where(L.import_id == job.import_id)
                .order_by(L.line, L.study_instance_uid)
            )
            log_key = self._workshop.blobs.put(log_lines(rows))
        with self._database.transaction() as tx:
            told = jobs.end(tx, job, state, log_key=log_key, reason=reason)
        ENDED.labels(state).inc()
        self._log.info("size import ended", import_id=str(job.import_id), state=state, **told)
