"""One service in a process of its own, as in a container."""

from dosebus.runtime.ending import Ending
from dosebus.runtime.host import Host
from dosebus.runtime.service import Service


def run(service: Service) -> None:
    """Host a service until SIGTERM or SIGINT, then drain it."""
    ending = Ending()
    host = Host((service,))
    host.start()
    ending.wait()
    host.stop()
