"""The other pages, what their forms ask for, and the headers of every answer."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from dosebus.store.engine import Database
from dosebus.store.tables import export
from dosebus_web.app import create_app
from dosebus_web.auth import audit
from tests.integration.web.conftest import PASSWORD, Site, build, csrf

pytestmark = pytest.mark.services


def outbox(site: Site) -> list[tuple[str, dict[str, object]]]:
    """The events that wait to be sent: topic and data."""
    box = site.web.database.outbox
    with site.web.database.reading() as connection:
        rows = connection.execute(sa.select(box.c.topic, box.c.body)).all()
    return [(row.topic, json.loads(bytes(row.body))["data"]) for row in rows]


def test_home_counts_devices_and_what_waits(site: Site) -> None:
    text = site.client("boss").get("/").text
    for word in (
        "Alerts waiting",
        "Objects rejected",
        "Just recorded",
        "Last 28 days",
        "Dose at the reference",
    ):
        assert word in text


def test_an_export_is_asked_for_with_the_filter_of_the_list(site: Site) -> None:
    client = site.client("exporter")
    form = {
        "csrf_token": csrf(client),
        "listing": "ct",
        "file_format": "csv",
        "query": "study_description=head",
    }
    assert client.post("/exports", data=form).status_code == 303
    sent = [data for topic, data in outbox(site) if topic == "export.requested.v1"]
    assert sent[-1]["query"] == "study_description=head"
    assert sent[-1]["requested_by"] == "exporter"
    assert sent[-1]["include_patient"] is False


@pytest.mark.parametrize(
    "change",
    [{"listing": "xx"}, {"file_format": "exe"}, {"query": "accession=A1"}, {"query": "date_from=x"}],
)
def test_an_export_that_cannot_be_is_not_asked_for(site: Site, change: dict[str, str]) -> None:
    client = site.client("exporter")
    form = {"csrf_token": csrf(client), "listing": "ct", "file_format": "csv", "query": ""} | change
    assert client.post("/exports", data=form).status_code == 400


def test_patient_data_are_exported_only_for_the_group_pid(site: Site) -> None:
    client = site.client("exporter")
    form = {"csrf_token": csrf(client), "listing": "ct", "file_format": "csv", "include_patient": "true"}
    assert client.post("/exports", data=form).status_code == 403


def test_a_finished_export_is_downloaded_by_its_owner_only(site: Site) -> None:
    content = b"a;b\n1;2\n"
    key = site.web.blobs.put(content)
    writing = Database(site.url, schema="export", service="export")
    with writing.transaction() as tx:
        values = {"blob_key": str(key), "size_bytes": len(content), "requested_by": "exporter"}
        done = tx.execute(
            sa.update(export.job)
            .where(export.job.c.state == "completed")
            .values(values)
            .returning(export.job.c.export_id)
        ).scalar_one()
    writing.close()
    answer = site.client("exporter").get(f"/exports/{done}/file")
    assert answer.content == content
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert site.client("querier").get(f"/exports/{done}/file").status_code == 403


def test_a_query_and_a_retrieval_are_asked_for(site: Site) -> None:
    client = site.client("querier")
    token = csrf(client)
    page = client.get("/query").text
    node_id = page.split('<option value="')[1].split('"')[0]
    form = {"csrf_token": token, "node_id": node_id, "modality": "RF", "date_from": "2026-11-01"}
    assert client.post("/query", data=form).status_code == 303
    assert client.post(f"/query/{site.query_id}/retrieve", data={"csrf_token": token}).status_code == 303
    sent = dict(outbox(site))
    assert sent["qr.query.requested.v1"]["modalities"] == ["RF", "XA"]
    assert sent["qr.retrieve.requested.v1"]["study_instance_uids"] is None
    wrong = {"csrf_token": token, "node_id": node_id, "modality": "CT", "date_from": "2026-11-02", "date_to": "2026-11-01"}  # fmt: skip  # noqa: E501
    assert client.post("/query", data=wrong).status_code == 400


def test_the_answers_of_a_query_tell_why(site: Site) -> None:
    text = site.client("querier").get(f"/query/{site.query_id}").text
    assert "no dose report" in text
    assert "Fetch all that was kept" in text


def test_what_was_set_aside_tells_why_and_can_be_read_again(site: Site) -> None:
    client = site.client("boss")
    text = client.get("/objects?outcome=rejected").text
    assert "Study Instance UID (0020,000D) is empty" in text
    action = text.split('action="/objects/')[1].split('"')[0]
    assert client.post(f"/objects/{action}", data={"csrf_token": csrf(client)}).status_code == 303
    assert action.startswith(str(dict(outbox(site))["dicom.object.reread.requested.v1"]["object_id"]))


def test_a_level_is_changed_in_the_shown_unit(site: Site) -> None:
    client = site.client("boss")
    place = client.get("/admin/alerts").text.split('<a class="strong" href="')[1].split('"')[0]
    assert 'value="20000"' in client.get(place).text
    form = {
        "csrf_token": csrf(client), "title": "DAP", "quantity": "dap_gym2", "scope": "study", "level": "30000",
        "severity": "critical", "modality_types": "RF", "mode": "on",
    }  # fmt: skip
    assert client.post(place, data=form).status_code == 303
    assert 'value="30000"' in client.get(place).text
    assert "alert.settings.changed.v1" in dict(outbox(site))


def test_a_node_is_added_once_and_bad_ones_are_refused(site: Site) -> None:
    client = site.client("boss")
    form = {"csrf_token": csrf(client), "name": "PACS 2", "ae_title": "PACS2", "host": "pacs2", "port": "104", "enabled": "true"}  # fmt: skip  # noqa: E501
    assert client.post("/admin/nodes", data=form).status_code == 303
    assert client.post("/admin/nodes", data=form).status_code == 400
    assert client.post("/admin/nodes", data=form | {"name": "x", "ae_title": "A" * 17}).status_code == 400
    assert client.post("/admin/nodes", data=form | {"name": "x", "port": "0"}).status_code == 400


def test_the_services_page_names_all_services_and_queues(site: Site) -> None:
    text = site.client("boss").get("/services").text
    for word in ("ingest", "extract", "alerts", "export", "qr", "web.show_study"):
        assert word in text


def test_removing_a_study_is_asked_of_extract(site: Site) -> None:
    client = site.client("boss")
    place = f"/studies/rf/{site.alert_study}/remove"
    assert client.post(place, data={"csrf_token": csrf(client)}).status_code == 303
    assert dict(outbox(site))["dose.study.removal.requested.v1"]["requested_by"] == "boss"


def test_the_audit_log_says_who_saw_a_patient(site: Site) -> None:
    site.client("insider").get(f"/studies/rf/{site.alert_study}")
    text = site.client("boss").get("/admin/audit?user=insider&action=patient").text
    assert f"study {site.alert_study}" in text


def test_text_from_outside_cannot_become_markup(site: Site) -> None:
    with site.web.database.transaction() as tx:
        audit.note(tx, "<script>alert(1)</script>", "probe")
    text = site.client("boss").get("/admin/audit?action=probe").text
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text
    listed = site.client("viewer").get('/studies/ct?study_description="><img src=x>').text
    assert "<img src=x>" not in listed


@pytest.mark.parametrize("path", ["/", "/sign-in", "/static/css/tokens.css", "/nothing", "/api/v1/studies"])
def test_every_answer_carries_the_security_headers(site: Site, path: str) -> None:
    headers = site.client("viewer").get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"]


def test_pages_hold_no_inline_script_style_or_handler(site: Site) -> None:
    client = site.client("boss")
    paths = ("/", "/studies/ct", f"/studies/rf/{site.alert_study}", "/alerts", "/exports", "/query", "/objects", "/services", "/admin/users", "/admin/alerts")  # fmt: skip  # noqa: E501
    for path in paths:
        text = client.get(path).text
        assert "<style" not in text
        assert ' style="' not in text
        assert "javascript:" not in text
        assert ' onclick="' not in text
        assert text.count("<script") == text.count('<script type="module" src=')


def test_a_fault_shows_a_reference_and_no_data(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    client = TestClient(site.app, raise_server_exceptions=False, follow_redirects=False)
    client.post("/sign-in", data={"username": "viewer", "password": PASSWORD})

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("Weber^Nora")

    monkeypatch.setattr("dosebus_web.pages.home.routes.overview", fail)
    answer = client.get("/")
    assert answer.status_code == 500
    assert "Weber" not in answer.text
    assert "Reference" in answer.text


def test_too_long_and_unnamed_hosts_are_refused(site: Site, tmp_path: Path) -> None:
    assert site.client().post("/sign-in", content=b"x" * 1_000_001).status_code == 413
    web = build(site.url, tmp_path, trusted_hosts=("dose.example",))
    client = TestClient(create_app(web), base_url="http://evil.example")
    assert client.get("/sign-in").status_code == 400
    web.bus.close()
    web.database.close()


def test_static_files_stay_in_their_folder(site: Site) -> None:
    client = site.client()
    for path in ("/static/../settings.py", "/static/%2e%2e/settings.py", "/static/..%2fsettings.py"):
        assert client.get(path).status_code in (303, 404)
    kept = client.get("/static/css/tokens.css").headers["cache-control"]
    assert "immutable" in kept


def test_a_path_prefix_is_on_every_link_and_may_be_stripped_or_not(site: Site, tmp_path: Path) -> None:
    web = build(site.url, tmp_path, path_prefix="/dose/", public_url="https://h.example/dose")
    client = TestClient(create_app(web), base_url="https://h.example", follow_redirects=False)
    assert client.get("/dose/studies/ct").headers["location"].startswith("/dose/sign-in?next=%2Fstudies")
    answer = client.post(
        "/dose/sign-in", data={"username": "viewer", "password": PASSWORD, "next": "/studies/ct"}
    )
    assert answer.headers["location"] == "/dose/studies/ct"
    assert "Path=/dose" in answer.headers["set-cookie"]
    assert "Secure" in answer.headers["set-cookie"]
    text = client.get("/dose/studies/ct").text
    assert 'href="/dose/studies/rf"' in text
    assert 'href="/studies' not in text
    assert client.get("/dose/static/css/tokens.css").status_code == 200
    assert "max-age" in client.get("/dose/sign-in").headers["strict-transport-security"]
    web.bus.close()
    web.database.close()


def test_the_home_page_counts_in_the_periods_that_were_chosen(site: Site) -> None:
    boss = site.client("boss")
    wrong = {"csrf_token": csrf(boss), "short_days": "30", "long_days": "30", "silent": "9"}
    assert boss.post("/admin/home", data=wrong).status_code == 400
    right = {"csrf_token": csrf(boss), "short_days": "14", "long_days": "91", "silent": "9"}
    assert boss.post("/admin/home", data=right).status_code == 303
    assert re.search(r">14 d</th>.{0,200}>91 d</th>", boss.get("/").text, re.DOTALL)
    assert 'value="9"' in boss.get("/admin/home").text
