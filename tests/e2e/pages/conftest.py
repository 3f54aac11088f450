"""A demonstration that runs as long as the tests of the pages, and browsers that are signed in to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from dosebus_simulator.history import DEMONSTRATION, INTERVENTIONS
from tests.e2e.conftest import PASSWORD, Standalone, started, waiting_context
from tests.integration.ground.waiting import eventually

STUDIES = dict(DEMONSTRATION) | {"rf": DEMONSTRATION["rf"] + len(INTERVENTIONS)}


@pytest.fixture(scope="package")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    """`dosebus demo`, with all its studies recorded; tests take away at most one study of each modality."""
    with started(tmp_path_factory.mktemp("demonstration"), "demo") as site:
        with client_of(site) as client:
            for name, count in STUDIES.items():
                assert eventually(lambda: f">{count} " in told(client, name), 400), name  # noqa: B023 - called at once
        yield site


def told(client: httpx.Client, name: str) -> str:
    """What a list says below its rows."""
    pager = re.search(r'<nav class="pager".*?</nav>', client.get(f"/studies/{name}").text, re.DOTALL)
    return re.sub(r"\s+", " ", pager[0]) if pager else ""


@contextmanager
def client_of(site: Standalone) -> Iterator[httpx.Client]:
    """A client without a browser, signed in as administrator."""
    with httpx.Client(base_url=site.url, timeout=120) as client:
        client.post("/sign-in", data={"username": "admin", "password": PASSWORD})
        yield client


@dataclass
class Faults:
    """What a browser complained about, and whom else it asked."""

    host: str
    said: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        """Note what goes wrong on a page from now on; a broken Content Security Policy is a console error."""
        page.on("pageerror", lambda error: self.said.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda line: self.said.append(f"{page.url}: {line.text}") if line.type == "error" else None,
        )
        page.on("request", lambda request: self._ask(request.url))

    def _ask(self, url: str) -> None:
        address = urlsplit(url)
        if address.scheme not in ("data", "blob") and address.netloc != self.host:
            self.said.append(f"asks {address.netloc}")


@pytest.fixture
def open_context(browser: Browser, hospital: Standalone) -> Iterator[Callable[..., BrowserContext]]:
    """Makes browser contexts that are signed in; the test fails when a page in one complains."""
    faults, opened = Faults(urlsplit(hospital.url).netloc), list[BrowserContext]()

    def make(**options: object) -> BrowserContext:
        context = signed_in(browser, hospital, **options)
        context.on("page", faults.listen)
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()
    assert faults.said == []


@pytest.fixture
def desk(open_context: Callable[..., BrowserContext]) -> Page:
    """A page of a desktop's size."""
    return open_context(viewport={"width": 1280, "height": 900}).new_page()


def signed_in(browser: Browser, site: Standalone, **options: object) -> BrowserContext:
    """A context with the session of an administrator."""
    context = waiting_context(browser, base_url=site.url, **options)
    with client_of(site) as client:
        context.add_cookies(
            [
                {"name": cookie.name, "value": cookie.value or "", "url": site.url}
                for cookie in client.cookies.jar
            ]
        )
    return context
