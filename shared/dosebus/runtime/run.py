"""One service in a process of its own, as in a container."""

from importlib import import_module

from dosebus.runtime.garbage import collect_seldom, spare_what_stands


def run(module: str) -> None:
    """Host the service that a module names SERVICE until SIGTERM or SIGINT, then drain it.

    The module is named, not imported, so that it is imported after the collector was told to look seldom.
    """
    collect_seldom()
    from dosebus.runtime.ending import Ending
    from dosebus.runtime.host import Host

    ending = Ending()
    host = Host((import_module(module).SERVICE,))
    host.start()
    spare_what_stands()
    ending.wait()
    host.stop()
