"""Rule sets in the database: the defaults, installing, editing, and taking a set's values over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from dosebus.domain.rule_sets import MPPG, REFERENCE
from dosebus.store.engine import Database
from dosebus.store.tables.config import alert_rule, alert_rule_version
from dosebus_web.alerting import rule_sets
from dosebus_web.alerting.rules import revise


@pytest.fixture(scope="module")
def web(postgres_url: str) -> Iterator[Database]:
    database = Database(postgres_url, schema="web", service="web", pool_size=2)
    yield database
    database.close()


def rule(web: Database, key: str) -> Any:
    with web.reading() as connection:
        return connection.execute(sa.select(alert_rule).where(alert_rule.c.key == key)).one()


def states(web: Database, rule_set: Any) -> dict[str, str]:
    with web.reading() as connection:
        return {one.key: one.state for one in rule_sets.installed_differences(connection, rule_set)}


def test_a_new_site_starts_with_the_reference_set_as_it_is_shipped(web: Database) -> None:
    assert set(states(web, REFERENCE).values()) == {"same"}
    assert rule(web, "rf-sum-psd").enabled


def test_a_set_is_copied_once_and_switched_off(web: Database) -> None:
    with web.transaction() as tx:
        assert rule_sets.install(tx, MPPG.key, "anna") == [one.key for one in MPPG.rules]
    with web.transaction() as tx:
        assert rule_sets.install(tx, MPPG.key, "anna") == []
    row = rule(web, "mppg12a-notification")
    assert (row.enabled, row.step, row.set_version, row.changed_by) == (False, 1.0, 1, "anna")


def test_an_edit_makes_a_version_and_keeps_the_one_before(web: Database) -> None:
    before = rule(web, "rf-study-psd")
    with web.transaction() as tx:
        assert revise(tx, before.id, {"level": 2.5, "trial": True}, "anna") == {
            "level": [2.0, 2.5],
            "trial": [False, True],
        }
        assert revise(tx, before.id, {"level": 2.5}, "anna") == {}
        assert revise(tx, -1, {"level": 2.5}, "anna") is None
    after = rule(web, "rf-study-psd")
    assert (after.version, after.level, after.trial, after.changed_by) == (2, 2.5, True, "anna")
    with web.reading() as connection:
        kept = connection.execute(
            sa.select(alert_rule_version).where(alert_rule_version.c.rule_id == before.id)
        ).one()
    assert (kept.version, kept.rule["level"], kept.rule["trial"]) == (1, 2.0, False)
    assert states(web, REFERENCE)["rf-study-psd"] == "edited"
    with web.transaction() as tx:
        told = rule_sets.take_over(tx, before.id, "bert")
    assert told == {"level": [2.5, 2.0], "watched": "peak_skin_dose_gy"}
    assert states(web, REFERENCE)["rf-study-psd"] == "same"
    assert rule(web, "rf-study-psd").version == 3
