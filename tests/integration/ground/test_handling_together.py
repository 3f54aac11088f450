"""Deliveries that are handled in one transaction: one commit, or each on its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from dosebus.bus.consumers import Consumers
from dosebus.bus.handling import Handling
from dosebus.bus.message import Delivery, Done, Park, Reject, Retry
from dosebus.events.envelope import Envelope
from dosebus.events.export import ExportCancelRequested
from dosebus.store.engine import Database
from dosebus.store.transaction import Transaction
from tests.integration.ground.noting import note, noting_database

pytestmark = pytest.mark.services
Handler = Callable[[ExportCancelRequested, Transaction], None]


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    with noting_database(postgres_url) as opened:
        yield opened


def handling_of(
    database: Database, handler: Handler, joins: Callable[[ExportCancelRequested], bool] | None = None
) -> Handling:
    consumers = Consumers("export")
    consumers.on(ExportCancelRequested, retry=(1, 2), together=8, joins=joins)(handler)
    (consumer,) = consumers
    return Handling(consumer, database, {})


def delivery(export_id: UUID | None = None, traceparent: str | None = None) -> Delivery:
    envelope = Envelope.of(ExportCancelRequested(export_id=export_id or uuid4()), traceparent=traceparent)
    return Delivery(envelope.id, envelope.type, envelope.to_bytes(), "export.cancel", 1)


def noted(database: Database) -> list[tuple[UUID, str]]:
    """What was noted, and by which transaction."""
    with database.reading() as connection:
        rows = connection.execute(text("SELECT export_id, written_by::text FROM export.note ORDER BY ctid"))
        return [(row[0], row[1]) for row in rows]


def count(database: Database, table: str) -> int:
    statement = {"inbox": "SELECT count(*) FROM export.inbox", "outbox": "SELECT count(*) FROM export.outbox"}
    with database.reading() as connection:
        return int(connection.execute(text(statement[table])).scalar_one())


def test_a_group_is_one_commit_with_its_inbox_and_outbox(database: Database) -> None:
    wanted = [uuid4() for _ in range(5)]
    assert handling_of(database, note).together([delivery(one) for one in wanted]) == [Done()] * 5
    rows = noted(database)
    assert [one for one, _ in rows] == wanted
    assert len({written_by for _, written_by in rows}) == 1
    assert (count(database, "inbox"), count(database, "outbox")) == (5, 5)


def test_letters_of_a_group_keep_their_order(database: Database) -> None:
    wanted = [uuid4() for _ in range(8)]
    handling_of(database, note).together([delivery(one) for one in wanted])
    with database.reading() as connection:
        bodies = connection.execute(text("SELECT body FROM export.outbox ORDER BY id")).scalars()
        assert [json.loads(bytes(body))["data"]["export_id"] for body in bodies] == [*map(str, wanted)]


def test_letters_of_a_group_stay_in_the_traces_of_their_messages(database: Database) -> None:
    ids = [uuid4().hex for _ in range(3)]
    group = [delivery(traceparent=f"00-{one}-{'1' * 16}-01") for one in ids]
    handling_of(database, note).together(group)
    with database.reading() as connection:
        told = connection.execute(text("SELECT traceparent FROM export.outbox ORDER BY id")).scalars()
        assert [one.split("-")[1] for one in told] == ids


def test_what_was_handled_before_is_not_handled_again(database: Database) -> None:
    """As after a crash between commit and acknowledgement, when a group comes again mixed with others."""
    handling, group = handling_of(database, note), [delivery() for _ in range(4)]
    handling.together(group[:3])
    assert handling.together([group[3], *group, group[3]]) == [Done()] * 6
    assert len(noted(database)) == count(database, "inbox") == count(database, "outbox") == 4


def test_one_that_fails_does_not_take_the_others_with_it(database: Database) -> None:
    group = [delivery() for _ in range(5)]
    bad, refused = (json.loads(group[n].body)["data"]["export_id"] for n in (1, 3))

    def fail(event: ExportCancelRequested, tx: Transaction) -> None:
        note(event, tx)
        if str(event.export_id) == bad:
            raise ValueError("it cannot be done")
        if str(event.export_id) == refused:
            raise Reject("no_such_export")

    outcomes = handling_of(database, fail).together(group)
    assert outcomes == [Done(), Retry(1), Done(), Park("no_such_export", ""), Done()]
    assert len(noted(database)) == count(database, "inbox") == count(database, "outbox") == 3


def test_what_is_gathered_is_written_once_and_undone_with_the_group(database: Database) -> None:
    writes: list[int] = []

    class Gathered:
        def __init__(self) -> None:
            self.events: list[ExportCancelRequested] = []

        def write(self, tx: Transaction) -> None:
            writes.append(len(self.events))
            for event in self.events:
                note(event, tx)
            if len(self.events) > 2:
                raise ValueError("too many at once")

    def gather(event: ExportCancelRequested, tx: Transaction) -> None:
        tx.gathered(Gathered).events.append(event)

    handling = handling_of(database, gather)
    assert handling.together([delivery(), delivery()]) == [Done()] * 2
    assert handling.together([delivery(), delivery(), delivery()]) == [Done()] * 3
    assert writes == [2, 3, 1, 1, 1]
    assert len(noted(database)) == count(database, "outbox") == 5


def test_a_group_ends_before_one_that_may_not_join(database: Database) -> None:
    group = [delivery() for _ in range(4)]
    alone = json.loads(group[2].body)["data"]["export_id"]
    handling = handling_of(database, note, joins=lambda event: str(event.export_id) != alone)
    assert [len(handling.together(group[n:])) for n in (0, 2, 3)] == [2, 1, 1]
    assert len(noted(database)) == 4


def test_an_outage_is_no_attempt_for_any_of_a_group(database: Database) -> None:
    away = Database("postgresql://nobody@127.0.0.1:1/none", schema="export", service="export")
    outcomes = handling_of(away, note).together([delivery(), delivery()])
    assert [isinstance(one, Retry) and not one.counted for one in outcomes] == [True, True]
