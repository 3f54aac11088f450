"""The task that works on changes of records which stand: re-derivations, and changes of how people are kept."""

from __future__ import annotations

import threading

from sqlalchemy.exc import DBAPIError

from dosebus.runtime.service import Context
from dosebus_extract.people_change_worker import PeopleChanger
from dosebus_extract.people_store import publish_default
from dosebus_extract.rederivation_worker import Rederiver
from dosebus_extract.settings import ExtractSettings

POLL_S = 1.0


def change_records(context: Context[ExtractSettings], stop: threading.Event) -> None:
    """Task: do what is asked for. Changes of people come first. A database that is away is waited for."""
    bell: threading.Event = context.resources["change_bell"]
    with context.database.transaction() as tx:
        publish_default(tx, context.settings)
    people = PeopleChanger(context.database, context.blobs, context.settings, stop)
    records = Rederiver(context.database, context.blobs, context.settings, stop)
    while not stop.is_set():
        bell.clear()
        try:
            worked = people.work() or records.work()
        except DBAPIError as error:
            context.log.warning("database away", error=type(error.orig).__name__)
            worked = False
        if not worked and not stop.is_set():
            bell.wait(POLL_S)
