"""The page of the people policy asks before it saves, and extract follows what it saved."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from dosebus.domain.people import PEOPLE_SETTING
from dosebus.domain.pseudonym import pseudonym
from dosebus.events.identity import uuid7
from dosebus.events.people import PeopleChangeRequested
from dosebus.store.engine import Database
from dosebus.store.tables import dose
from dosebus.store.tables import web as web_tables
from dosebus.store.tables.config import setting
from dosebus.store.tables.dose_changes import people_change, people_default
from dosebus_extract import people_change_jobs
from dosebus_extract.people_store import publish_default
from dosebus_extract.record import people_policy
from dosebus_extract.settings import ExtractSettings
from dosebus_web.app import create_app
from tests.integration.web.conftest import Site, build, csrf

pytestmark = pytest.mark.services
ROOT = "/admin/people"
ENVIRONMENT = ExtractSettings(pseudonym_key="a key for tests", keep_patient_name="plain")
FORM = {
    "patient_name": "plain", "patient_id": "pseudonym", "accession_number": "plain",
    "patient_birth_date": "none", "not_patient_id_patterns": "", "not_patient_name_patterns": "",
}  # fmt: skip


@pytest.fixture
def extract(site: Site) -> Iterator[Database]:
    """extract's way to the database, its default published; nothing is set on the page."""
    owner = Database(site.url, schema="dose", service="extract", pool_size=1)
    with owner.transaction() as tx:
        publish_default(tx, ENVIRONMENT)
    with site.web.database.transaction() as tx:
        tx.execute(sa.delete(setting).where(setting.c.key == PEOPLE_SETTING))
    yield owner
    with site.web.database.transaction() as tx:
        tx.execute(sa.delete(setting).where(setting.c.key == PEOPLE_SETTING))
    owner.close()


@pytest.fixture
def boss(site: Site, extract: Database) -> TestClient:
    return site.client("boss")


def _asked(site: Site) -> list[dict[str, Any]]:
    box = site.web.database.outbox.c
    wanted = sa.select(box.body).where(box.topic == "people.change.requested.v1").order_by(box.id)
    with site.web.database.reading() as connection:
        return [json.loads(bytes(body))["data"] for body in connection.execute(wanted).scalars()]


def _review(boss: TestClient, **change: str) -> tuple[str, dict[str, str]]:
    """The page that asks, and its hidden fields."""
    answer = boss.post(f"{ROOT}/review", data={"csrf_token": csrf(boss), **FORM, **change})
    assert answer.status_code == 200, answer.text
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', answer.text))
    return answer.text, {key: value.replace("&#10;", "\n") for key, value in hidden.items()}


def test_what_is_in_force_is_shown(site: Site, boss: TestClient) -> None:
    shown = boss.get(ROOT).text
    assert "as the environment says" in shown
    assert '<option value="plain" selected>' in shown
    assert "a key for tests" not in shown
    assert site.client("viewer").get(ROOT).status_code == 403


def test_nothing_is_saved_before_it_is_answered(site: Site, boss: TestClient) -> None:
    text, hidden = _review(boss, patient_name="none")
    assert "40 as it is, 0 as a pseudonym, 0 not at all" in re.sub(r"\s+", " ", text)
    assert re.findall(r'name="do_patient_name" value="(\w+)" required', text) == ["leave", "remove"]
    assert "do_patient_id" not in text
    with site.web.database.reading() as connection:
        assert connection.execute(sa.select(setting).where(setting.c.key == PEOPLE_SETTING)).first() is None
    assert hidden["patient_name"] == "none"


def test_the_answer_saves_and_asks_extract_and_counts_without_a_restart(
    site: Site, boss: TestClient, extract: Database
) -> None:
    _, hidden = _review(boss, patient_name="pseudonym", not_patient_name_patterns="Phan*\n qa? \n")
    before = len(_asked(site))
    answered = boss.post(f"{ROOT}/change", data={**hidden, "do_patient_name": "pseudonym"})
    assert answered.status_code == 303, answered.text
    (wish,) = _asked(site)[before:]
    assert (wish["patient_name"], wish["patient_id"], wish["requested_by"]) == ("pseudonym", "leave", "boss")
    with extract.transaction() as tx:
        policy = people_policy(tx, ENVIRONMENT)
    assert policy.patient_name == "pseudonym"
    assert policy.not_patient_name_patterns == ("Phan*", "qa?")
    with site.web.database.reading() as connection:
        a = web_tables.audit.c
        noted = sa.select(a.details).where(a.action == "people.change").order_by(a.id.desc()).limit(1)
        details = connection.execute(noted).scalar_one()
    assert details == {
        "policy": {"patient_name": "pseudonym", "not_patient_name_patterns": 2},
        "stored": {"patient_name": "pseudonym"},
    }
    assert "set on this page" in boss.get(ROOT).text


def test_to_leave_what_is_stored_asks_nothing_of_extract(site: Site, boss: TestClient) -> None:
    _, hidden = _review(boss, patient_name="none")
    before = len(_asked(site))
    assert boss.post(f"{ROOT}/change", data={**hidden, "do_patient_name": "leave"}).status_code == 303
    assert len(_asked(site)) == before


def test_a_stale_or_impossible_answer_is_refused(site: Site, boss: TestClient) -> None:
    _, hidden = _review(boss, patient_name="none")
    before = len(_asked(site))
    impossible = {**hidden, "do_patient_id": "remove"}
    assert boss.post(f"{ROOT}/change", data=impossible).status_code == 400
    assert boss.post(f"{ROOT}/change", data={**hidden, "standing": "other"}).status_code == 409
    assert boss.post(f"{ROOT}/change", data={**hidden, "csrf_token": "x"}).status_code == 403
    assert len(_asked(site)) == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"patient_birth_date": "pseudonym"},
        {"patient_id": "secret"},
        {"not_patient_id_patterns": "*"},
        {"not_patient_id_patterns": "x" * 101},
        {"not_patient_name_patterns": "\n".join(f"p{number}" for number in range(201))},
    ],
)
def test_a_policy_that_cannot_be_is_refused(boss: TestClient, wrong: dict[str, str]) -> None:
    answer = boss.post(f"{ROOT}/review", data={"csrf_token": csrf(boss), **FORM, **wrong})
    assert answer.status_code in (400, 422)


def test_pseudonyms_need_a_key(site: Site, boss: TestClient, extract: Database) -> None:
    with extract.transaction() as tx:
        tx.execute(sa.update(people_default).values(has_pseudonym_key=False))
    answer = boss.post(f"{ROOT}/review", data={"csrf_token": csrf(boss), **FORM})
    assert answer.status_code == 400
    assert "DOSEBUS_PSEUDONYM_KEY_FILE" in answer.text


def test_a_value_is_tried_against_patterns(
    boss: TestClient, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    form = {"csrf_token": csrf(boss), "kind": "name", "value": "Qwzx^Test", "tried": "phan*\nqwz?, *"}
    answer = boss.post(f"{ROOT}/test", data=form)
    assert "<code>qwz?, *</code>" in answer.text
    assert "phan*</code>" not in answer.text
    told = boss.post(f"{ROOT}/test", data=form | {"value": "Doe^Jane"}).text
    assert "none of 2 patterns matches" in told
    printed = capsys.readouterr()
    assert "Qwzx" not in caplog.text + printed.out + printed.err


def test_who_is_kept_as_a_pseudonym_is_found_by_the_exact_id(
    site: Site, extract: Database, tmp_path: Path
) -> None:
    key = "a key for tests"
    with extract.transaction() as tx:
        s = dose.study.c
        chosen = tx.execute(sa.select(s.id).where(s.modality_types.contains(["CT"])).limit(1)).scalar_one()
        kept = {"patient_id": pseudonym("Find Me 1", key.encode()), "patient_id_is_hashed": True}
        tx.execute(sa.update(dose.study).where(s.id == chosen).values(kept))
    web = build(site.url, tmp_path, pseudonym_key=key)
    boss = replace(site, app=create_app(web), web=web).client("boss")
    form = {"csrf_token": csrf(boss), "patient_id": " find me 1"}
    place = boss.post("/studies/ct/find", data=form).headers["location"]
    assert "find" not in place.lower()
    assert re.findall(r'<tr data-key="(\d+)"', boss.get(place).text) == [str(chosen)]
    other = boss.post("/studies/ct/find", data=form | {"patient_id": "find me 2"}).headers["location"]
    assert re.findall(r'<tr data-key="(\d+)"', boss.get(other).text) == []
    web.bus.close()
    web.database.close()


def test_changes_are_listed_and_may_be_stopped(site: Site, boss: TestClient, extract: Database) -> None:
    change_id = uuid7()
    wish = PeopleChangeRequested(people_change_id=change_id, patient_id="remove", requested_by="boss")
    with extract.transaction() as tx:
        people_change_jobs.add(tx, wish)
        people_change_jobs.change(tx, change_id, state="running", studies_total=50, studies_done=10)
    shown = boss.get(f"{ROOT}/progress").text
    assert "Remove it from all studies" in shown
    assert 'value="10" max="50"' in shown
    answer = boss.post(f"{ROOT}/changes/{change_id}/cancel", data={"csrf_token": csrf(boss)})
    assert answer.status_code == 303
    with extract.transaction() as tx:
        tx.execute(sa.delete(people_change).where(people_change.c.id == change_id))
