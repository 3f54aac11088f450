"""Every route with every group: nothing is answered that should not be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from dosebus_web.auth.gate import Gate, PublicGate, TokenGate, TokenWriteGate, WriteGate
from dosebus_web.auth.groups import effective
from tests.integration.web.conftest import GROUPS, Site, csrf

pytestmark = pytest.mark.services
AnyGate = Gate | PublicGate | TokenGate
PUBLIC = {"/sign-in", "/sign-in/oidc", "/sign-in/oidc/back", "/api/v1/openapi.json", "/api/v1/docs"}


def gates(dependant: Dependant) -> Iterator[AnyGate]:
    """The gates of a route, however deep."""
    if isinstance(dependant.call, Gate | PublicGate | TokenGate):
        yield dependant.call
    for inner in dependant.dependencies:
        yield from gates(inner)


def routes(site: Site) -> list[APIRoute]:
    """Every route of the application."""
    found: list[APIRoute] = []

    def walk(candidates: object) -> None:
        for route in candidates:  # type: ignore[attr-defined]
            if isinstance(route, APIRoute):
                found.append(route)
            inner = getattr(route, "original_router", None) or getattr(route, "router", None)
            if inner is not None:
                walk(inner.routes)

    walk(site.app.routes)
    assert len(found) > 40
    return found


UNKNOWN = str(UUID(int=7))
PARAMETERS = {
    "key": "workload", "modality": "ct", "kind": "study", "name": "rf", "study_instance_uid": "1.2.3",
    "device_id": "999999", "name_id": "999999", "change_id": "999999", "account_id": "999999", "token_id": "999999",
    "node_id": "999999", "rule_id": "999999", "recipient_id": "999999", "view_id": "999999", "entry_id": "999999",
    "step_id": "999999", "run_id": UNKNOWN, "export_id": UNKNOWN, "object_id": UNKNOWN, "upload_id": UNKNOWN,
    "import_id": UNKNOWN, "rederivation_id": UNKNOWN, "people_change_id": UNKNOWN, "alert_id": UNKNOWN,
    "skin_device_id": "999999", "revision": "1", "trial_id": UNKNOWN, "mail_id": UNKNOWN, "recalculation_id": UNKNOWN,
    "task_id": UNKNOWN,
}  # fmt: skip
"""A value for each path parameter by its name; what is named need not be there."""
EXISTING = {"study_id": "alert_study", "place": "alert_study", "job_id": "query_id"}
"""Path parameters of things that the site has."""


def filled(path: str, site: Site) -> str:
    """A path with values for its parameters. Fails for a parameter that nobody has given one."""

    def value(found: re.Match[str]) -> str:
        name = found[1].partition(":")[0]
        if name in EXISTING:
            return str(getattr(site, EXISTING[name]))
        assert name in PARAMETERS, (
            f"{path} has the new path parameter {name!r}: add a value of its form to PARAMETERS in this file, "
            "so that the walk tries the route with every group"
        )
        return PARAMETERS[name]

    return re.sub(r"\{([^}]+)\}", value, path)


def test_every_route_has_exactly_one_gate_and_every_form_a_write_gate(site: Site) -> None:
    for route in routes(site):
        found = list(gates(route.dependant))
        assert len(found) == 1, route.path
        if set(route.methods or ()) - {"GET", "HEAD"} and route.path not in PUBLIC:
            assert isinstance(found[0], WriteGate | TokenWriteGate), route.path
        assert isinstance(found[0], PublicGate) == (route.path in PUBLIC), route.path


def test_nobody_gets_anything_without_signing_in(site: Site) -> None:
    client = site.client()
    for route in routes(site):
        if route.path in PUBLIC:
            continue
        method = next(iter(route.methods or ()))
        answer = client.request(method, filled(route.path, site))
        expected = 401 if route.path.startswith("/api/") else 303
        assert answer.status_code == expected, (method, route.path, answer.status_code)
        if expected == 303:
            assert answer.headers["location"].startswith("/sign-in?next=")


@pytest.mark.parametrize("username", GROUPS)
def test_only_the_right_groups_pass(site: Site, username: str) -> None:
    client = site.client(username)
    may = effective(GROUPS[username])
    for route in routes(site):
        gate = next(gates(route.dependant))
        if route.path in ("/live", "/sign-in", "/sign-out") or isinstance(gate, PublicGate):
            continue
        method = next(iter(route.methods or ()))
        answer = client.request(method, filled(route.path, site))
        if isinstance(gate, TokenGate):
            # A cookie is not enough to change anything; it reads what its groups permit.
            known = bool(may) and gate.takes_cookie
            refused = 401 if not known else 403 if gate.group not in may else None
            assert (answer.status_code == refused) == (refused is not None), (route.path, answer.status_code)
            assert answer.status_code < 500, route.path
            continue
        permitted = gate.group is None or gate.group in may
        if isinstance(gate, WriteGate) or not permitted:
            # A form without its token is refused to everybody; with it the groups decide, as the next test shows.
            assert answer.status_code in (403, 422), (method, route.path, username, answer.status_code)
        else:
            assert answer.status_code in (200, 303, 400, 404), (method, route.path, answer.status_code)


FORMS = [
    ("/exports", {"listing": "ct", "file_format": "csv"}, "export"),
    ("/query/echo", {"node_id": "1"}, "importqr"),
    ("/alerts/recalculate", {}, "admin"),
    (f"/alerts/{uuid4()}/state", {"state": "closed"}, "alerts"),
    (f"/alerts/{uuid4()}/mails/{uuid4()}/again", {}, "alerts"),
    ("/admin/alerts/steps", {"after_hours": "4"}, "admin"),
    (f"/sizes/{uuid4()}/cancel", {}, "importsize"),
    (f"/sizes/upload/{uuid4()}/discard", {}, "importsize"),
    ("/admin/reading/names/delete", {"device_observer_uid": "1.2"}, "admin"),
    ("/names/ct/study/create", {"name": "Walked"}, "admin"),
    ("/admin/nodes", {"name": "n", "ae_title": "A", "host": "h", "port": "104"}, "admin"),
    ("/admin/tokens", {"name": "t", "scope": "view"}, "admin"),
    ("/admin/people/test", {"value": "x"}, "admin"),
    ("/admin/rederivation", {"modality_type": "NM"}, "admin"),
    ("/services/discard", {"service": "web", "message_id": str(uuid4())}, "admin"),
    ("/studies/rf/find", {"accession": "nothing"}, "view"),
    ("/studies/rf/find", {"patient_id": "nothing"}, "pid"),
]


@pytest.mark.parametrize("username", [name for name in GROUPS if name != "boss"])
def test_forms_with_a_token_pass_only_for_their_group(site: Site, username: str) -> None:
    client, may = site.client(username), effective(GROUPS[username])
    token = csrf(client)
    for path, form, group in FORMS:
        answer = client.post(path, data={**form, "csrf_token": token})
        refused = answer.status_code == 403
        assert refused == (group not in may), (path, username, answer.status_code)


def test_patient_data_stays_with_the_group_pid(site: Site) -> None:
    seen = site.client("insider").get(f"/studies/rf/{site.alert_study}").text
    hidden = site.client("viewer").get(f"/studies/rf/{site.alert_study}").text
    assert "Patient name" in seen
    assert "Patient name" not in hidden
    assert "Patient name" not in site.client("viewer").get("/studies/rf").text
    assert "patient_name" not in site.client("viewer").get(f"/studies/rf/{site.alert_study}/record").text
    assert site.client("viewer").get("/studies/rf?patient_name=Weber").status_code == 400
