"""One unit of work: its statements, its events, and what follows its commit."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, cast
from uuid import UUID

import psycopg
from psycopg import RawCursor
from sqlalchemy import Connection, CursorResult, Executable

from dosebus.events.base import Event
from dosebus.events.envelope import Envelope
from dosebus.store.prepared import Prepared, Rows, cursor_of
from dosebus.telemetry import traces

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None


class Transaction:
    """What a handler or endpoint may do with the database. Whoever opened it commits; nobody else does."""

    def __init__(self, connection: Connection, post: Prepared, source: str) -> None:
        self.connection = connection
        self._post = post
        self._source = source
        self._letters: list[dict[str, Any]] = []
        self._followers: list[Callable[[], object]] = []

    def execute(self, statement: Executable, parameters: Parameters = None) -> CursorResult[Any]:
        """Run a Core statement."""
        return cast("CursorResult[Any]", self.connection.execute(statement, parameters))

    def run(self, statement: Prepared, **values: Any) -> Rows:
        """Run a prepared statement of the hot path; gives its rows. Raises psycopg.Error."""
        return statement.run(self._cursor, values)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A part that may fail alone: an error inside undoes what the part wrote, and nothing else."""
        self._cursor.execute("SAVEPOINT attempt")
        try:
            yield
        except BaseException:
            self._cursor.execute("ROLLBACK TO attempt")
            raise

    def publish(self, event: Event, subject: str | None = None) -> str:
        """Send an event when this transaction commits, and never if it does not; gives the message id."""
        traceparent = traces.current_traceparent()
        envelope = Envelope.of(event, source=self._source, subject=subject, traceparent=traceparent)
        self._letters.append(
            {
                "message_id": UUID(envelope.id),
                "topic": event.topic,
                "mandatory": event.mandatory,
                "body": envelope.to_bytes(),
                "traceparent": traceparent,
            }
        )
        return envelope.id

    @property
    def psycopg(self) -> psycopg.Connection[Any]:
        """The driver's connection, for COPY; the same transaction."""
        return cast("psycopg.Connection[Any]", self.connection.connection.driver_connection)

    @cached_property
    def _cursor(self) -> RawCursor[Any]:
        return cursor_of(self.connection)

    def after_commit(self, follower: Callable[[], object]) -> None:
        """Call `follower` once this transaction has committed."""
        self._followers.append(follower)

    def write_letters(self) -> bool:
        """Write the published events to the outbox; says whether there were any. Who opened the unit calls it."""
        if not self._letters:
            return False
        for letter in self._letters:
            self.run(self._post, **letter)
        self._letters = []
        return True

    def tell_followers(self) -> None:
        """Run what waits for the commit. Who opened the unit calls it."""
        for follower in self._followers:
            follower()
