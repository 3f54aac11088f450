"""Reports of the sizes at which reading and recording are measured."""

from __future__ import annotations

from collections.abc import Iterator

from dosebus_simulator.ct import make_ct_report
from dosebus_simulator.encode import encoded
from dosebus_simulator.projection import make_rf_report


def bench_reports() -> Iterator[tuple[str, bytes]]:
    """Name and encoded file: a small and a 97 KB CT report, and fluoroscopy of 8, 89 and 400 events."""
    yield "simulated CT, 4 events", encoded(make_ct_report("bench", events=4))
    yield "simulated CT, 97 KB", encoded(make_ct_report("bench", events=15))
    for events in (8, 89, 400):
        yield f"simulated fluoroscopy, {events} events", encoded(make_rf_report("bench", events=events))
