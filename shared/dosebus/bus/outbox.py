"""The relay: carries committed events from a service's outbox to the bus."""

import threading
import time
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import psycopg
import structlog
from opentelemetry.trace import SpanKind
from sqlalchemy import ARRAY, BigInteger, Integer, bindparam, delete, func, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from dosebus.bus.bus import Bus
from dosebus.bus.fault import describe
from dosebus.bus.message import BusUnavailableError, Outgoing, PublishError
from dosebus.store.engine import Database
from dosebus.store.prepared import Prepared
from dosebus.telemetry import traces
from dosebus.telemetry.metrics import OUTBOX_AGE, OUTBOX_FAILURES, OUTBOX_ROWS, PUBLISHED

POLL_SECONDS = 1.0
"""The safety net for letters that another process wrote."""
REST_SECONDS = 0.05
"""After a batch: what is written meanwhile goes together. A letter that comes after a rest goes at once."""
UNSENT_PAUSE = "5 seconds"
MEASURE_SECONDS = 5.0


class Letter(NamedTuple):
    """A row of the outbox, as far as the relay needs it."""

    id: int
    message_id: UUID
    topic: str
    mandatory: bool
    body: bytes
    traceparent: str | None


class Relay:
    """Publishes outbox rows in order, many in flight, and deletes what the bus has confirmed.

    A transaction of this process wakes it; several processes share the rows through SKIP LOCKED. Rows stay
    until they are confirmed, so a crash here can only send a message twice, which the inbox makes harmless.
    """

    def __init__(self, database: Database, bus: Bus, *, batch: int = 256) -> None:
        self._database = database
        self._bus = bus
        self._batch = batch
        outbox = database.outbox
        self._due = Prepared(
            # A deletion lost in a crash only repeats messages, so this commit need not wait for the disk.
            select(
                *(outbox.c[name] for name in Letter._fields),
                func.set_config("synchronous_commit", "off", True),
            )
            .where(outbox.c.available_at <= func.now())
            .order_by(outbox.c.id)
            .limit(bindparam("most", type_=Integer))
            .with_for_update(skip_locked=True)
        )
        self._sent = Prepared(
            delete(outbox).where(outbox.c.id == func.any(bindparam("ids", type_=ARRAY(BigInteger))))
        )
        self._stop = threading.Event()
        self._measured = 0.0
        self._away = False
        self._log = structlog.get_logger("dosebus.relay").bind(service=database.service)
        self.thread = threading.Thread(target=self._run, name=f"relay {database.service}", daemon=True)

    def start(self) -> None:
        """Begin to relay."""
        self.thread.start()

    def stop(self) -> None:
        """Send what is there, then end; waits for it."""
        self._stop.set()
        self._database.outbox_written.set()
        if self.thread.is_alive():
            self.thread.join(timeout=10)

    def _run(self) -> None:
        pause = 0.0
        while True:
            stopping = self._stop.wait(pause) if pause else self._stop.is_set()
            if not pause and not stopping:
                self._database.outbox_written.wait(POLL_SECONDS)
                stopping = self._stop.is_set()
            self._database.outbox_written.clear()
            pause = self._carry_all()
            if stopping:
                return
            self._stop.wait(REST_SECONDS)

    def _carry_all(self) -> float:
        """Relay until the outbox is empty; gives the seconds to wait when that failed."""
        try:
            while self.carry() == self._batch:
                self._measure()
            self._measure()
        except (BusUnavailableError, SQLAlchemyError, psycopg.Error) as error:
            OUTBOX_FAILURES.labels(self._database.service).inc()
            if not self._away:
                self._log.warning("bus or database away, letters wait in the outbox", error=describe(error))
            self._away = True
            return 1.0
        if self._away:
            self._log.info("bus and database are back")
        self._away = False
        return 0.0

    def carry(self) -> int:
        """Relay one batch and give its size. Raises BusUnavailableError, SQLAlchemyError, psycopg.Error."""
        outbox = self._database.outbox
        with self._database.transaction() as tx:
            rows = [Letter(*row[:-1]) for row in tx.run(self._due, most=self._batch)]
            if not rows:
                return 0
            unsent = self._publish(rows)
            sent = [row.id for row in rows if str(row.message_id) not in unsent]
            tx.run(self._sent, ids=sent)
            if unsent:
                held = [row.id for row in rows if str(row.message_id) in unsent]
                later = func.now() + text(f"interval '{UNSENT_PAUSE}'")
                tx.execute(update(outbox).where(outbox.c.id == func.any(held)).values(available_at=later))
        PUBLISHED.labels(self._database.service).inc(len(sent))
        return len(rows)

    def _publish(self, rows: Sequence[Letter]) -> frozenset[str]:
        """Hand rows to the bus; gives the ids of those it did not take."""
        letters = [Outgoing(str(row.message_id), row.topic, row.body, row.mandatory) for row in rows]
        try:
            self._bus.publish(letters)
        except PublishError as error:
            OUTBOX_FAILURES.labels(self._database.service).inc()
            self._log.error("not taken, kept in the outbox", count=len(error.unsent), reason=error.reason)
            return error.unsent
        for row in rows:
            if row.traceparent:
                with (
                    traces.continued(row.traceparent),
                    traces.span(f"publish {row.topic}", kind=SpanKind.PRODUCER),
                ):
                    pass
        return frozenset()

    def _measure(self) -> None:
        now = time.monotonic()
        if now - self._measured < MEASURE_SECONDS:
            return
        self._measured = now
        outbox = self._database.outbox
        age = func.extract("epoch", func.now() - func.min(outbox.c.created_at))
        with self._database.reading() as connection:
            count, oldest = connection.execute(select(func.count(), age).select_from(outbox)).one()
        OUTBOX_ROWS.labels(self._database.service).set(count)
        OUTBOX_AGE.labels(self._database.service).set(float(oldest or 0))
