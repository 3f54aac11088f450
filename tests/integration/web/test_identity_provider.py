"""Signing in at a real identity provider, and everything that must not get in that way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from dosebus.store.tables import web as tables
from dosebus_web.app import create_app
from dosebus_web.auth.oidc.provider import Provider, provider_of
from dosebus_web.web import Web
from tests.fixtures.identity import CLIENT_ID, CLIENT_SECRET, IdentityProvider, identity_provider
from tests.integration.web.conftest import build

pytestmark = pytest.mark.services
A = tables.account.c
OWN_SEED = True
PUBLIC_URL = "http://dose.hospital.example"
PEOPLE = {"nora": ["physicists"], "iris": ["physicists", "patients"], "otto": ["kitchen"]}
BACK = "/sign-in/oidc/back"
LOCAL = "nora@hospital.example"


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    with identity_provider(f"{PUBLIC_URL}{BACK}", PEOPLE) as running:
        yield running


@pytest.fixture(scope="module")
def web(
    postgres_url: str, tmp_path_factory: pytest.TempPathFactory, provider: IdentityProvider
) -> Iterator[Web]:
    plain = build(
        postgres_url,
        tmp_path_factory.mktemp("blobs"),
        public_url=PUBLIC_URL,
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT_ID,
        oidc_client_secret=CLIENT_SECRET,
        oidc_scopes="openid profile email groups",
        oidc_group_map={"physicists": "view", "patients": "pid"},
    )
    yield replace(plain, provider=provider_of(plain.settings))
    plain.database.close()


@pytest.fixture
def browser(web: Web) -> TestClient:
    return TestClient(create_app(web), base_url=PUBLIC_URL, follow_redirects=False)


def begin(browser: TestClient, next_path: str = "/") -> str:
    answer = browser.get("/sign-in/oidc", params={"next": next_path})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def come_back(browser: TestClient, address: str) -> Any:
    parts = urlsplit(address)
    return browser.get(f"{parts.path}?{parts.query}")


def account(web: Web, name: str) -> Any:
    """The account of one of the provider's people; the provider tells addresses, user names are made of them."""
    with web.database.reading() as connection:
        wanted = sa.select(tables.account).where(A.email == f"{name}@hospital.example")
        return connection.execute(wanted).first()


def test_somebody_signs_in_with_the_groups_of_the_provider_and_goes_on(
    web: Web, browser: TestClient, provider: IdentityProvider
) -> None:
    url = begin(browser, "/studies/ct")
    asked = parse_qs(urlsplit(url).query)
    assert asked["code_challenge_method"] == ["S256"]
    answer = come_back(browser, provider.sign_in(url, "nora"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/studies/ct")
    assert browser.get("/studies/ct").status_code == 200
    assert browser.get("/admin").status_code == 403
    made = account(web, "nora")
    assert (made.groups, made.display_name, made.email) == (["view"], "Nora Weber", "nora@hospital.example")


def test_a_second_sign_in_finds_the_same_account_with_groups_as_they_are_now(
    web: Web, browser: TestClient, provider: IdentityProvider
) -> None:
    assert come_back(browser, provider.sign_in(begin(browser), "iris")).status_code == 303
    with web.database.transaction() as tx:
        tx.execute(sa.update(tables.account).where(A.username.like("iris%")).values(groups=["admin"]))
    assert come_back(browser, provider.sign_in(begin(browser), "iris")).status_code == 303
    assert account(web, "iris").groups == ["view", "pid"]
    with web.database.reading() as connection:
        count = connection.execute(sa.select(sa.func.count()).where(A.username.like("iris%"))).scalar()
    assert count == 1


def test_a_local_account_is_not_taken_over_by_its_name(
    web: Web, browser: TestClient, provider: IdentityProvider
) -> None:
    with web.database.transaction() as tx:
        tx.execute(sa.delete(tables.account).where(A.username.like("nora%")))
        row = {"username": LOCAL, "display_name": "Local", "password_hash": "*", "groups": ["admin"]}
        tx.execute(sa.insert(tables.account).values(row))
    assert come_back(browser, provider.sign_in(begin(browser), "nora")).status_code == 303
    with web.database.reading() as connection:
        groups = dict(
            connection.execute(sa.select(A.username, A.groups).where(A.username.like("nora%"))).all()
        )
    assert groups == {LOCAL: ["admin"], f"{LOCAL}-2": ["view"]}
    assert browser.get("/admin").status_code == 403


def test_somebody_without_a_group_here_stays_out(
    web: Web, browser: TestClient, provider: IdentityProvider
) -> None:
    answer = come_back(browser, provider.sign_in(begin(browser), "otto"))
    assert answer.status_code == 403
    assert "no group" in answer.text
    assert account(web, "otto") is None
    assert browser.get("/").status_code == 303


def test_a_disabled_account_stays_out_and_it_is_noted(
    web: Web, browser: TestClient, provider: IdentityProvider
) -> None:
    come_back(browser, provider.sign_in(begin(browser), "iris"))
    with web.database.transaction() as tx:
        tx.execute(sa.update(tables.account).where(A.username.like("iris%")).values(disabled=True))
    answer = come_back(browser, provider.sign_in(begin(browser), "iris"))
    assert answer.status_code == 403
    log = tables.audit.c
    with web.database.reading() as connection:
        noted = connection.execute(
            sa.select(log.action).where(log.username.like("iris%")).order_by(log.id.desc())
        ).scalar()
    assert noted == "sign_in.refused"
    with web.database.transaction() as tx:
        tx.execute(sa.update(tables.account).where(A.username.like("iris%")).values(disabled=False))


def test_an_answer_counts_once_and_only_in_the_browser_that_asked(
    web: Web, browser: TestClient, provider: IdentityProvider
) -> None:
    address = provider.sign_in(begin(browser), "nora")
    stranger = TestClient(create_app(web), base_url=PUBLIC_URL, follow_redirects=False)
    assert come_back(stranger, address).status_code == 400
    assert come_back(browser, address).status_code == 303
    again = TestClient(create_app(web), base_url=PUBLIC_URL, follow_redirects=False)
    again.cookies = browser.cookies
    assert come_back(again, address).status_code == 400


def test_a_provider_that_is_away_is_said_so(web: Web, browser: TestClient) -> None:
    away = replace(web, provider=Provider("http://127.0.0.1:9", CLIENT_ID, CLIENT_SECRET, "openid"))
    answer = TestClient(create_app(away), base_url=PUBLIC_URL, follow_redirects=False).get("/sign-in/oidc")
    assert answer.status_code == 502
    assert "does not answer" in answer.text


def test_another_site_is_no_place_to_go_on_to(browser: TestClient, provider: IdentityProvider) -> None:
    answer = come_back(browser, provider.sign_in(begin(browser, "//evil.example"), "nora"))
    assert answer.headers["location"] == "/"


def test_the_sign_in_page_offers_the_provider_and_passwords_can_be_switched_off(
    web: Web, tmp_path: Path
) -> None:
    page = TestClient(create_app(web), base_url=PUBLIC_URL).get("/sign-in").text
    assert "/sign-in/oidc" in page
    assert 'name="password"' in page
    off = replace(web, settings=web.settings.model_copy(update={"password_sign_in": False}))
    browser = TestClient(create_app(off), base_url=PUBLIC_URL)
    assert 'name="password"' not in browser.get("/sign-in").text
    assert browser.post("/sign-in", data={"username": "nora", "password": "x"}).status_code == 403


def test_an_issuer_without_https_is_refused() -> None:
    with pytest.raises(ValueError, match="https"):
        Provider("http://login.hospital.example", "a", "b", "openid")


# From here on codes are left behind, and canaille's store in memory takes any code for its first one: nobody can sign
# in properly after these tests.


@pytest.mark.parametrize(
    ("change", "status"),
    [({"state": "forged"}, 400), ({"code": ""}, 403)],
)
def test_a_forged_answer_signs_nobody_in(
    browser: TestClient, provider: IdentityProvider, change: dict[str, str], status: int
) -> None:
    address = provider.sign_in(begin(browser), "nora")
    params = {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()} | change
    answer = browser.get(BACK, params=params)
    assert answer.status_code == status
    assert browser.get("/").status_code == 303


@pytest.mark.parametrize("kept", ["nonce", "verifier"])
def test_an_answer_to_another_question_is_refused(
    web: Web, browser: TestClient, provider: IdentityProvider, kept: str
) -> None:
    address = provider.sign_in(begin(browser), "nora")
    with web.database.transaction() as tx:
        tx.execute(sa.update(tables.oidc_sign_in).values({kept: "w" * 50}))
    assert come_back(browser, address).status_code == 502
    assert browser.get("/").status_code == 303
