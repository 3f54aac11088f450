"""Passwords, locks, sessions, groups: what an administrator or the person does counts at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from fastapi.testclient import TestClient

from dosebus.store.tables import web as tables
from dosebus_web.app import create_app
from dosebus_web.auth import accounts, passwords, signin, tokens
from tests.integration.web.conftest import PASSWORD, Site, build, csrf

pytestmark = pytest.mark.services
ANOTHER = "quite another phrase"


@pytest.fixture
def person(site: Site) -> Iterator[accounts.Account]:
    """Somebody who may see things."""
    with site.web.database.transaction() as tx:
        key = accounts.add(tx, "person", PASSWORD, groups=("view",))
        found = accounts.by_id(tx.connection, key)
    assert found is not None
    yield found
    with site.web.database.transaction() as tx:
        tx.execute(sa.delete(tables.account).where(tables.account.c.id == found.id))


@pytest.fixture
def boss(site: Site) -> TestClient:
    """An administrator whose posts carry the token of the form."""
    client = site.client("boss")
    client.headers["x-csrf"] = csrf(client)
    return client


def send(client: TestClient, path: str, **form: object) -> int:
    """Post a form with its token; gives the status."""
    token = client.headers.get("x-csrf") or csrf(client)
    return int(client.post(path, data={"csrf_token": token, **form}).status_code)


def is_in(client: TestClient) -> bool:
    """Whether a browser is signed in."""
    return bool(client.get("/account").status_code == 200)


def actions(site: Site, subject: str) -> list[str]:
    """What the audit log says was done with somebody."""
    wanted = (
        sa.select(tables.audit.c.action).where(tables.audit.c.subject == subject).order_by(tables.audit.c.id)
    )
    with site.web.database.reading() as connection:
        return list(connection.execute(wanted).scalars())


@pytest.mark.parametrize(
    ("new", "told"),
    [
        ("short", "at least 10 characters"),
        ("x" * 201, "at most 200 characters"),
        ("aaaaabbbbbaaaa", "different characters"),
        ("Password1234", "guessed first"),
        ("person1person", "user name"),
    ],
)
def test_a_bad_password_is_refused_with_its_reason_and_changes_nothing(
    site: Site, person: accounts.Account, new: str, told: str
) -> None:
    client = site.client(person.username)
    form = {"csrf_token": csrf(client), "current": PASSWORD, "new": new}
    answer = client.post("/account/password", data=form)
    assert answer.status_code == 400
    assert told in answer.text
    assert new not in answer.text
    assert is_in(client)
    assert is_in(site.client(person.username))


def test_the_current_password_is_asked_for(site: Site, person: accounts.Account) -> None:
    client = site.client(person.username)
    assert send(client, "/account/password", current="a wrong one", new=ANOTHER) == 400
    assert is_in(site.client(person.username))


def test_a_reset_ends_all_sessions_and_leads_to_a_password_of_ones_own(
    site: Site, person: accounts.Account, boss: TestClient
) -> None:
    living = site.client(person.username)
    page = boss.post(f"/admin/users/{person.id}/password", data={"csrf_token": boss.headers["x-csrf"]})
    made_up = page.text.split('id="secret">')[1].split("<")[0]
    assert not is_in(living)
    assert "password.reset" in actions(site, person.username)
    fresh = site.client()
    assert fresh.post("/sign-in", data={"username": "person", "password": PASSWORD}).status_code == 401
    assert fresh.post("/sign-in", data={"username": "person", "password": made_up}).status_code == 303
    for path in ("/", "/studies/ct", "/alerts"):
        assert fresh.get(path).headers["location"] == "/account/password"
    assert fresh.get("/api/v1/studies").status_code == 401
    assert "new" in fresh.get("/account/password").text
    assert send(fresh, "/account/password", current=made_up, new=ANOTHER) == 303
    assert not is_in(fresh)
    again = site.client()
    assert again.post("/sign-in", data={"username": "person", "password": ANOTHER}).status_code == 303
    assert again.get("/studies/ct").status_code == 200


def test_who_is_locked_out_is_let_in_again_by_an_administrator(
    site: Site, person: accounts.Account, boss: TestClient, tmp_path: object, postgres_url: str
) -> None:
    web = build(postgres_url, tmp_path, sign_in_tries=1)  # type: ignore[arg-type]
    strict = TestClient(create_app(web), follow_redirects=False, client=("192.0.2.9", 4000))
    right = {"username": "person", "password": PASSWORD}
    assert strict.post("/sign-in", data=right | {"password": "x"}).status_code == 401
    assert strict.post("/sign-in", data=right).status_code == 401
    page = boss.get(f"/admin/users/{person.id}").text
    assert f'action="/admin/users/{person.id}/unlock"' in page
    assert send(boss, f"/admin/users/{person.id}/unlock") == 303
    assert strict.post("/sign-in", data=right).status_code == 303
    assert "user.unlocked" in actions(site, person.username)
    with web.database.reading() as connection:
        mine = sa.select(tables.audit.c.action).where(tables.audit.c.username == person.username)
        assert "sign_in.locked" in connection.execute(mine).scalars().all()
    web.bus.close()
    web.database.close()


def test_one_sees_and_ends_ones_other_sessions_only(site: Site, person: accounts.Account) -> None:
    here, there, stranger = site.client("person"), site.client("person"), site.client("viewer")
    there.get("/", headers={"user-agent": "x"})
    found = re.findall(r'name="token_hash" value="([0-9a-f]{64})"', here.get("/account").text)
    assert len(found) == 1, "the session in use cannot be ended here"
    assert send(stranger, "/account/sessions/end", token_hash=found[0]) == 303
    assert is_in(there)
    assert send(here, "/account/sessions/end", token_hash=found[0]) == 303
    assert not is_in(there)
    assert is_in(here)
    assert actions(site, person.username)[-1] == "sessions.ended"


def test_an_administrator_sees_and_ends_sessions(
    site: Site, person: accounts.Account, boss: TestClient
) -> None:
    living = TestClient(site.app, follow_redirects=False, headers={"user-agent": "Reading room 3"})
    living.post("/sign-in", data={"username": "person", "password": PASSWORD})
    assert "Reading room 3" in boss.get(f"/admin/users/{person.id}").text
    assert send(boss, f"/admin/users/{person.id}/sessions/end") == 303
    assert not is_in(living)
    assert "Reading room 3" not in boss.get(f"/admin/users/{person.id}").text


def test_groups_count_at_once_for_living_sessions_and_tokens(
    site: Site, person: accounts.Account, boss: TestClient
) -> None:
    living = site.client(person.username)
    with site.web.database.transaction() as tx:
        value = tokens.create(tx, "own", ("view",), may=("view",), account_id=person.id)
    program = site.client()
    program.headers["authorization"] = f"Bearer {value}"
    before = (living.get("/exports").status_code, living.get("/api/v1/exports").status_code)
    assert before == (403, 403)
    place = f"/admin/users/{person.id}"
    assert send(boss, place, display_name="P", group=["view", "export"]) == 303
    assert living.get("/exports").status_code == 200
    assert living.get("/api/v1/exports").status_code == 200
    assert program.get("/api/v1/studies").status_code == 200
    assert send(boss, place, display_name="P") == 303
    for path in ("/", "/exports", "/studies/ct", "/live"):
        assert living.get(path).status_code == 403, path
    assert living.get("/api/v1/studies").status_code == 401
    assert program.get("/api/v1/studies").status_code == 401
    told = [action for action in actions(site, person.username) if action == "user.changed"]
    assert len(told) == 2


def test_a_token_that_an_administrator_revokes_counts_no_more(site: Site, boss: TestClient) -> None:
    form = {"csrf_token": boss.headers["x-csrf"], "name": "of a service", "scope": "view"}
    value = boss.post("/admin/tokens", data=form).text.split('id="secret">')[1].split("<")[0]
    program = site.client()
    program.headers["authorization"] = f"Bearer {value}"
    assert program.get("/api/v1/me").json()["token"] == "of a service"
    with site.web.database.reading() as connection:
        key = next(row.id for row in tokens.issued(connection) if row.name == "of a service")
    assert send(boss, f"/admin/tokens/{key}/revoke") == 303
    assert program.get("/api/v1/me").status_code == 401
    assert send(boss, f"/admin/tokens/{key}/revoke") == 404
    assert actions(site, str(key))[:1] == ["token.revoked"]


def test_a_cookie_from_before_is_not_the_session_after(site: Site) -> None:
    client = site.client()
    client.cookies.set("dosebus", "chosen-by-somebody-else")
    client.post("/sign-in", data={"username": "viewer", "password": PASSWORD})
    planted = site.client()
    planted.cookies.set("dosebus", "chosen-by-somebody-else")
    assert not is_in(planted)
    first = next(one.value for one in client.cookies.jar if one.value != "chosen-by-somebody-else")
    again = site.client()
    again.cookies.set("dosebus", str(first))
    again.post("/sign-in", data={"username": "viewer", "password": PASSWORD})
    old = site.client()
    old.cookies.set("dosebus", str(first))
    assert not is_in(old), "signing in again ends the session that the browser had"


def test_over_https_the_cookie_is_bound_to_this_host(site: Site, tmp_path: object) -> None:
    web = build(site.url, tmp_path, public_url="https://dose.example")  # type: ignore[arg-type]
    client = TestClient(create_app(web), base_url="https://dose.example", follow_redirects=False)
    set_cookie = client.post("/sign-in", data={"username": "viewer", "password": PASSWORD}).headers[
        "set-cookie"
    ]
    name, *attributes = [part.strip().lower() for part in set_cookie.split(";")]
    assert name.startswith("__host-dosebus=")
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= set(attributes)
    assert not any(one.startswith("domain") for one in attributes)
    web.bus.close()
    web.database.close()


def test_an_unknown_name_costs_as_much_as_a_known_one(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    work: list[str] = []
    verify = PasswordHasher.verify

    def counted(self: PasswordHasher, stored: str, given: str) -> bool:
        work.append("verified")
        return verify(self, stored, given)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    waiting = SimpleNamespace(sleep=lambda seconds: work.append(f"slept {seconds}"))
    monkeypatch.setattr("dosebus_web.auth.signin.time", waiting)
    for name in ("viewer", "nobody-has-this-name"):
        answer = site.client().post("/sign-in", data={"username": name, "password": "wrong"})
        assert answer.status_code == 401
    assert work[: len(work) // 2] == work[len(work) // 2 :] == ["verified", f"slept {signin.SLOW_DOWN_S}"]
    assert passwords._NO_ACCOUNT.split("$")[2:4] == passwords.hashed(ANOTHER, "x").split("$")[2:4]


@pytest.mark.parametrize(
    "back", ["//evil.example", "https://evil.example/", "/\\evil.example", "/a\r\nx-evil: 1"]
)
def test_no_form_leads_to_another_site_or_adds_a_header(site: Site, back: str) -> None:
    client = site.client("viewer")
    answer = client.post("/account/theme", data={"csrf_token": csrf(client), "theme": "auto", "back": back})
    assert answer.headers["location"] == "/"
    assert "x-evil" not in answer.headers
    shown = site.client().get("/sign-in", params={"next": back})
    assert "evil" not in shown.text
