"""The way to the database."""

import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import InvalidatePoolError

from dosebus.store.mailbox import outbox_table, post_letters
from dosebus.store.transaction import Transaction


def driver_url(url: str) -> URL:
    """A `postgresql://` URL for SQLAlchemy with psycopg 3. Raises ValueError for another database."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "postgresql":
        raise ValueError(f"DoseBus keeps its data in PostgreSQL, not in {parsed.get_backend_name()}")
    return parsed.set(drivername="postgresql+psycopg")


def watch(engine: Engine) -> Engine:
    """Let a pool notice connections that the server has closed, without asking the server each time.

    A healthy connection at rest has nothing to read; one with something to read (the server's farewell, the end of
    the stream, or only a changed setting) is asked for a sign of life before it is given out.
    """

    def check(connection: psycopg.Connection[Any], *_: object) -> None:
        try:
            # poll, not select: descriptors of a busy process may be greater than select takes.
            poll = select.poll()
            poll.register(connection.fileno(), select.POLLIN)
            if poll.poll(0):
                connection.execute("SELECT 1")
                connection.rollback()
        except psycopg.Error as error:
            raise InvalidatePoolError from error

    event.listen(engine, "checkout", check)
    return engine


class Database:
    """A pool of connections that act as one service's role.

    The role is set at the start of every session, so that the GRANTs hold also where one login serves all
    services (standalone).
    """

    def __init__(
        self, url: str, *, schema: str, service: str, pool_size: int = 8, role: str | None = None
    ) -> None:
        self.schema = schema
        self.service = service
        self.url = url
        self.role = role or f"dosebus_{service}"
        self.outbox = outbox_table(schema)
        self.outbox_written = threading.Event()
        self._post = post_letters(schema)
        engine = create_engine(
            driver_url(url),
            pool_size=pool_size,
            max_overflow=pool_size,
            hide_parameters=True,
            # Without it SQLAlchemy 2.1 answers -1 for an INSERT, and an inbox that asks could not tell new from old.
            execution_options={"preserve_rowcount": True},
            connect_args={
                "options": f"-c role={self.role} -c jit=off",
                "application_name": f"dosebus-{service}",
                "connect_timeout": 10,
            },
        )
        self.engine: Engine = watch(engine)

    @contextmanager
    def transaction(self, *, is_shared: bool = False) -> Iterator[Transaction]:
        """A unit of work: committed at the end of the block, rolled back by any error.

        `is_shared`: several messages are handled in it.
        """
        with self.engine.connect() as connection:
            with connection.begin():
                tx = Transaction(connection, self._post, self.service, is_shared=is_shared)
                yield tx
                has_letters = tx.complete()
            if has_letters:
                self.outbox_written.set()
            tx.tell_followers()

    @contextmanager
    def reading(self, *, snapshot: bool = False) -> Iterator[Connection]:
        """A read-only connection; with `snapshot` all its statements see one moment."""
        with self.engine.connect() as plain:
            level = "REPEATABLE READ" if snapshot else "READ COMMITTED"
            connection = plain.execution_options(postgresql_readonly=True, isolation_level=level)
            with connection.begin():
                yield connection

    def check(self) -> None:
        """Ask the server for a sign of life. Raises sqlalchemy.exc.OperationalError."""
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()
