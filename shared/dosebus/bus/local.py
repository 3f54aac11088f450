"""A durable bus without a broker: rows in PostgreSQL, claimed with FOR UPDATE SKIP LOCKED.

A claim is an open transaction, so a killed process gives its messages back the moment the server notices.
NOTIFY wakes the consumers; a poll each second finds retries that have become due, and is the safety net.
"""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
import structlog
from sqlalchemy import Connection, TextClause, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from dosebus.bus.bus import Deliver, DeliverTogether, one_by_one
from dosebus.bus.fault import describe
from dosebus.bus.localsql import (
    CLAIM,
    DEAD_LETTERS,
    DECLARE,
    DELETE_DEAD,
    DEPTHS,
    DUE_QUEUES,
    PUBLISH,
    REPLAY,
    RETRY,
    SETTLE_DONE,
    SETTLE_PARK,
    SUBSCRIBE,
    UNSUBSCRIBE,
)
from dosebus.bus.message import (
    BusUnavailableError,
    DeadLetter,
    Delivery,
    Done,
    Outgoing,
    Park,
    PublishError,
    Queue,
    QueueDepth,
    Retry,
)
from dosebus.store.engine import driver_url, watch
from dosebus.store.prepared import cursor_of
from dosebus.telemetry.metrics import CONSUMER_THREADS

CHANNEL = "dosebus_bus"
POLL_SECONDS = 1.0
PAUSE_AFTER_ERROR = 1.0
AWAY = (psycopg.Error, DBAPIError, PoolTimeoutError)
"""What the driver, SQLAlchemy and its pool raise when the database cannot be asked."""


class LocalBus:
    """Queues as rows of the schema `bus`."""

    def __init__(self, database_url: str, *, role: str | None = None, name: str = "dosebus") -> None:
        options = f"-c role={role}" if role else ""
        self._connect_args = {"options": options, "application_name": f"{name}-bus", "connect_timeout": 10}
        self._url = driver_url(database_url)
        self._engine = watch(create_engine(
            self._url, pool_size=4, max_overflow=60, hide_parameters=True, connect_args=self._connect_args,
        ))  # fmt: skip
        self._stop = threading.Event()
        self._wakers: dict[str, list[threading.Event]] = {}
        self._threads: list[threading.Thread] = []
        self._listener: threading.Thread | None = None
        self._listening = threading.Event()
        self._consumers: dict[str, int] = {}
        self._log = structlog.get_logger("dosebus.bus")

    def declare(self, queues: Sequence[Queue]) -> None:
        """Make queues; a topic that a queue no longer takes is unsubscribed."""
        with self._engine.begin() as connection:
            for queue in queues:
                row = {"queue": queue.name, "service": queue.service, "topics": list(queue.topics)}
                connection.execute(DECLARE, row)
                connection.execute(UNSUBSCRIBE, row)
                connection.execute(SUBSCRIBE, row)

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """Insert a row for every subscribed queue, in one transaction."""
        try:
            with self._engine.begin() as connection:
                letters = {
                    "ids": [message.id for message in messages],
                    "topics": [message.topic for message in messages],
                    "bodies": [message.body for message in messages],
                }
                ((taken, _woken),) = PUBLISH.run(cursor_of(connection), letters)
        except AWAY as error:
            raise BusUnavailableError(describe(error)) from error
        unsent = {message.id for message in messages if message.mandatory and message.topic not in taken}
        if unsent:
            raise PublishError(frozenset(unsent), "no queue takes the topic")

    def consume(self, queue: Queue, deliver: Deliver, workers: int = 1, prefetch: int | None = None) -> None:
        """Start threads that claim a queue's rows one by one."""
        self.consume_together(queue, one_by_one(deliver), 1, workers, prefetch)

    def consume_together(
        self,
        queue: Queue,
        deliver: DeliverTogether,
        most: int,
        workers: int = 1,
        prefetch: int | None = None,  # noqa: ARG002 - nothing is fetched ahead
    ) -> None:
        """Start threads that claim up to `most` rows of a queue at once."""
        for number in range(workers):
            waker = threading.Event()
            waker.set()
            self._wakers.setdefault(queue.name, []).append(waker)
            thread = threading.Thread(
                target=self._work,
                args=(queue.name, deliver, most, waker),
                name=f"{queue.name} {number}",
                daemon=True,
            )
            self._threads.append(thread)
            thread.start()
        self._consumers[queue.name] = self._consumers.get(queue.name, 0) + workers
        CONSUMER_THREADS.labels(queue.name).set(self._consumers[queue.name])
        if self._listener is None:
            self._listener = threading.Thread(target=self._listen, name="bus listener", daemon=True)
            self._listener.start()

    def _work(self, queue: str, deliver: DeliverTogether, most: int, waker: threading.Event) -> None:
        while not self._stop.is_set():
            waker.wait()
            waker.clear()
            try:
                with self._engine.connect() as connection:
                    while not self._stop.is_set() and self._take(connection, queue, deliver, most):
                        pass
            except AWAY as error:
                self._log.warning("queue cannot be read", queue=queue, error=describe(error))
                self._stop.wait(PAUSE_AFTER_ERROR)
                waker.set()

    def _take(self, connection: Connection, queue: str, deliver: DeliverTogether, most: int) -> bool:
        """Claim, deliver and settle some messages; says whether there were any."""
        with connection.begin():
            cursor = cursor_of(connection)
            claimed = CLAIM.run(cursor, {"queue": queue, "most": most})
            if not claimed:
                return False
            deliveries = [
                Delivery(message_id, topic, body, queue, attempt)
                for _, message_id, topic, body, attempt, _ in claimed
            ]
            outcomes = deliver(deliveries)
            done: list[int] = []
            for (row_id, *_), outcome in zip(claimed, outcomes, strict=False):
                if isinstance(outcome, Done):
                    done.append(row_id)
                else:
                    connection.execute(*settlement(row_id, outcome))
            if done:
                SETTLE_DONE.run(cursor, {"ids": done})
        return True

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                self._listen_until_stopped()
            except psycopg.Error as error:
                self._listening.clear()
                self._log.warning("bus is away", error=type(error).__name__)
                self._stop.wait(PAUSE_AFTER_ERROR)

    def _listen_until_stopped(self) -> None:
        url = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True, **self._connect_args) as connection:  # type: ignore[arg-type]
            connection.execute(f"LISTEN {CHANNEL}")
            self._listening.set()
            while not self._stop.is_set():
                self._wake_due(connection)
                for notification in connection.notifies(timeout=POLL_SECONDS):
                    self._wake(notification.payload)
                    if self._stop.is_set():
                        break

    def _wake_due(self, connection: psycopg.Connection[Any]) -> None:
        rows = connection.execute(DUE_QUEUES, {"names": list(self._wakers)}).fetchall()
        for (queue,) in rows:
            self._wake(queue)

    def _wake(self, queue: str) -> None:
        for waker in self._wakers.get(queue, ()):
            waker.set()

    def drain(self, seconds: float) -> bool:
        """Claim no more and wait for what is in hand."""
        self._stop.set()
        for queue in list(self._wakers):
            self._wake(queue)
        for thread in self._threads:
            thread.join(timeout=seconds)
        return not any(thread.is_alive() for thread in self._threads)

    def depths(self) -> list[QueueDepth]:
        """Every declared queue, and the dead letters of every service."""
        with self._engine.connect() as connection:
            rows = connection.execute(DEPTHS).mappings().all()
        return [
            QueueDepth(
                row["queue"], row["service"], row["ready"], row["delayed"],
                consumers=self._consumers.get(row["queue"], 0), dead=row["dead"],
            )
            for row in rows
        ]  # fmt: skip

    def dead_letters(self, service: str, limit: int = 100) -> list[DeadLetter]:
        """The oldest parked messages."""
        with self._engine.connect() as connection:
            rows = connection.execute(DEAD_LETTERS, {"service": service, "limit": limit}).mappings()
            return [DeadLetter(**row | {"body": bytes(row["body"])}) for row in map(dict, rows)]

    def replay(self, service: str, message_id: str) -> bool:
        """Move a parked message back into its queue."""
        return self._changes(REPLAY, {"service": service, "message_id": message_id})

    def discard(self, service: str, message_id: str) -> bool:
        """Delete a parked message."""
        return self._changes(DELETE_DEAD, {"service": service, "message_id": message_id})

    def _changes(self, statement: TextClause, values: Mapping[str, object]) -> bool:
        with self._engine.begin() as connection:
            return len(connection.execute(statement, values).all()) > 0

    def healthy(self) -> bool:
        """Whether the database answers and the consumers run."""
        if self.broken():
            return False
        if self._listener is not None:
            return self._listening.is_set()
        try:
            with self._engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except DBAPIError:
            return False
        return True

    def broken(self) -> bool:
        """Whether a thread has died."""
        if self._stop.is_set():
            return False
        threads = [*self._threads, *([self._listener] if self._listener else [])]
        return not all(thread.is_alive() for thread in threads)

    def close(self) -> None:
        """Stop the threads and leave the database."""
        self.drain(0)
        if self._listener is not None:
            self._listener.join(timeout=2 * POLL_SECONDS)
        self._engine.dispose()


def settlement(row_id: int, outcome: Retry | Park) -> tuple[TextClause, dict[str, object]]:
    """The statement that settles a claimed row whose message was not handled."""
    match outcome:
        case Retry(seconds, counted):
            return RETRY, {"id": row_id, "seconds": seconds, "more": int(counted)}
        case Park(reason_code, reason):
            return SETTLE_PARK, {
                "id": row_id,
                "reason_code": reason_code,
                "reason": reason,
            }
