"""The tasks that work on changes of records which stand: re-derivations, and changes of how people are kept."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from dosebus.runtime.service import Context
from dosebus_extract.people_change_worker import PeopleChanger
from dosebus_extract.people_store import publish_default
from dosebus_extract.rederivation_worker import Rederiver
from dosebus_extract.settings import ExtractSettings

POLL_S = 1.0
ExtractContext = Context[ExtractSettings]


def rederive(context: ExtractContext, stop: threading.Event) -> None:
    """Task: derive records again where somebody asked for that."""
    worker = Rederiver(context.database, context.blobs, context.settings, stop)
    _work_on(context, worker.work, stop)


def change_people(context: ExtractContext, stop: threading.Event) -> None:
    """Task: change how people are kept, beside re-derivations, since these may take hours."""
    with context.database.transaction() as tx:
        publish_default(tx, context.settings)
    worker = PeopleChanger(context.database, context.blobs, context.settings, stop)
    _work_on(context, worker.work, stop)


def _work_on(context: ExtractContext, work: Callable[[], bool], stop: threading.Event) -> None:
    """Work until told to stop, woken by the bell or after a while. A database that is away is waited for."""
    bell: threading.Event = context.resources["change_bell"]
    while not stop.is_set():
        try:
            worked = work()
        except DBAPIError as error:
            context.log.warning("database away", error=type(error.orig).__name__)
            worked = False
        if not worked and not stop.is_set():
            bell.clear()
            bell.wait(POLL_S)
