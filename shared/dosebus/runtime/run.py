"""One service in a process of its own, as in a container."""

import signal
import threading
from types import FrameType

from dosebus.runtime.host import Host
from dosebus.runtime.service import Service


def run(service: Service) -> None:
    """Host a service until SIGTERM or SIGINT, then drain it."""
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    host = Host((service,))
    host.start()
    while not stop.wait(1.0):
        pass
    host.stop()
