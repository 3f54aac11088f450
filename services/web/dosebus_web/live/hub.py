"""News for open pages: one PostgreSQL listener a process, any number of waiting pages."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import anyio
import psycopg
import structlog
from sqlalchemy.engine import make_url

from dosebus.store.transaction import Transaction

CHANNEL = "web_live"
EVERYTHING = "reconnected"
"""The kind that stands for all: nobody knows what was missed."""
BEAT_S = 15.0
"""An open stream says something this often, so that a proxy keeps it and a dead one is noticed."""
LOOK_S = 0.05
"""How often a waiting page looks for news. Streams wait in the event loop: a thread for each would run out."""


@dataclass
class Hub:
    """Numbers the news in order; pages wait for one of a number that they have not seen."""

    name: str = field(default_factory=lambda: secrets.token_hex(6))
    """Tells this process from others, whose numbers are other news."""
    total: int = 0
    last: dict[str, int] = field(default_factory=dict)
    """The number of the latest news of each kind."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    closed: threading.Event = field(default_factory=threading.Event)

    def tell(self, kind: str) -> None:
        """Something of `kind` changed."""
        with self.lock:
            self.total += 1
            self.last[kind] = self.total

    def mark(self) -> str:
        """What has been told so far; taken before a page is read, `stream` goes on from it."""
        return f"{self.name}.{self.total}"

    def close(self) -> None:
        """Let all streams end."""
        self.closed.set()

    async def stream(self, mark: str = "") -> AsyncIterator[str]:
        """Server-sent events: the kinds that changed since `mark`, and a comment now and then.

        Where the mark is of another process, or none, everything may have changed: that is told as `reconnected`.
        """
        seen, silent = self._number(mark), 0.0
        yield "retry: 2000\n\n"
        if seen is None:
            seen = self.total
            yield _news([EVERYTHING])
        while not self.closed.is_set():
            kinds, seen = self._since(seen)
            if kinds:
                silent = 0.0
                yield _news(kinds)
            elif silent >= BEAT_S:
                silent = 0.0
                yield ": still here\n\n"
            await anyio.sleep(LOOK_S)
            silent += LOOK_S

    def _number(self, mark: str) -> int | None:
        name, _dot, number = mark.partition(".")
        return int(number) if name == self.name and number.isdecimal() else None

    def _since(self, number: int) -> tuple[list[str], int]:
        with self.lock:
            return sorted(kind for kind, last in self.last.items() if last > number), self.total


def _news(kinds: list[str]) -> str:
    return f"event: news\ndata: {json.dumps(kinds)}\n\n"


def notify(tx: Transaction, kind: str) -> None:
    """Tell every web process, when this transaction commits, that something of `kind` changed."""
    tx.gathered(News).kinds.add(kind)


class News:
    """What changed in one transaction, told once however often it is said."""

    def __init__(self) -> None:
        self.kinds: set[str] = set()

    def write(self, tx: Transaction) -> None:
        """Tell it."""
        for kind in sorted(self.kinds):
            tx.psycopg.execute("SELECT pg_notify(%s, %s)", (CHANNEL, kind))


def listen(database_url: str, role: str, hub: Hub, stop: threading.Event) -> None:
    """Pass notifications on to the hub until `stop`; connects again when the database was away."""
    log = structlog.get_logger()
    url = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    while not stop.is_set():
        try:
            with psycopg.connect(url, autocommit=True, options=f"-c role={role}") as connection:
                connection.execute(f"LISTEN {CHANNEL}")
                hub.tell(EVERYTHING)
                while not stop.is_set():
                    for notification in connection.notifies(timeout=0.5):
                        hub.tell(notification.payload)
        except psycopg.OperationalError as error:
            log.warning("live.listener_lost", error=type(error).__name__)
            stop.wait(2.0)
