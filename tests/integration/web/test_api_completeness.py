"""The API tells all that pages tell, and its description tells all of the API."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openapi_spec_validator import validate

from dosebus_web.api.shelves import SHELVES
from dosebus_web.auth import tokens
from dosebus_web.auth.gate import Gate
from dosebus_web.auth.groups import GROUPS
from tests.integration.web.conftest import Site, csrf
from tests.integration.web.test_authorisation_walk import gates, routes

pytestmark = pytest.mark.services
V1 = "/api/v1"
TOLD_BY: dict[str, tuple[str, ...]] = {
    "/": ("/overview", "/alerts", "/studies"),
    "/account": ("/me", "/tokens"),
    "/admin/alerts": ("/alert-rules", "/alert-follow-ups", "/settings"),
    "/admin/alerts/recalculations": ("/alert-recalculations", "/alert-recalculations/{recalculation_id}/changes"),
    "/admin/alerts/recipients": ("/alert-recipients/{recipient_id}", "/alert-recipients/{recipient_id}/messages"),
    "/admin/alerts/rules": ("/alert-rules/{rule_id}", "/alert-rules/{rule_id}/versions"),
    "/admin/alerts/sets": ("/alert-rules",),
    "/admin/alerts/trials": ("/alert-trials/{trial_id}", "/alert-trials/{trial_id}/alerts"),
    "/admin/audit": ("/audit",),
    "/admin/audit.csv": ("/audit",),
    "/admin/devices": ("/devices", "/devices/{device_id}", "/devices/{device_id}/oddities"),
    "/admin/home": ("/settings",),
    "/admin/nodes": ("/nodes",),
    "/admin/people": ("/people-changes/{people_change_id}", "/settings"),
    "/admin/reading": ("/ignore-rules", "/device-name-rules", "/settings"),
    "/admin/rederivation": (
        "/rederivations/{rederivation_id}", "/rederivations/{rederivation_id}/differences",
        "/rederivations/{rederivation_id}/studies",
    ),
    "/admin/skin": ("/skin-devices/{skin_device_id}", "/settings"),
    "/admin/users": ("/users/{account_id}", "/tokens"),
    "/alerts": ("/alerts/{alert_id}", "/alerts/{alert_id}/history", "/alerts/{alert_id}/notes"),
    "/exports": ("/exports/{export_id}", "/exports/{export_id}/file"),
    "/names": ("/standard-names/{name_id}", "/unmapped-names", "/standard-name-changes"),
    "/objects": ("/objects",),
    "/overview": ("/overview",),
    "/query": ("/nodes", "/archive-jobs/{job_id}", "/archive-jobs/{job_id}/studies"),
    "/services": ("/services",),
    "/sizes": ("/size-imports/{import_id}",),
    "/studies/rf/{study_id}/skin": tuple(
        f"/studies/{{study_instance_uid}}/skin-{what}" for what in ("map", "dose", "sums")
    ),
    "/studies/{name}": (
        "/listings/nm/studies", "/listings/nm/charts/{key}", "/studies/{study_instance_uid}",
        "/studies/{study_instance_uid}/events", "/studies/{study_instance_uid}/background",
        "/studies/{study_instance_uid}/revisions/{revision}", "/studies/{study_instance_uid}/sizes", "/saved-views",
    ),
    "/tasks": ("/tasks",),
}  # fmt: skip
"""By page, and what lies below it: where the API tells the same."""
TELLING_NOTHING = {"/admin", "/live", "/study/{place}"}
"""Pages of links, the stream of news, and addresses that only lead on."""


@pytest.fixture(scope="module")
def document(site: Site) -> dict[str, Any]:
    """The description of the API."""
    found: dict[str, Any] = site.client().get(f"{V1}/openapi.json").json()
    validate(found)
    return found


@pytest.fixture(scope="module")
def program(site: Site) -> TestClient:
    """A program that may everything."""
    with site.web.database.transaction() as tx:
        value = tokens.create(tx, "complete", GROUPS)
    client = site.client()
    client.headers["authorization"] = f"Bearer {value}"
    return client


def test_what_each_page_tells_a_program_can_ask_for(site: Site, document: dict[str, Any]) -> None:
    for route in routes(site):
        page = "GET" in (route.methods or ()) and isinstance(next(gates(route.dependant)), Gate)
        if not page or route.path in TELLING_NOTHING:
            continue
        known = [
            one for one in TOLD_BY if route.path == one or (one != "/" and route.path.startswith(f"{one}/"))
        ]
        assert known, f"{route.path} is a new page: name in TOLD_BY where the API tells what it tells"
    for paths in TOLD_BY.values():
        for path in paths:
            assert "get" in document["paths"].get(V1 + path, {}), path


def test_every_operation_says_what_it_does_and_what_can_go_wrong(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            assert operation["tags"], where
            assert operation["description"], where
            answers = operation["responses"]
            assert {"400", "401", "403", "422", "429"} <= answers.keys(), where
            assert "404" in answers or not re.search(r"\{(?!rederivation_id\}/differences)", path), where
            assert "413" in answers or "requestBody" not in operation, where
            for status, answer in answers.items():
                content = answer["content"]
                assert status.startswith("2") or "application/problem+json" in content, where
                assert "application/json" not in content or "example" in content["application/json"], where
            for parameter in operation.get("parameters", ()):
                assert parameter["schema"], where


def test_every_shelf_answers_and_hides_what_is_secret(site: Site, program: TestClient) -> None:
    boss = site.client("boss")
    form = {"csrf_token": csrf(boss), "listing": "ct", "name": "Mine", "query": "study_description=head"}
    assert boss.post("/views", data=form).status_code == 303
    text = ""
    for shelf in SHELVES:
        path = re.sub(r"\{(\w+)\}", lambda found: FILLED[found[1]], shelf.path)
        page = program.get(f"{V1}{path}", params={"limit": 1})
        assert page.status_code == 200, (path, page.text)
        while page.json()["after"] is not None:
            text += page.text
            page = program.get(f"{V1}{path}", params={"limit": 200, "after": page.json()["after"]})
            assert page.status_code == 200, (path, page.text)
        text += page.text
    assert '"username":"boss"' in text
    assert "$argon2" not in text
    with site.web.database.reading() as connection:
        secret = [row.token_hash for row in tokens.issued(connection)]
    assert secret
    assert all(one not in text for one in secret)
    # The view is private, and this program is nobody's.
    assert program.get(f"{V1}/saved-views").json()["items"] == []
    assert [one["name"] for one in boss.get(f"{V1}/saved-views").json()["items"]] == ["Mine"]


NOBODY = "00000000-0000-0000-0000-000000000007"
FILLED = {
    "study_instance_uid": "1.2.3", "rule_id": "1", "recipient_id": "1", "alert_id": NOBODY, "trial_id": NOBODY,
    "recalculation_id": NOBODY, "rederivation_id": NOBODY,
}  # fmt: skip


def test_a_row_has_an_address_of_its_own(program: TestClient) -> None:
    first = program.get(f"{V1}/users?limit=1").json()["items"][0]
    assert program.get(f"{V1}/users/{first['id']}").json() == first
    assert program.get(f"{V1}/users/999999").status_code == 404
    assert program.get(f"{V1}/alert-trials/{NOBODY}").status_code == 404


def test_the_boards_answer_as_their_pages_do(site: Site, program: TestClient) -> None:
    overview = program.get(f"{V1}/overview").json()
    assert sum(one["studies"] for one in overview["lists"]) >= 40
    assert overview["rejected"] == 3
    states = [one["state"] for one in program.get(f"{V1}/tasks?kind=export").json()["items"]]
    assert sorted(states) == ["completed", "failed", "running"]
    assert {one["service"] for one in program.get(f"{V1}/services").json()["services"]} >= {
        "ingest",
        "extract",
    }
    unmapped = program.get(f"{V1}/unmapped-names?modality_type=CT&months=0&limit=2").json()
    assert unmapped["after"] == 2
    further = program.get(f"{V1}/unmapped-names?modality_type=CT&months=0&limit=2&after=2").json()
    assert {one["raw_name"] for one in further["items"]}.isdisjoint(
        one["raw_name"] for one in unmapped["items"]
    )
    device = program.get(f"{V1}/devices?limit=1").json()["items"][0]["id"]
    assert program.get(f"{V1}/devices/{device}/oddities").json().keys() == {"findings", "unread"}
    assert site.client("viewer").get(f"{V1}/services").status_code == 403
