"""What every running job shares: it can be stopped, cancelled, and goes on after a lost connection."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from dosebus.store.engine import Database
from dosebus_qr.jobs import Job, is_cancelled
from dosebus_qr.node import Node
from dosebus_qr.peers import PeerError, RefusedError
from dosebus_qr.settings import QrSettings

PUBLISH_SECONDS = 1.0
"""Progress is told at most so often."""
CANCEL_SECONDS = 0.5
"""How often the wish to cancel is looked for."""


class CancelledError(Exception):
    """Somebody asked the job to stop."""


class StoppedError(Exception):
    """The service stops; the job goes on when it starts again."""


@dataclass(slots=True)
class Run:
    """A job at work."""

    database: Database
    settings: QrSettings
    job: Job
    node: Node
    stop: threading.Event
    done: int = 0
    failed: int = 0
    total: int = 0
    _published_at: float = field(default=0.0)
    _looked_at: float = field(default=0.0)

    def check(self) -> None:
        """Raise StoppedError or CancelledError when the job must not go on."""
        if self.stop.is_set():
            raise StoppedError
        now = time.monotonic()
        if now - self._looked_at >= CANCEL_SECONDS:
            self._looked_at = now
            if is_cancelled(self.database, self.job.id):
                raise CancelledError

    def is_time_to_publish(self) -> bool:
        """Whether progress should be told now."""
        now = time.monotonic()
        if now - self._published_at < PUBLISH_SECONDS:
            return False
        self._published_at = now
        return True

    def persistently(self, attempt: Callable[[], None]) -> None:
        """Call `attempt` until it ends; after a lost node again, unless several attempts brought nothing.

        Raises what `attempt` raises: RefusedError at once, another PeerError after the last attempt.
        """
        fruitless = 0
        while True:
            before = (self.done, self.failed)
            try:
                attempt()
            except RefusedError:
                raise
            except PeerError:
                fruitless = fruitless + 1 if (self.done, self.failed) == before else 1
                if fruitless >= self.settings.qr_attempts:
                    raise
                self.stop.wait(self.settings.qr_pause_seconds)
                self.check()
            else:
                return
