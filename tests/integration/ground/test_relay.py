"""The outbox empties into the bus, whatever the bus does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import uuid4

import psycopg
import pytest

from dosebus.bus.memory import MemoryBus
from dosebus.bus.message import BusUnavailableError, Outgoing, Queue
from dosebus.bus.outbox import Relay
from dosebus.events.export import ExportCancelled, ExportCancelRequested
from dosebus.store.engine import Database
from tests.integration.ground.waiting import eventually

pytestmark = pytest.mark.services
TOPIC = ExportCancelled.topic


class MoodyBus(MemoryBus):
    """A bus that is away when told so."""

    away = False

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """Publish, unless away."""
        if self.away:
            raise BusUnavailableError("broker is away")
        super().publish(messages)


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    with psycopg.connect(postgres_url, autocommit=True, options="-c role=dosebus_export") as connection:
        connection.execute("TRUNCATE export.outbox")
    opened = Database(postgres_url, schema="export", service="export")
    yield opened
    opened.close()


@pytest.fixture
def bus() -> MoodyBus:
    made = MoodyBus()
    made.declare([Queue("web", "show", (TOPIC,))])
    return made


def waiting(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM export.outbox").scalar_one())


def arrived(bus: MoodyBus) -> int:
    return bus.depths()[0].ready


def publish(database: Database, count: int) -> None:
    with database.transaction() as tx:
        for _ in range(count):
            tx.publish(ExportCancelled(export_id=uuid4()))


def test_rows_of_a_rolled_back_transaction_are_never_sent(database: Database, bus: MoodyBus) -> None:
    def fail_after_publishing() -> None:
        with database.transaction() as tx:
            tx.publish(ExportCancelled(export_id=uuid4()))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_publishing()
    assert Relay(database, bus).carry() == 0


def test_a_batch_is_sent_and_deleted(database: Database, bus: MoodyBus) -> None:
    publish(database, 10)
    relay = Relay(database, bus, batch=6)
    assert [relay.carry(), relay.carry(), relay.carry()] == [6, 4, 0]
    assert (arrived(bus), waiting(database)) == (10, 0)


def test_rows_wait_while_the_bus_is_away(database: Database, bus: MoodyBus) -> None:
    relay = Relay(database, bus)
    bus.away = True
    relay.start()
    publish(database, 3)
    assert not eventually(lambda: waiting(database) < 3, seconds=1.5)
    bus.away = False
    assert eventually(lambda: waiting(database) == 0)
    relay.stop()
    assert arrived(bus) == 3


def test_a_commit_wakes_the_relay_at_once(database: Database, bus: MoodyBus) -> None:
    relay = Relay(database, bus)
    relay.start()
    publish(database, 1)
    assert eventually(lambda: arrived(bus) == 1)
    relay.stop()


def test_what_nobody_takes_is_kept_and_holds_up_nothing(database: Database, bus: MoodyBus) -> None:
    with database.transaction() as tx:
        tx.publish(ExportCancelRequested(export_id=uuid4()))
    publish(database, 2)
    relay = Relay(database, bus)
    relay.carry()
    assert (arrived(bus), waiting(database)) == (2, 1)


def test_two_relays_share_the_rows(database: Database, bus: MoodyBus) -> None:
    publish(database, 200)
    relays = [Relay(database, bus, batch=10) for _ in range(2)]
    for relay in relays:
        relay.start()
    assert eventually(lambda: waiting(database) == 0)
    for relay in relays:
        relay.stop()
    assert arrived(bus) == 200
