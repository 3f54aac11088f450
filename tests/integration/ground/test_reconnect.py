"""A process that only publishes comes back to a broker that was killed."""

from __future__ import annotations

import time
from uuid import uuid4

import pytest

from dosebus.bus.bus import open_bus
from dosebus.bus.message import BusUnavailableError, Outgoing
from tests.fixtures.rabbit import RabbitNode
from tests.integration.ground.waiting import eventually

pytestmark = pytest.mark.services


def test_a_bus_without_consumers_notices_that_the_broker_was_gone(private_rabbit: RabbitNode) -> None:
    bus = open_bus(private_rabbit.url)
    bus.publish([Outgoing(str(uuid4()), "study.before.v1", b"{}")])
    private_rabbit.kill_and_restart()
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            bus.publish([Outgoing(str(uuid4()), "study.after.v1", b"{}")])
            break
        except BusUnavailableError:
            time.sleep(0.2)
    assert eventually(bus.healthy)
    bus.publish([Outgoing(str(uuid4()), "study.after.v1", b"{}")])
    bus.close()
