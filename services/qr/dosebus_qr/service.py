"""qr as data: what the runtime hosts."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import cast

from dosebus.runtime.service import Context, Every, Service, Task
from dosebus_qr import echo
from dosebus_qr.consumers import consumers
from dosebus_qr.node import enabled_nodes
from dosebus_qr.settings import QrSettings
from dosebus_qr.worker import Bells, Worker

ECHO_SECONDS = 60


def make_resources(_context: Context) -> Mapping[str, object]:
    """The bells that wake the workers."""
    return {"bells": Bells()}


def do_queries(context: Context, stop: threading.Event) -> None:
    """Do queries until told to stop."""
    _worker(context, "query").run(stop)


def do_retrievals(context: Context, stop: threading.Event) -> None:
    """Do retrievals until told to stop."""
    _worker(context, "retrieve").run(stop)


def ask_nodes(context: Context) -> None:
    """Send every enabled node a C-ECHO and note the answers."""
    with context.database.reading() as connection:
        nodes = enabled_nodes(connection)
    signs = echo.ask_all(nodes, cast("QrSettings", context.settings))
    with context.database.transaction() as tx:
        for sign in signs:
            echo.note(tx, sign)
        echo.forget_others(tx, [node.id for node in nodes])


def _worker(context: Context, kind: str) -> Worker:
    bells = cast("Bells", context.resources["bells"])
    settings = cast("QrSettings", context.settings)
    return Worker("query" if kind == "query" else "retrieve", context.database, settings, bells)


SERVICE = Service(
    name="qr",
    schema="qr",
    settings=QrSettings,
    consumers=consumers,
    tasks=(Task("queries", do_queries), Task("retrievals", do_retrievals)),
    schedule=(Every(ECHO_SECONDS, "node status", ask_nodes),),
    resources=make_resources,
)
