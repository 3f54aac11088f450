"""One unit of work: its statements, its events, and what follows its commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Protocol, TypeVar, cast
from uuid import UUID

import psycopg
from psycopg import RawCursor
from sqlalchemy import Connection, CursorResult, Executable

from dosebus.events.base import Event
from dosebus.events.envelope import Envelope
from dosebus.store.mailbox import LETTER_COLUMNS
from dosebus.store.prepared import Prepared, Rows, cursor_of
from dosebus.telemetry import traces

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None


class Gathering(Protocol):
    """What the messages of one transaction leave to be written once, for all of them."""

    def write(self, tx: Transaction) -> None:
        """Write it; called before the transaction commits."""


Gathered = TypeVar("Gathered", bound=Gathering)


class Transaction:
    """What a handler or endpoint may do with the database. Whoever opened it commits; nobody else does."""

    def __init__(
        self, connection: Connection, post: Prepared, source: str, *, is_shared: bool = False
    ) -> None:
        self.connection = connection
        self.is_shared = is_shared
        """Whether several messages are handled in it: an error of one undoes the work of all."""
        self._post = post
        self._source = source
        self._letters: list[dict[str, Any]] = []
        self._followers: list[Callable[[], object]] = []
        self._gatherings: dict[type[Any], Gathering] = {}

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

    def gathered(self, kind: type[Gathered]) -> Gathered:
        """This transaction's one gathering of a kind, made at first use."""
        if kind not in self._gatherings:
            self._gatherings[kind] = kind()
        return cast("Gathered", self._gatherings[kind])

    def complete(self) -> bool:
        """Write what was gathered, then the published events to the outbox; says whether there were any.

        Who opened the unit calls it.
        """
        for gathering in tuple(self._gatherings.values()):
            gathering.write(self)
        if not self._letters:
            return False
        self.run(self._post, **{name: [one[name] for one in self._letters] for name in LETTER_COLUMNS})
        self._letters = []
        return True

    def tell_followers(self) -> None:
        """Run what waits for the commit. Who opened the unit calls it."""
        for follower in self._followers:
            follower()
