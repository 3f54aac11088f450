"""The web application over a real PostgreSQL with recorded studies."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient

from dosebus.blobs.blobs import open_blobs
from dosebus.bus.bus import open_bus
from dosebus.runtime.health import InProcess
from dosebus.store.engine import Database
from dosebus_web.app import create_app
from dosebus_web.auth import accounts, passwords
from dosebus_web.consumers import consumers
from dosebus_web.http.pages import Pages
from dosebus_web.live.hub import Hub, listen
from dosebus_web.settings import WebSettings
from dosebus_web.web import Web
from tests.fixtures.postgres import copied, create_database, in_database
from tests.integration.web import seed

PASSWORD = "correct horse battery"
GROUPS = {
    "viewer": ("view",),
    "exporter": ("export",),
    "querier": ("importqr",),
    "sizer": ("importsize",),
    "insider": ("pid",),
    "boss": ("admin", "pid"),
    "nobody": (),
}


@dataclass
class Site:
    """A running application and what is in it."""

    app: FastAPI
    web: Web
    url: str
    alert_study: int
    query_id: str
    opened: ExitStack

    def client(self, username: str | None = None) -> TestClient:
        """A browser, signed in if a user is named. It is closed with the site: one thread answers all it asks."""
        browser = self.opened.enter_context(
            TestClient(self.app, base_url="http://testserver", follow_redirects=False)
        )
        if username is not None:
            answer = browser.post("/sign-in", data={"username": username, "password": PASSWORD})
            assert answer.status_code == 303, answer.text
        return browser


def csrf(client: TestClient) -> str:
    """The CSRF token of a signed-in browser's forms."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/account").text)
    assert found is not None
    return found[1]


def build(url: str, folder: Path, **settings: object) -> Web:
    """The parts of an application over a database."""
    bus = open_bus("local:", database_url=url, role="dosebus_web")
    bus.declare(consumers.queues())
    chosen = WebSettings.model_validate({"sign_in_lock_minutes": 10, **settings})
    return Web(
        settings=chosen,
        database=Database(url, schema="web", service="web"),
        bus=bus,
        blobs=open_blobs(f"file://{folder}"),
        pages=Pages(chosen.prefix),
        hub=Hub(),
        neighbours=InProcess({}),
    )


@dataclass(frozen=True)
class Seeded:
    """A database with forty studies, an alert, jobs, and one user a group, from which each module's is copied."""

    name: str
    alert_study: int
    query_id: str


def quick_hasher() -> PasswordHasher:
    """Argon2 as quick as it can be: the tests sign in hundreds of times."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(scope="session")
def seeded(postgres_server: str, migrated_template: str) -> Seeded:
    """Made once: recording forty studies takes longer than most modules."""
    name = f"seeded_{uuid4().hex[:8]}"
    create_database(postgres_server, name, migrated_template)
    url = in_database(postgres_server, name)
    seed.record_demonstration(url, 40)
    seed.set_some_aside(url)
    seed.make_jobs(url)
    database = Database(url, schema="web", service="web", pool_size=1)
    with pytest.MonkeyPatch.context() as patch, database.transaction() as tx:
        patch.setattr(passwords, "PasswordHasher", quick_hasher)
        for username, groups in GROUPS.items():
            accounts.add(tx, username, PASSWORD, groups=groups)
    database.close()
    return Seeded(name, seed.raise_alert(url), seed.make_query(url))


@pytest.fixture(scope="module")
def postgres_url(
    request: pytest.FixtureRequest, postgres_server: str, migrated_template: str
) -> Iterator[str]:
    """A database for one test module: a copy of the seeded one where the module uses the site, else a migrated one."""
    modules_own = getattr(request.module, "OWN_SEED", False)
    template = migrated_template if modules_own else request.getfixturevalue("seeded").name
    with copied(postgres_server, template) as url:
        yield url


@pytest.fixture(scope="module")
def site(postgres_url: str, seeded: Seeded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An application with forty studies, an alert, jobs, and one user a group."""
    web = build(postgres_url, tmp_path_factory.mktemp("blobs"))
    stop = threading.Event()
    listener = threading.Thread(target=listen, args=(postgres_url, "dosebus_web", web.hub, stop), daemon=True)
    listener.start()
    with ExitStack() as opened:
        yield Site(create_app(web), web, postgres_url, seeded.alert_study, seeded.query_id, opened)
    stop.set()
    web.hub.close()
    listener.join(timeout=60)
    web.bus.close()
    web.database.close()
