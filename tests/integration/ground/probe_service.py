"""A small service for tests of the ground: it notes each command and tells a fact.

As a program it is what the tests kill: `python -m tests.integration.ground.probe_service`, settings from the
environment. It lives in the schema `export`, whose mailbox it uses.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from dosebus.bus.consumers import Consumers
from dosebus.events.export import ExportCancelled, ExportCancelRequested
from dosebus.runtime.run import run
from dosebus.runtime.service import Context, Every, Service, Task
from dosebus.settings import ServiceSettings
from dosebus.store.transaction import Transaction

MAKE_TABLES = (
    "CREATE TABLE IF NOT EXISTS export.note (export_id uuid)",
    "CREATE TABLE IF NOT EXISTS export.echo (export_id uuid)",
)
consumers = Consumers("export")


@consumers.on(ExportCancelRequested, retry=(0.2, 0.2), workers=2, together=8)
def take_note(event: ExportCancelRequested, tx: Transaction) -> None:
    """Note the command, and say so."""
    tx.execute(text("INSERT INTO export.note VALUES (:id)"), {"id": event.export_id})
    tx.publish(ExportCancelled(export_id=event.export_id))


@consumers.on(ExportCancelled, retry=(0.2, 0.2), together=8)
def take_echo(event: ExportCancelled, tx: Transaction) -> None:
    """Note the fact."""
    tx.execute(text("INSERT INTO export.echo VALUES (:id)"), {"id": event.export_id})


class Journal:
    """What happened to the parts of the service."""

    def __init__(self) -> None:
        self.entries: list[str] = []
        self.ticked = threading.Event()

    def close(self) -> None:
        """Note the end."""
        self.entries.append("closed")


def make_resources(context: Context) -> Mapping[str, Any]:
    """A journal."""
    return {"journal": Journal()}


def wait_for_stop(context: Context, stop: threading.Event) -> None:
    """Run until told to end."""
    context.resources["journal"].entries.append("task begun")
    stop.wait()
    context.resources["journal"].entries.append("task ended")


def tick(context: Context) -> None:
    """Note one run, and fail: the next one must come all the same."""
    journal = context.resources["journal"]
    journal.entries.append("tick")
    if journal.entries.count("tick") >= 2:
        journal.ticked.set()
    raise ValueError("a scheduled run may fail")


def make_app(context: Context) -> Starlette:
    """One page."""

    def greet(_request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"this is {context.service}")

    return Starlette(routes=[Route("/hello", greet)])


SERVICE = Service(
    name="export",
    schema="export",
    settings=ServiceSettings,
    consumers=consumers,
    tasks=(Task("waiter", wait_for_stop),),
    schedule=(Every(0.3, "tick", tick),),
    app=make_app,
    mount="/export",
    resources=make_resources,
)

if __name__ == "__main__":
    run(__spec__.name)
