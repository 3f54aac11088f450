"""Being told to end: SIGTERM from an orchestrator, SIGINT from a keyboard."""

from __future__ import annotations

import signal
import threading


class Ending:
    """Listens from now on, so that a signal that comes while things still start is not lost."""

    def __init__(self) -> None:
        self._told = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._told.set())

    def wait(self) -> None:
        """Block until told. In short steps: a signal handler runs only between two of them."""
        while not self._told.wait(1.0):
            pass
