"""The threads that do queries and retrievals, one job after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from opentelemetry.trace import SpanKind
from sqlalchemy.exc import SQLAlchemyError

from dosebus.events.qr import Outcome
from dosebus.store.engine import Database
from dosebus.telemetry import traces
from dosebus_qr import jobs
from dosebus_qr.jobs import Job, Kind
from dosebus_qr.node import NodeMissingError, node_of
from dosebus_qr.peers import PeerError
from dosebus_qr.query import run_query
from dosebus_qr.retrieve import run_retrieval
from dosebus_qr.run import CancelledError, Run, StoppedError
from dosebus_qr.settings import QrSettings

LOOK_SECONDS = 2.0
"""The safety net for jobs that another process wrote or left behind."""
WATCH_SECONDS = 0.25
"""How soon a worker without work notices that the service stops."""

WORK: dict[Kind, Callable[[Run], None]] = {"query": run_query, "retrieve": run_retrieval}


@dataclass(frozen=True, slots=True)
class Bells:
    """Rung when a job was written, so that nobody waits for the next look."""

    query: threading.Event = field(default_factory=threading.Event)
    retrieve: threading.Event = field(default_factory=threading.Event)

    def of(self, kind: Kind) -> threading.Event:
        """The bell of a kind."""
        return self.query if kind == "query" else self.retrieve


class Worker:
    """Does the jobs of one kind."""

    def __init__(self, kind: Kind, database: Database, settings: QrSettings, bells: Bells) -> None:
        self._kind = kind
        self._database = database
        self._settings = settings
        self._bell = bells.of(kind)
        self._log = structlog.get_logger("dosebus.qr").bind(kind=kind)

    def run(self, stop: threading.Event) -> None:
        """Do jobs until told to stop."""
        while not stop.is_set():
            if not self.do_next(stop):
                self._wait(stop)

    def _wait(self, stop: threading.Event) -> None:
        """Until the bell rings, it is time to look again, or the service stops."""
        for _ in range(round(LOOK_SECONDS / WATCH_SECONDS)):
            if self._bell.wait(WATCH_SECONDS) or stop.is_set():
                break
        self._bell.clear()

    def do_next(self, stop: threading.Event) -> bool:
        """Do the oldest job there is; False when there is none."""
        with jobs.claimed(self._database, self._kind) as job:
            if job is None:
                return False
            with traces.span(f"qr {self._kind}", kind=SpanKind.INTERNAL, **{"qr.job_id": str(job.id)}):
                self._do(job, stop)
            return True

    def _do(self, job: Job, stop: threading.Event) -> None:
        try:
            with self._database.transaction() as tx:
                jobs.begin(tx, job.id)
            with self._database.reading() as connection:
                node = node_of(connection, job.node_id)
            WORK[self._kind](Run(self._database, self._settings, job, node, stop))
        except StoppedError:
            return
        except CancelledError:
            self._end(job, "cancelled", None)
        except (PeerError, NodeMissingError) as error:
            self._log.warning("job failed", job_id=str(job.id), reason=str(error))
            self._end(job, "failed", str(error))
        except SQLAlchemyError:
            # The database is away: the job stays as it is and is done when it is back.
            raise
        except Exception as error:  # noqa: BLE001 - a job that cannot be done must not be begun for ever
            self._log.exception("job broken", job_id=str(job.id))
            self._end(job, "failed", f"internal error: {type(error).__name__}")
        else:
            self._end(job, "finished", None)

    def _end(self, job: Job, outcome: Outcome, reason: str | None) -> None:
        with self._database.transaction() as tx:
            jobs.end(tx, job, outcome, reason)
