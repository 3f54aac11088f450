"""News for open pages: one PostgreSQL listener a process, any number of waiting pages."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import anyio
import psycopg
import structlog
from sqlalchemy.engine import make_url

from dosebus.store.transaction import Transaction

CHANNEL = "web_live"
BEAT_S = 15.0
"""An open stream says something this often, so that a proxy keeps it and a dead one is noticed."""
LOOK_S = 0.05
"""How often a waiting page looks for news. Streams wait in the event loop: a thread for each would run out."""


@dataclass
class Hub:
    """Counts news by kind; pages wait for a count to rise."""

    counts: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    closed: threading.Event = field(default_factory=threading.Event)

    def tell(self, kind: str) -> None:
        """Something of `kind` changed."""
        with self.lock:
            self.counts[kind] = self.counts.get(kind, 0) + 1

    def snapshot(self) -> dict[str, int]:
        """The counts now."""
        with self.lock:
            return dict(self.counts)

    def close(self) -> None:
        """Let all streams end."""
        self.closed.set()

    async def stream(self) -> AsyncIterator[str]:
        """Server-sent events: the kinds that changed, and a comment now and then."""
        seen, silent = self.snapshot(), 0.0
        yield "retry: 2000\n\n"
        while not self.closed.is_set():
            await anyio.sleep(LOOK_S)
            silent += LOOK_S
            now = self.snapshot()
            if now != seen:
                kinds = sorted(kind for kind, number in now.items() if number != seen.get(kind))
                seen, silent = now, 0.0
                yield f"event: news\ndata: {json.dumps(kinds)}\n\n"
            elif silent >= BEAT_S:
                silent = 0.0
                yield ": still here\n\n"


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
                hub.tell("reconnected")
                while not stop.is_set():
                    for notification in connection.notifies(timeout=0.5):
                        hub.tell(notification.payload)
        except psycopg.OperationalError as error:
            log.warning("live.listener_lost", error=type(error).__name__)
            stop.wait(2.0)
