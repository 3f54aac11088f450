"""The tasks page: everybody sees their own, and asks the services to stop or repeat."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
import sqlalchemy as sa

from dosebus.store.engine import Database
from dosebus.store.tables import alerts, export, qr
from dosebus_web.pages.tasks.kinds import KINDS, PHASE_OF, PHASES
from tests.integration.web.conftest import Site, csrf

pytestmark = pytest.mark.services


def outbox(site: Site, topic: str) -> list[dict[str, object]]:
    """The commands of a topic that wait to be sent."""
    box = site.web.database.outbox.c
    with site.web.database.reading() as connection:
        bodies = connection.execute(sa.select(box.body).where(box.topic == topic).order_by(box.id)).scalars()
        return [json.loads(bytes(body))["data"] for body in bodies]


@pytest.fixture(scope="module")
def export_ids(site: Site) -> dict[str, str]:
    owner = Database(site.url, schema="export", service="export", pool_size=1)
    ids = {state: uuid4() for state in ("running", "failed")}
    with owner.transaction() as tx:
        for state, export_id in ids.items():
            row = {
                "export_id": export_id, "listing": "ct", "query": "make=GE", "file_format": "csv",
                "include_patient": False, "requested_by": "exporter", "requested_at": sa.func.now(),
                "state": state, "rows_total": 100, "rows_done": 40, "started_at": sa.func.now(),
                "reason": "the disk is full" if state == "failed" else None,
            }  # fmt: skip
            tx.execute(sa.insert(export.job).values(row))
    owner.close()
    return {state: str(export_id) for state, export_id in ids.items()}


def test_the_words_of_all_services_are_known() -> None:
    words = {
        *export.JOB_STATES, *alerts.RECALCULATION_STATES, *alerts.TRIAL_STATES,
        "waiting", "running", "finished", "failed", "cancelled",
    }  # fmt: skip
    assert words <= PHASE_OF.keys()
    assert set(PHASE_OF.values()) <= set(PHASES)
    assert qr.job.c.state is KINDS["query"].table.c.state


def test_one_sees_ones_own_tasks_and_an_administrator_all(site: Site, export_ids: dict[str, str]) -> None:
    own = site.client("exporter").get("/tasks").text
    assert export_ids["running"] in own
    assert "the disk is full" in own
    assert export_ids["running"] in site.client("boss").get("/tasks").text
    assert export_ids["running"] not in site.client("viewer").get("/tasks").text
    other = site.client("querier").get("/tasks").text
    assert export_ids["running"] not in other
    assert site.query_id in other or site.query_id in site.client("boss").get("/tasks").text


def test_tasks_are_filtered_by_state_and_kind(site: Site, export_ids: dict[str, str]) -> None:
    boss = site.client("boss")
    failed = boss.get("/tasks?phase=failed&kind=export").text
    assert export_ids["failed"] in failed
    assert export_ids["running"] not in failed
    assert export_ids["failed"] not in boss.get("/tasks?kind=query").text
    assert "No tasks" in boss.get("/tasks?kind=nothing").text


def test_a_running_task_is_stopped_and_a_failed_one_asked_for_again(
    site: Site, export_ids: dict[str, str]
) -> None:
    browser = site.client("exporter")
    form = {"csrf_token": csrf(browser)}
    assert browser.post(f"/tasks/export/{export_ids['running']}/cancel", data=form).status_code == 303
    assert outbox(site, "export.cancel.requested.v1")[-1]["export_id"] == export_ids["running"]
    assert browser.post(f"/tasks/export/{export_ids['failed']}/retry", data=form).status_code == 303
    asked = outbox(site, "export.requested.v1")[-1]
    assert (asked["listing"], asked["query"], asked["requested_by"]) == ("ct", "make=GE", "exporter")
    assert asked["export_id"] != export_ids["failed"]


@pytest.mark.parametrize(("state", "verb", "status"), [("failed", "cancel", 409), ("running", "retry", 409)])
def test_what_cannot_be_done_is_said(
    site: Site, export_ids: dict[str, str], state: str, verb: str, status: int
) -> None:
    browser = site.client("exporter")
    form = {"csrf_token": csrf(browser)}
    assert browser.post(f"/tasks/export/{export_ids[state]}/{verb}", data=form).status_code == status
    assert browser.post(f"/tasks/export/{uuid4()}/{verb}", data=form).status_code == 404
    assert browser.post(f"/tasks/nothing/{export_ids[state]}/{verb}", data=form).status_code == 404


def test_somebody_elses_task_is_left_alone(site: Site, export_ids: dict[str, str]) -> None:
    for username in ("viewer", "querier"):
        browser = site.client(username)
        answer = browser.post(
            f"/tasks/export/{export_ids['running']}/cancel", data={"csrf_token": csrf(browser)}
        )
        assert answer.status_code == 403
