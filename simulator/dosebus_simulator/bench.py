"""Reports of the sizes at which reading and recording are measured."""

from __future__ import annotations

from collections.abc import Iterator

from dosebus_simulator.ct import make_ct
from dosebus_simulator.projection import make_rf


def bench_reports() -> Iterator[tuple[str, bytes]]:
    """Name and encoded file: a small and a 97 KB CT report, and fluoroscopy of 8, 89 and 400 events."""
    yield "simulated CT, 4 events", make_ct("bench", events=4).objects[0].encoded()
    yield "simulated CT, 97 KB", make_ct("bench", events=15).objects[0].encoded()
    for events in (8, 89, 400):
        yield f"simulated fluoroscopy, {events} events", make_rf("bench", events=events).objects[0].encoded()
