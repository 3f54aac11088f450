"""Which queues there are in all of DoseBus, so that each process can make them before anything is published.

The list is a packaged file that `python -m dosebus.events.snapshots --write` makes from the services' consumers. A
queue that only its own service declared would miss what was published before that service first started.
"""

import importlib
import importlib.util
import json
from importlib import resources

from dosebus.bus.consumers import Consumers
from dosebus.bus.message import Queue
from dosebus.store.owners import OWNERS

FILE = "topology.json"


def known_queues() -> list[Queue]:
    """Every service's queues, as packaged."""
    text = resources.files("dosebus.bus").joinpath(FILE).read_text(encoding="utf-8")
    return [
        Queue(row["service"], row["handler"], tuple(row["topics"]), tuple(row["retry"]))
        for row in json.loads(text)
    ]


def consumers_of_services() -> list[Consumers]:
    """The consumers of every installed service, found by name as migrations are."""
    found = []
    for owner in OWNERS:
        name = f"{owner.package}.service"
        if importlib.util.find_spec(owner.package) is None or importlib.util.find_spec(name) is None:
            continue
        consumers = importlib.import_module(name).SERVICE.consumers
        if isinstance(consumers, Consumers):
            found.append(consumers)
    return found


def as_text(all_consumers: list[Consumers]) -> str:
    """The file's content for these consumers."""
    queues = sorted(
        (queue for consumers in all_consumers for queue in consumers.queues()), key=lambda q: q.name
    )
    rows = [
        {
            "service": queue.service,
            "handler": queue.handler,
            "topics": sorted(queue.topics),
            "retry": list(queue.retry),
        }
        for queue in queues
    ]
    return json.dumps(rows, indent=1) + "\n"
