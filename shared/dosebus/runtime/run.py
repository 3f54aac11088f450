"""Host a service in a container: run until told to end, and end when something has died."""

from __future__ import annotations

import signal
import sys
import threading

import structlog

from dosebus.runtime.host import Host
from dosebus.runtime.service import Service

LOOK_SECONDS = 1.0
DIED = 70
"""Exit code (EX_SOFTWARE) that lets the container engine start the service again."""


def stay(host: Host) -> int:
    """Wait for SIGTERM or SIGINT, or for a death; gives the exit code. Called from the main thread."""
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    while not end.wait(LOOK_SECONDS):
        if not host.is_alive():
            structlog.get_logger("dosebus.runtime").error(
                "a consumer or thread is gone; ending to be started again"
            )
            return DIED
    return 0


def run(*services: Service) -> None:
    """Host services until the end of the process."""
    host = Host(services)
    host.start()
    code = stay(host)
    host.stop()
    sys.exit(code)
