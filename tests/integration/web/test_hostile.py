"""Requests that nobody means well with: on every route, and through what devices may write into a study."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from dosebus.store.tables import web as tables
from dosebus_web.auth import accounts, audit, tokens
from dosebus_web.auth.gate import Gate, PublicGate
from tests.integration.web.conftest import Site, csrf
from tests.integration.web.test_authorisation_walk import gates, routes

pytestmark = pytest.mark.services
HUGE, CLIMBING = "9" * 30, "..%2f..%2fetc%2fpasswd"


@pytest.mark.parametrize("value", [HUGE, CLIMBING, "%00", "-1"])
def test_no_path_parameter_makes_a_fault(site: Site, value: str) -> None:
    client = site.client("boss")
    for route in routes(site):
        gate = next(gates(route.dependant))
        if "GET" in (route.methods or ()) and "{" in route.path and isinstance(gate, Gate | PublicGate):
            parts = [value if part.startswith("{") else part for part in route.path.split("/")]
            answer = client.get("/".join(parts))
            assert answer.status_code in (200, 303, 400, 404, 422), (route.path, value, answer.status_code)


def test_every_private_answer_has_the_headers_and_is_kept_by_nobody(site: Site) -> None:
    client = site.client("boss")
    for path in (
        "/",
        "/studies/ct",
        f"/studies/rf/{site.alert_study}",
        "/account",
        "/admin/audit",
        "/nothing",
    ):
        headers = client.get(path).headers
        assert headers["cache-control"] == "private, no-store", path
        assert headers["x-frame-options"] == "DENY", path
        assert "form-action 'self'" in headers["content-security-policy"], path


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nx: y"]
)
def test_signing_in_leads_to_no_other_site(site: Site, target: str) -> None:
    form = {"username": "viewer", "password": "correct horse battery", "next": target}
    answer = site.client().post("/sign-in", data=form)
    assert answer.headers["location"] == "/"
    assert "x" not in answer.headers


def test_the_audit_log_cannot_be_changed(site: Site) -> None:
    with site.web.database.transaction() as tx:
        audit.note(tx, "probe", "probe.final")
    for statement in (sa.update(tables.audit).values(username="x"), sa.delete(tables.audit)):
        with pytest.raises(DBAPIError, match="only grows"), site.web.database.transaction() as tx:
            tx.execute(statement)


def test_the_audit_log_is_filtered_and_its_csv_holds_no_formula(site: Site) -> None:
    with site.web.database.transaction() as tx:
        audit.note(tx, "=1+1", "probe.formula", "+cmd")
    boss = site.client("boss")
    text = boss.get("/admin/audit.csv?action=probe.formula").text
    assert "'=1+1,probe.formula,'+cmd" in text
    assert text.count("probe.formula") == 1
    assert "Nothing fits" in boss.get("/admin/audit?action=probe.formula&date_to=2001-01-01").text
    assert site.client("viewer").get("/admin/audit.csv").status_code == 403


def test_a_token_never_may_more_than_its_person(site: Site) -> None:
    with site.web.database.transaction() as tx:
        owner = accounts.add(tx, "owner", "another good phrase", groups=("export",))
        with pytest.raises(ValueError, match="pid"):
            tokens.create(tx, "greedy", ("pid",), may=("export",), account_id=owner)
        value = tokens.create(tx, "mine", ("export",), may=("export",), account_id=owner)
    client = site.client()
    client.headers["authorization"] = f"Bearer {value}"
    assert client.get("/api/v1/me").json()["scopes"] == ["export", "view"]
    assert client.get("/api/v1/exports").status_code == 200
    assert client.get("/api/v1/objects").status_code == 403
    with site.web.database.transaction() as tx:
        accounts.change(tx, owner, display_name="", email=None, groups=("view",), disabled=False)
    assert client.get("/api/v1/exports").status_code == 403
    with site.web.database.transaction() as tx:
        accounts.change(tx, owner, display_name="", email=None, groups=("view",), disabled=True)
    assert client.get("/api/v1/me").status_code == 401
    with site.web.database.reading() as connection:
        wanted = sa.select(tables.audit.c.details).where(tables.audit.c.action == "token.refused")
        assert {"why": "disabled", "token": "mine"} in connection.execute(wanted).scalars().all()


def test_a_cookie_is_not_enough_to_command_by_the_api(site: Site) -> None:
    wish = {"listing": "ct", "file_format": "csv"}
    assert site.client("exporter").post("/api/v1/exports", json=wish).status_code == 401


def test_one_makes_and_revokes_tokens_on_the_account_page(site: Site) -> None:
    client = site.client("exporter")
    form = {"csrf_token": csrf(client), "name": "script", "scope": "view", "days": "30"}
    value = client.post("/account/tokens", data=form).text.split('id="secret">')[1].split("<")[0]
    program = site.client()
    program.headers["authorization"] = f"Bearer {value}"
    assert program.get("/api/v1/studies").status_code == 200
    beyond = client.post("/account/tokens", data={**form, "scope": "admin"})
    assert beyond.status_code == 400
    place = client.get("/account").text.split('action="/account/tokens/')[1].split('"')[0]
    assert client.post(f"/account/tokens/{place}", data={"csrf_token": csrf(client)}).status_code == 303
    assert program.get("/api/v1/studies").status_code == 401


def test_an_error_of_the_api_names_parameter_and_reason(site: Site) -> None:
    answer = site.client("viewer").get("/api/v1/listings/ct/studies?date_from=x&colour=red")
    assert answer.headers["content-type"] == "application/problem+json"
    wrong = {one["parameter"]: one["reason"] for one in answer.json()["errors"]}
    assert wrong["date_from"] == "is not a date like 2026-01-31"
    assert site.client("viewer").get("/api/v1/devices?colour=red").status_code == 400
