"""The pages of re-derivation ask extract, and show what a shadow found."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from dosebus.events.rederivation import Selection
from dosebus.store.engine import Database
from dosebus.store.tables import dose
from dosebus.store.tables import web as web_tables
from dosebus.store.tables.dose_changes import rederivation, rederivation_difference, rederivation_study
from dosebus_extract import rederivation_jobs
from tests.integration.web.conftest import Site, csrf

pytestmark = pytest.mark.services
ROOT = "/admin/rederivation"
FIELD = "ct_reports[].events[].dlp_mgycm"


def _asked(site: Site, topic: str) -> list[dict[str, Any]]:
    box = site.web.database.outbox.c
    with site.web.database.reading() as connection:
        found = connection.execute(sa.select(box.body).where(box.topic == topic).order_by(box.id)).scalars()
        return [json.loads(bytes(body))["data"] for body in found]


@pytest.fixture(scope="module")
def ready(site: Site) -> UUID:
    """A shadow that is ready: one study differs, one has a hidden difference, one cannot be derived."""
    job_id = uuid4()
    owner = Database(site.url, schema="dose", service="extract", pool_size=1)
    differences = [
        {"place": "ct_reports[0].events[0].dlp_mgycm", "before": 1.0, "after": 3.5, "relative": 2.5},
        {"place": "patient.patient_name", "hidden": True},
    ]
    with owner.transaction() as tx:
        rederivation_jobs.add(tx, job_id, Selection(modality_type="CT"), "boss")
        rows = tx.execute(sa.select(dose.study.c.id, dose.study.c.device_id).limit(2)).all()
        rederivation_jobs.begin(tx, job_id, Selection(), "a digest")
        tx.execute(sa.delete(rederivation_study))
        states: list[dict[str, Any]] = [
            {"state": "differs", "differing_places": 30, "differences": differences},
            {"state": "failed", "reason_code": "archive_deleted", "reason": "Deleted by policy: 1.2.3"},
        ]
        for row, state in zip(rows, states, strict=True):
            known = {"rederivation_id": job_id, "study_id": row.id, "device_id": row.device_id}
            tx.execute(sa.insert(rederivation_study).values(**known, **state))
        tx.execute(
            sa.insert(rederivation_difference).values(
                rederivation_id=job_id, field=FIELD, device_id=rows[0].device_id, studies=1, places=30,
                largest_relative=2.5, examples=[rows[0].id],
            )
        )  # fmt: skip
        rederivation_jobs.change(
            tx, job_id, state="ready", studies_total=2, studies_done=2, studies_differing=1, studies_failed=1,
            objects_gone=1,
        )  # fmt: skip
    owner.close()
    return job_id


def test_a_selection_is_asked_of_extract_and_noted(site: Site) -> None:
    boss = site.client("boss")
    shown = boss.get(ROOT).text
    assert '<option value="CT">' in shown
    form = {
        "csrf_token": csrf(boss), "device_id": "", "modality_type": "CT", "date_from": "2026-01-01",
        "date_to": "", "extractor_below": "0.2",
    }  # fmt: skip
    assert boss.post(ROOT, data=form).status_code == 303
    wish = _asked(site, "dose.rederivation.requested.v1")[-1]
    assert wish["requested_by"] == "boss"
    assert {key: value for key, value in wish["selection"].items() if value} == {
        "modality_type": "CT", "date_from": "2026-01-01", "extractor_below": "0.2",
    }  # fmt: skip
    with site.web.database.reading() as connection:
        a = web_tables.audit.c
        noted = sa.select(a.action).where(a.subject == wish["rederivation_id"])
        assert connection.execute(noted).scalar_one() == "rederivation.request"


@pytest.mark.parametrize(
    "wrong",
    [
        {"modality_type": "XX"},
        {"device_id": "99999999999999999999"},
        {"date_from": "yesterday"},
        {"date_from": "2026-02-01", "date_to": "2026-01-01"},
        {"extractor_below": "new"},
    ],
)
def test_a_selection_that_makes_no_sense_is_refused(site: Site, wrong: dict[str, str]) -> None:
    boss = site.client("boss")
    before = len(_asked(site, "dose.rederivation.requested.v1"))
    assert boss.post(ROOT, data={"csrf_token": csrf(boss), **wrong}).status_code in (400, 422)
    assert len(_asked(site, "dose.rederivation.requested.v1")) == before


def test_a_run_shows_what_differs_by_field_and_device(site: Site, ready: UUID) -> None:
    boss = site.client("boss")
    assert f'href="{ROOT}/{ready}"' in boss.get(f"{ROOT}/rows").text
    shown = re.sub(r"\s+", " ", boss.get(f"{ROOT}/{ready}").text)
    assert "dlp mgycm" in shown
    assert FIELD in shown
    assert "250 %" in shown
    assert f'action="{ROOT}/{ready}/apply"' in shown
    assert re.search(r'href="/study/\d+"', shown)
    assert FIELD in boss.get(f"{ROOT}/{ready}/progress").text
    assert boss.get(f"{ROOT}/{uuid4()}").status_code == 404


def test_studies_of_a_run_show_values_but_none_that_name_people(site: Site, ready: UUID) -> None:
    boss = site.client("boss")
    shown = re.sub(r"\s+", " ", boss.get(f"{ROOT}/{ready}/studies").text)
    assert "1.0 → <strong>3.5</strong>" in shown
    assert "not shown, because it may name a person" in shown
    assert "26 more places" in shown
    failed = boss.get(f"{ROOT}/{ready}/studies?state=failed").text
    assert "deleted by policy" in failed
    assert "1.2.3" in failed
    assert boss.get(f"{ROOT}/{ready}/studies?state=odd").status_code == 404


def test_apply_cancel_and_discard_are_asked_of_extract(site: Site, ready: UUID) -> None:
    boss = site.client("boss")
    form = {"csrf_token": csrf(boss)}
    assert boss.post(f"{ROOT}/{ready}/apply", data={"csrf_token": "x"}).status_code == 403
    assert boss.post(f"{ROOT}/{ready}/apply", data=form).status_code == 303
    assert _asked(site, "dose.rederivation.apply.requested.v1")[-1]["rederivation_id"] == str(ready)
    for verb, discard in (("cancel", False), ("discard", True)):
        assert boss.post(f"{ROOT}/{ready}/{verb}", data=form).status_code == 303
        assert _asked(site, "dose.rederivation.cancel.requested.v1")[-1]["discard"] is discard
    assert boss.post(f"{ROOT}/{uuid4()}/cancel", data=form).status_code == 404
    owner = Database(site.url, schema="dose", service="extract", pool_size=1)
    with owner.transaction() as tx:
        tx.execute(sa.update(rederivation).where(rederivation.c.id == ready).values(state="done"))
    owner.close()
    assert boss.post(f"{ROOT}/{ready}/apply", data=form).status_code == 409
