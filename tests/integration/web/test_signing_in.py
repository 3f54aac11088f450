"""Signing in and out, guessing, sessions, CSRF."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from dosebus.store.tables.web import account, session
from dosebus_web.app import create_app
from dosebus_web.auth import accounts
from tests.integration.web.conftest import PASSWORD, Site, build, csrf

pytestmark = pytest.mark.services


def test_a_page_asks_to_sign_in_and_then_goes_on_to_it(site: Site) -> None:
    client = site.client()
    answer = client.get("/studies/ct?model=Force")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fstudies%2Fct%3Fmodel%3DForce"
    form = {"username": "viewer", "password": PASSWORD, "next": "/studies/ct?model=Force"}
    assert client.post("/sign-in", data=form).headers["location"] == "/studies/ct?model=Force"
    assert client.get("/studies/ct").status_code == 200


def test_the_cookie_is_http_only_and_only_its_hash_is_stored(site: Site) -> None:
    client = site.client()
    answer = client.post("/sign-in", data={"username": "VIEWER ", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    with site.web.database.reading() as connection:
        stored = connection.execute(sa.select(session.c.token_hash)).scalars().all()
    assert client.cookies["dosebus"] not in stored


def test_signing_out_ends_the_session_on_the_server(site: Site) -> None:
    client = site.client("viewer")
    cookie = client.cookies["dosebus"]
    client.post("/sign-out", data={"csrf_token": csrf(client)})
    stale = site.client()
    stale.cookies.set("dosebus", cookie)
    assert stale.get("/").status_code == 303


@pytest.mark.parametrize("token", ["", "wrong"])
def test_a_form_without_the_right_token_changes_nothing(site: Site, token: str) -> None:
    client = site.client("viewer")
    assert client.post("/account/theme", data={"csrf_token": token, "theme": "dark"}).status_code == 403
    assert 'data-theme="auto"' in client.get("/account").text


def test_the_theme_is_remembered(site: Site) -> None:
    client = site.client("querier")
    client.post("/account/theme", data={"csrf_token": csrf(client), "theme": "dark", "back": "/query"})
    assert 'data-theme="dark"' in client.get("/query").text


def test_a_sign_in_form_from_another_site_is_refused(site: Site) -> None:
    headers = {"sec-fetch-site": "cross-site"}
    form = {"username": "viewer", "password": PASSWORD}
    assert site.client().post("/sign-in", data=form, headers=headers).status_code == 403


def test_guessing_locks_the_account_also_for_the_right_password(
    postgres_url: str, site: Site, tmp_path: Path
) -> None:
    web = build(postgres_url, tmp_path, sign_in_tries=3)
    with web.database.transaction() as tx:
        accounts.add(tx, "victim", PASSWORD, groups=("view",))
    client = TestClient(create_app(web), follow_redirects=False)
    for _ in range(3):
        assert client.post("/sign-in", data={"username": "victim", "password": "x"}).status_code == 401
    right = {"username": "victim", "password": PASSWORD}
    assert "Too many attempts" in client.post("/sign-in", data=right).text
    with web.database.transaction() as tx:
        tx.execute(sa.update(account).where(account.c.username == "victim").values(locked_until=None))
    assert client.post("/sign-in", data=right).status_code == 303
    web.database.close()
    web.bus.close()


def test_an_unknown_name_is_answered_as_a_wrong_password(site: Site) -> None:
    client = site.client()
    unknown = client.post("/sign-in", data={"username": "ghost", "password": "x"})
    assert unknown.status_code == 401
    assert "User name or password is wrong." in unknown.text


def test_guessing_many_names_from_one_address_is_slowed(
    postgres_url: str, site: Site, tmp_path: Path
) -> None:
    web = build(postgres_url, tmp_path, sign_in_tries_per_address=1)
    client = TestClient(create_app(web), follow_redirects=False, client=("192.0.2.7", 4000))
    client.post("/sign-in", data={"username": "ghost1", "password": "x"})
    assert "Too many attempts" in client.post("/sign-in", data={"username": "ghost2", "password": "x"}).text
    web.database.close()
    web.bus.close()


def test_a_first_password_must_be_changed_before_anything_else(site: Site) -> None:
    with site.web.database.transaction() as tx:
        accounts.add(tx, "fresh", PASSWORD, groups=("view",), must_change_password=True)
    client = site.client("fresh")
    assert client.get("/studies/ct").headers["location"] == "/account/password"
    form = {"csrf_token": csrf(client), "current": PASSWORD, "new": "another good password"}
    assert client.post("/account/password", data=form).status_code == 303
    again = site.client()
    again.post("/sign-in", data={"username": "fresh", "password": "another good password"})
    assert again.get("/studies/ct").status_code == 200


def test_a_disabled_account_is_out_at_once(site: Site) -> None:
    with site.web.database.transaction() as tx:
        new = accounts.add(tx, "leaver", PASSWORD, groups=("view",))
    client = site.client("leaver")
    boss = site.client("boss")
    form = {"csrf_token": csrf(boss), "display_name": "Leaver", "disabled": "true"}
    assert boss.post(f"/admin/users/{new}", data=form).status_code == 303
    assert client.get("/").status_code == 303


def test_the_last_administrator_cannot_be_shut_out(site: Site) -> None:
    boss = site.client("boss")
    with site.web.database.reading() as connection:
        person = accounts.by_name(connection, "boss")
    assert person is not None
    form = {"csrf_token": csrf(boss), "display_name": "Boss", "group": "view"}
    answer = boss.post(f"/admin/users/{person.id}", data=form)
    assert answer.status_code == 400
    assert "only administrator" in answer.text


def test_a_new_user_can_sign_in_with_the_password_shown_once(site: Site) -> None:
    boss = site.client("boss")
    answer = boss.post(
        "/admin/users", data={"csrf_token": csrf(boss), "username": "Newcomer", "group": "view"}
    )
    password = answer.text.split('id="secret">')[1].split("<")[0]
    assert password not in boss.get("/admin/users").text
    client = site.client()
    assert client.post("/sign-in", data={"username": "newcomer", "password": password}).status_code == 303
