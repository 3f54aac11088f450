"""A delivery becomes one committed piece of work, however often it comes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import text

from dosebus.bus.consumers import Consumers, check_parameters
from dosebus.bus.handling import Handling
from dosebus.bus.message import Delivery, Done, Message, Outcome, Park, Reject, Retry
from dosebus.events.envelope import Envelope
from dosebus.events.export import ExportCancelRequested
from dosebus.store.engine import Database
from dosebus.store.transaction import Transaction
from tests.integration.ground.noting import note, noting_database

pytestmark = pytest.mark.services


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    with noting_database(postgres_url) as opened:
        yield opened


def count(database: Database, table: str) -> int:
    with database.reading() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM export.{table}")).scalar_one())  # noqa: S608


def delivery(attempt: int = 1) -> Delivery:
    envelope = Envelope.of(ExportCancelRequested(export_id=uuid4()))
    return Delivery(envelope.id, envelope.type, envelope.to_bytes(), "export.cancel", attempt)


def handling_of(database: Database, handler: object, retry: tuple[float, ...] = (1, 2)) -> Handling:
    consumers = Consumers("export")
    consumers.on(ExportCancelRequested, retry=retry)(handler)  # type: ignore[type-var]
    (consumer,) = consumers
    return Handling(consumer, database, {"settings": "the settings"})


def test_work_inbox_and_outbox_are_one_commit(database: Database) -> None:
    assert handling_of(database, note)(delivery()) == Done()
    assert [count(database, table) for table in ("note", "inbox", "outbox")] == [1, 1, 1]


def test_a_redelivery_changes_nothing(database: Database) -> None:
    """As after a crash between commit and acknowledgement."""
    handling, again = handling_of(database, note), delivery()
    assert [handling(again), handling(again)] == [Done(), Done()]
    assert [count(database, table) for table in ("note", "inbox", "outbox")] == [1, 1, 1]


def test_the_same_message_on_many_threads_is_handled_once(database: Database) -> None:
    handling, same = handling_of(database, note), delivery()
    outcomes: list[Outcome] = []
    threads = [threading.Thread(target=lambda: outcomes.append(handling(same))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [Done()] * 6
    assert count(database, "note") == 1


def test_a_failure_leaves_nothing_behind_and_is_retried_then_parked(database: Database) -> None:
    def fail(event: ExportCancelRequested, tx: Transaction) -> None:
        note(event, tx)
        raise ValueError(f"quotes {event.export_id}")

    handling = handling_of(database, fail)
    assert [handling(delivery(1)), handling(delivery(2))] == [Retry(1), Retry(2)]
    last = delivery(3)
    parked = handling(last)
    assert isinstance(parked, Park)
    assert parked.reason_code == "handler_failed"
    assert "ValueError" in parked.reason
    assert "quotes" not in parked.reason
    assert [count(database, table) for table in ("note", "inbox", "outbox")] == [0, 0, 0]


def test_a_rejection_is_parked_at_once(database: Database) -> None:
    def refuse(event: ExportCancelRequested, tx: Transaction) -> None:
        note(event, tx)
        raise Reject("no_such_export", "nobody asked for it")

    assert handling_of(database, refuse)(delivery()) == Park("no_such_export", "nobody asked for it")
    assert count(database, "note") == 0


def test_what_cannot_be_read_is_parked(database: Database) -> None:
    handling = handling_of(database, note)
    junk = Delivery("x", "t", b"junk", "export.cancel", 1)
    wrong = Envelope(source="x", type="export.cancel.requested.v1", data={"export_id": "DOE^JANE"})
    outcomes = [
        handling(junk),
        handling(Delivery(wrong.id, wrong.type, wrong.to_bytes(), "export.cancel", 1)),
    ]
    assert [outcome.reason_code for outcome in outcomes if isinstance(outcome, Park)] == [
        "unreadable_envelope",
        "unreadable_event",
    ]
    assert "DOE" not in str(outcomes)


def test_an_outage_is_no_attempt(database: Database) -> None:
    away = Database("postgresql://nobody@127.0.0.1:1/none", schema="export", service="export")
    outcome = handling_of(away, note)(delivery(3))
    assert isinstance(outcome, Retry)
    assert not outcome.counted


def test_a_handler_gets_what_it_names(database: Database) -> None:
    given: list[object] = []

    def look(message: Message, settings: str) -> None:
        given.extend((message.attempt, message.topic, settings))

    handling_of(database, look)(delivery(2))
    assert given == [2, "export.cancel.requested.v1", "the settings"]


def test_a_handler_that_asks_too_much_is_told_at_the_start() -> None:
    consumers = Consumers("export")

    @consumers.on(ExportCancelRequested)
    def wish(event: ExportCancelRequested, unicorn: object) -> None:
        raise AssertionError

    with pytest.raises(TypeError, match="unicorn"):
        check_parameters(consumers, {})
