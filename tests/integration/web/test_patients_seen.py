"""Each view of patients is written down, and nothing that names one gets into an address, a log or an error."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from dosebus.store.tables import dose
from dosebus.store.tables import web as tables
from dosebus_web.auth import tokens
from tests.integration.web.conftest import PASSWORD, Site, csrf

pytestmark = pytest.mark.services
A, S = tables.audit.c, dose.study.c
ADDRESS = re.compile(r'(?:href|src|action|data-fragment|data-source)="([^"]*)"')


def seen(site: Site, username: str) -> list[tuple[str, Any]]:
    """What somebody saw of patients: subjects and what was shown, oldest first."""
    wanted = (
        sa.select(A.subject, A.details)
        .where(A.username == username, A.action == "patient.seen")
        .order_by(A.id)
    )
    with site.web.database.reading() as connection:
        return [(row.subject, row.details.get("shown")) for row in connection.execute(wanted)]


@pytest.fixture(scope="module")
def patient(site: Site) -> dict[str, Any]:
    """A fluoroscopy study whose patient's name is known."""
    wanted = (
        sa.select(S.id, S.study_instance_uid, S.patient_name, S.patient_id)
        .where(sa.literal_column(dose.RF), S.patient_name.is_not(None))
        .order_by(S.id)
        .limit(1)
    )
    with site.web.database.reading() as connection:
        return dict(connection.execute(wanted).mappings().one())


def test_a_list_with_patients_is_noted_with_its_studies_and_once_while_it_stays(site: Site) -> None:
    insider = site.client("insider")
    columns = "/studies/rf?columns=study_at,patient_name"
    before = len(seen(site, "insider"))
    page = insider.get(columns).text
    shown = [int(key) for key in re.findall(r'<tr data-key="(\d+)"', page)]
    assert shown
    assert seen(site, "insider")[before:] == [("list rf", shown)]
    insider.get(columns.replace("/rf?", "/rf/rows?"))
    assert len(seen(site, "insider")) == before + 1
    insider.get(columns.replace("/rf?", "/rf/rows?") + "&limit=10")
    assert len(seen(site, "insider")) == before + (1 if len(shown) <= 10 else 2)
    insider.get("/studies/rf?columns=study_at,model")
    assert [subject for subject, _ in seen(site, "insider")][-1] == "list rf"
    viewer = site.client("viewer")
    viewer.get(columns)
    assert seen(site, "viewer") == []


def test_pages_of_one_patient_are_noted(site: Site, patient: dict[str, Any]) -> None:
    insider, before = site.client("insider"), len(seen(site, "insider"))
    for path in ("", "/record"):
        assert insider.get(f"/studies/rf/{patient['id']}{path}").status_code == 200
    assert [subject for subject, _ in seen(site, "insider")[before:]] == [f"study {patient['id']}"] * 2
    insider.get("/alerts")
    assert seen(site, "insider")[-1][0] == "alerts"


def test_programs_are_noted_with_their_token(site: Site, patient: dict[str, Any]) -> None:
    with site.web.database.transaction() as tx:
        value = tokens.create(tx, "statistics", ("view", "pid"))
        blind = tokens.create(tx, "blind", ("view",))
    client = site.client()
    asked = ("/listings/rf/studies?columns=patient_name", f"/studies/{patient['study_instance_uid']}")
    for path in asked:
        for bearer in (value, blind):
            answer = client.get(f"/api/v1{path}", headers={"authorization": f"Bearer {bearer}"})
            assert (patient["patient_name"] in answer.text) == (bearer == value), path
    with site.web.database.reading() as connection:
        told = connection.execute(
            sa.select(A.subject, A.details["token"].astext)
            .where(A.action == "patient.seen", A.details.has_key("token"))
            .order_by(A.id)
        ).all()
    assert [tuple(row) for row in told] == [
        ("list rf", "statistics"),
        (f"study {patient['id']}", "statistics"),
    ]


def test_the_audit_log_finds_who_saw_a_study_also_in_lists(site: Site, patient: dict[str, Any]) -> None:
    site.client("insider").get("/studies/rf?columns=patient_name&limit=400")
    text = site.client("boss").get(f"/admin/audit?subject=study+{patient['id']}&user=insider").text
    assert "list rf" in text
    assert "list rf" not in site.client("boss").get("/admin/audit?subject=study+999999&user=insider").text


def test_a_search_for_a_patient_leaves_no_trace_of_who_it_was(site: Site, patient: dict[str, Any]) -> None:
    client = site.client("insider")
    words = {"patient_name": patient["patient_name"], "patient_id": patient["patient_id"]}
    with capture_logs() as logs:
        for key, text in words.items():
            answer = client.post("/studies/rf/find", data={"csrf_token": csrf(client), key: text})
            place = answer.headers["location"]
            page = client.get(place).text
            for address in (place, *ADDRESS.findall(page)):
                assert text not in address
            refused = client.get("/studies/rf", params={key: text})
            assert refused.status_code == 400
            assert client.get("/api/v1/listings/rf/studies", params={key: text}).status_code == 400
            for kept in ("/views", "/exports"):
                form = {
                    "listing": "rf",
                    "name": "x",
                    "file_format": "csv",
                    "query": f"g1=any&g1.{key}={text}",
                }
                assert client.post(kept, data=form | {"csrf_token": csrf(client)}).status_code in (400, 403)
    for text in words.values():
        assert text not in str(logs)
    with site.web.database.reading() as connection:
        for column in (A.details, A.subject):
            written = str(connection.execute(sa.select(column)).scalars().all())
            assert all(text not in written for text in words.values())


def test_an_export_asks_for_no_accession_number_in_any_way(site: Site) -> None:
    client = site.client("exporter")
    for query in ("accession=A1", "g1=any&g1.accession=A1", "g1=any&g1.!accession=A1"):
        form = {"csrf_token": csrf(client), "listing": "ct", "file_format": "csv", "query": query}
        assert client.post("/exports", data=form).status_code == 400, query


def test_a_fault_is_logged_and_told_without_a_patient(
    site: Site, patient: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = TestClient(site.app, raise_server_exceptions=False, follow_redirects=False)
    client.post("/sign-in", data={"username": "insider", "password": PASSWORD})

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(patient["patient_name"])

    monkeypatch.setattr("dosebus_web.pages.studies.routes.detail.view", fail)
    with capture_logs() as logs:
        answer = client.get(f"/studies/rf/{patient['id']}")
    assert answer.status_code == 500
    assert patient["patient_name"] not in answer.text
    told = [{key: value for key, value in line.items() if key != "exc_info"} for line in logs]
    assert [line["event"] for line in told] == ["web.fault"]
    assert patient["patient_name"] not in str(told)
