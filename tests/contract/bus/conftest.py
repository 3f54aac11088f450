"""Every bus under the same suite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dosebus.bus.bus import Bus, open_bus


@pytest.fixture(params=["memory", "local", "amqp"])
def bus(request: pytest.FixtureRequest) -> Iterator[Bus]:
    """A bus with nothing in it."""
    match request.param:
        case "memory":
            opened = open_bus("memory:")
        case "local":
            url = request.getfixturevalue("postgres_url")
            opened = open_bus("local:", database_url=url, role="dosebus_bus")
        case _:
            opened = open_bus(request.getfixturevalue("amqp_url"))
    yield opened
    opened.close()
