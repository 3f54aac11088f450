"""extract as data: what the runtime hosts."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from dosebus.runtime.service import Context, Every, Service, Task
from dosebus_extract.blobs_given_up import delete_given_up
from dosebus_extract.change_tasks import change_people, rederive
from dosebus_extract.reading_rules import ReadingCache
from dosebus_extract.rederivation_consumers import consumers
from dosebus_extract.settings import ExtractSettings
from dosebus_extract.sizes_worker import Worker, Workshop
from dosebus_extract.skin_consumers import SWEEP, takes
from dosebus_extract.skin_sweep import SWEEP_SECONDS, sweep
from dosebus_extract.tally import add_up

ExtractContext = Context[ExtractSettings]


def make_resources(context: ExtractContext) -> Mapping[str, Any]:  # noqa: ARG001 - the runtime gives it
    """The rules on reading, and the bells that wake who imports sizes and who changes records."""
    return {"reading": ReadingCache(), "size_bell": threading.Event(), "change_bell": threading.Event()}


def import_sizes(context: ExtractContext, stop: threading.Event) -> None:
    """Task: import tables of patient sizes."""
    key = context.settings.pseudonym_key.get_secret_value().encode()
    workshop = Workshop(context.database, context.blobs, key, bell=context.resources["size_bell"])
    Worker(workshop, stop).run()


def delete_blobs(context: ExtractContext) -> None:
    """Scheduled: delete the blobs that nothing needs any more."""
    delete_given_up(context.database, context.blobs)


def add_tally_up(context: ExtractContext) -> None:
    """Scheduled: add the tally of studies up, so that the home page reads few rows."""
    add_up(context.database)


SERVICE = Service(
    name="extract",
    schema="dose",
    settings=ExtractSettings,
    consumers=consumers,
    tasks=(
        Task("size import", import_sizes),
        Task("re-derivation", rederive),
        Task("changes of people", change_people),
    ),
    schedule=(
        Every(60, "deleted objects", delete_blobs),
        Every(60, "tally of studies", add_tally_up),
        Every(SWEEP_SECONDS, SWEEP, sweep),
    ),
    takes=takes,
    resources=make_resources,
)
