"""The seal of an audit entry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

from dosebus_alerts.audit import GENESIS, Entry, seal

AT = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
ALERT = UUID(int=7)
ENTRY = Entry("raised", ALERT, {"level": 2.0, "rule": "rf-study"})


def test_everything_that_an_entry_says_is_under_its_seal() -> None:
    sealed = seal(GENESIS, 1, AT, ENTRY)
    others = [
        seal("1" * 64, 1, AT, ENTRY),
        seal(GENESIS, 2, AT, ENTRY),
        seal(GENESIS, 1, AT + timedelta(microseconds=1), ENTRY),
        seal(GENESIS, 1, AT, Entry("closed", ALERT, ENTRY.details)),
        seal(GENESIS, 1, AT, Entry("raised", None, ENTRY.details)),
        seal(GENESIS, 1, AT, Entry("raised", ALERT, {"level": 2.1, "rule": "rf-study"})),
        seal(GENESIS, 1, AT, Entry("raised", ALERT, ENTRY.details, actor="somebody")),
    ]
    assert len({sealed, *others}) == 8


def test_neither_time_zone_nor_key_order_matters() -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=5)))
    reordered = Entry("raised", ALERT, {"rule": "rf-study", "level": 2.0})
    assert seal(GENESIS, 1, AT, ENTRY) == seal(GENESIS, 1, elsewhere, reordered)
