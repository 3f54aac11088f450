"""What every route refuses: forms that others made, bodies that are too long or no bodies, methods that it has not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from httpx import Response

from dosebus.store.tables import web as tables
from dosebus_web.auth import tokens
from dosebus_web.auth.groups import GROUPS
from tests.integration.web.conftest import PASSWORD, Site, csrf
from tests.integration.web.test_authorisation_walk import filled, routes

pytestmark = pytest.mark.services
READING = {"GET", "HEAD"}
FOREIGN = (
    {"origin": "https://evil.example"},
    {"origin": "http://testserver.evil.example"},
    {"origin": "null"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site", "origin": "http://testserver"},
)
NAVIGATION = 'class="bar"'
PROBLEM = "application/problem+json"
CANARY = "Zanary^Quoted"


def writing(site: Site) -> Iterator[tuple[str, APIRoute]]:
    """Every route that changes something, with its method."""
    for route in routes(site):
        for method in sorted(set(route.methods or ()) - READING):
            yield method, route


def traces(site: Site) -> tuple[int, int]:
    """How much stands in the audit log and how many events wait: what a change would add to."""
    box = site.web.database.outbox
    with site.web.database.reading() as connection:
        noted = sa.select(sa.func.count()).select_from(tables.audit)
        sent = sa.select(sa.func.count()).select_from(box)
        return connection.execute(noted).scalar_one(), connection.execute(sent).scalar_one()


@pytest.fixture(scope="module")
def program(site: Site) -> TestClient:
    """A program that may everything."""
    with site.web.database.transaction() as tx:
        value = tokens.create(tx, "refusals", GROUPS)
    client = site.client()
    client.headers["authorization"] = f"Bearer {value}"
    return client


@pytest.mark.parametrize("form", [{}, {"csrf_token": ""}, {"csrf_token": "wrong"}, {"csrf_token": "ü"}])
def test_no_form_passes_without_the_token_of_its_session(site: Site, form: dict[str, str]) -> None:
    client = site.client("boss")
    before = traces(site)
    for method, route in writing(site):
        if route.path != "/sign-in":
            answer = client.request(method, filled(route.path, site), data=form)
            expected = 401 if route.path.startswith("/api/") else 403
            assert answer.status_code == expected, (method, route.path, answer.status_code)
    assert traces(site) == before


def test_the_token_of_another_session_is_none(site: Site) -> None:
    other = csrf(site.client("boss"))
    answer = site.client("boss").post("/account/theme", data={"csrf_token": other, "theme": "dark"})
    assert answer.status_code == 403


@pytest.mark.parametrize("headers", FOREIGN)
def test_nothing_passes_that_was_begun_on_another_site(
    site: Site, program: TestClient, headers: dict[str, str]
) -> None:
    client = site.client("boss")
    form = {"csrf_token": csrf(client), "username": "boss", "password": PASSWORD}
    before = traces(site)
    for method, route in writing(site):
        sender = program if route.path.startswith("/api/") else client
        answer = sender.request(method, filled(route.path, site), data=form, headers=headers)
        assert answer.status_code == 403, (method, route.path, answer.status_code)
    assert traces(site) == before


@pytest.mark.parametrize(
    "headers",
    [{}, {"origin": "http://testserver"}, {"origin": "http://evil", "sec-fetch-site": "same-origin"}],
)
def test_a_form_of_ours_passes(site: Site, headers: dict[str, str]) -> None:
    client = site.client("boss")
    form = {"csrf_token": csrf(client), "theme": "auto"}
    assert client.post("/account/theme", data=form, headers=headers).status_code == 303


def told(answer: Response, status: int) -> None:
    """The answer is an error as it should be at its address."""
    assert answer.status_code == status, (answer.request.url, answer.status_code)
    if answer.request.url.path.startswith("/api/"):
        assert answer.headers["content-type"] == PROBLEM, answer.request.url
        assert answer.json()["status"] == status
        assert answer.json()["title"]
    else:
        assert NAVIGATION in answer.text, answer.request.url
        assert "<h1>" in answer.text
    assert "Traceback" not in answer.text
    assert CANARY not in answer.text, answer.request.url


def test_a_method_that_a_route_has_not_is_told_so(site: Site, program: TestClient) -> None:
    client = site.client("boss")
    for route in routes(site):
        path = filled(route.path, site)
        for method in ("PATCH", "BREW"):
            told((program if path.startswith("/api/") else client).request(method, path), 405)


@pytest.mark.parametrize(
    "path", ["/nothing", "/api/v1/nothing", "/api/", "/studies/zz", f"/studies/{CANARY}"]
)
def test_what_is_not_there_keeps_the_navigation(site: Site, path: str) -> None:
    told(site.client("boss").get(path), 404)


def test_who_is_not_signed_in_gets_an_error_page_without_navigation(site: Site) -> None:
    answer = site.client().get("/nothing")
    assert answer.status_code == 404
    assert NAVIGATION not in answer.text


def chunks() -> Iterator[bytes]:
    """A body that is too long, and does not say so."""
    yield from [b"x" * 100_000] * 11


@pytest.mark.parametrize("path", ["/account/theme", "/api/v1/exports", "/api/v1/listings/ct/find"])
def test_a_body_that_is_too_long_is_refused_whether_it_says_so_or_not(
    site: Site, program: TestClient, path: str
) -> None:
    sender = program if path.startswith("/api/") else site.client("boss")
    kind = {
        "content-type": "application/json"
        if path.startswith("/api/")
        else "application/x-www-form-urlencoded"
    }
    told(sender.post(path, content=b"x" * 1_000_001, headers=kind), 413)
    told(sender.post(path, content=chunks(), headers=kind), 413)


def test_an_upload_that_is_too_long_is_refused_while_it_comes(site: Site) -> None:
    client = site.client("boss")
    limit = site.web.settings.size_upload_limit_bytes
    head = {"content-type": "multipart/form-data; boundary=b"}
    declared = head | {"content-length": str(limit + 100_000)}
    told(client.post("/sizes", content=b"--b\r\n", headers=declared), 413)


BODIES = (
    ("application/json", b"{", 422),
    ("application/json", b'{"accession": "\\ud800"}', 422),
    ("application/json", f'{{"accession": ["{CANARY}"]}}'.encode(), 422),
    ("application/json", f'{{"{CANARY}": 1}}'.encode(), 422),
    ("text/plain", b'{"accession": "1"}', 422),
    ("application/x-www-form-urlencoded", b"accession=1", 422),
    ("", b'{"accession": "1"}', 422),
)


@pytest.mark.parametrize(("kind", "body", "status"), BODIES)
def test_a_body_that_cannot_be_read_is_told_so(
    program: TestClient, kind: str, body: bytes, status: int
) -> None:
    headers = {"content-type": kind} if kind else {}
    told(program.post("/api/v1/listings/ct/find", content=body, headers=headers), status)


@pytest.mark.parametrize("body", [b"\xff\xfe", b"\x00\xd8\x00", b"[" * 100_000])
def test_a_body_that_breaks_the_parser_is_told_so(program: TestClient, body: bytes) -> None:
    # Whether Python calls it wrong JSON or fails on it is another matter in each of its versions.
    headers = {"content-type": "application/json"}
    answer = program.post("/api/v1/listings/ct/find", content=body, headers=headers)
    told(answer, answer.status_code if answer.status_code in (400, 422) else 400)


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("multipart/form-data", b"csrf_token=1", 400),
        ("multipart/form-data; boundary=b", b"--b\r\nnonsense", 403),
        ("application/json", b'{"csrf_token": 1}', 403),
        ("application/x-www-form-urlencoded", b"&" * 2000 + b"%zz=%", 403),
    ],
)
def test_a_form_that_cannot_be_read_is_told_so(site: Site, kind: str, body: bytes, status: int) -> None:
    told(site.client("boss").post("/account/theme", content=body, headers={"content-type": kind}), status)


def test_no_error_quotes_what_was_sent(site: Site, program: TestClient) -> None:
    client = site.client("boss")
    for route in routes(site):
        if "GET" not in (route.methods or ()) or "{" not in route.path:
            continue
        parts = [CANARY if part.startswith("{") else part for part in route.path.split("/")]
        sender = program if route.path.startswith("/api/") else client
        answer = sender.get("/".join(parts))
        assert answer.status_code in (303, 400, 404, 422), route.path
        assert CANARY not in answer.text, route.path
    for path in ("/api/v1/listings/ct/studies", "/api/v1/studies", "/api/v1/devices", "/api/v1/alerts"):
        for key in ("date_from", "limit", "after", "sort", "state", "total_dlp_mgycm_min"):
            answer = program.get(path, params={key: CANARY})
            told(answer, answer.status_code)
            assert 400 <= answer.status_code < 500, (path, key)
