"""A running standalone DoseBus and a browser for the tests of whole ways."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.fixtures.network import free_port

PASSWORD = "correct horse battery"
CHROMIUM = "/usr/bin/chromium"
WAIT_MS = 120_000
"""How long a browser waits for what must come about: no target, only an end for what never comes."""
START_SECONDS = 300.0
expect.set_options(timeout=WAIT_MS)
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True)
class Standalone:
    """A DoseBus of its own, with its ports and data folder."""

    data: Path
    http_port: int
    dicom_port: int

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"http://127.0.0.1:{self.http_port}"

    def dosebus(self, *arguments: str) -> str:
        """Run a verb of the command and give what it prints."""
        command = [sys.executable, "-m", "dosebus_standalone.command", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout


@contextmanager
def started(folder: Path, verb: str, *more: str) -> Iterator[Standalone]:
    """`dosebus up` or `dosebus demo` with an administrator whose password is known, for as long as the block."""
    (folder / "password").write_text(PASSWORD, encoding="utf-8")
    site = Standalone(folder / "data", free_port(), free_port())
    arguments = (
        verb, "--data", str(site.data), "--http-port", str(site.http_port), "--dicom-port", str(site.dicom_port),
        "--admin-password-file", str(folder / "password"), *more,
    )  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dosebus_standalone.command", *arguments], stdout=log, stderr=log
        )
    try:
        wait_until_ready(site, process, folder / "log")
        yield site
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process in good order, or at least end it."""
    process.terminate()
    try:
        process.wait(timeout=120)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    """An empty DoseBus."""
    with started(tmp_path_factory.mktemp("standalone"), "up", "--mail-sink") as site:
        yield site


def wait_until_ready(site: Standalone, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when `/readyz` says so; fails with the log when the process ends or that takes for ever."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(httpx.HTTPError):
            if httpx.get(f"{site.url}/readyz", timeout=30).status_code == 200:
                return
        with_pause(process)
    pytest.fail(f"dosebus up is not ready:\n{log.read_text(errors='replace')[-3000:]}")


def with_pause(process: subprocess.Popen[bytes]) -> None:
    """Wait a moment, or until the process ends."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=0.2)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET), timeout=WAIT_MS)
        yield started
        started.close()


def waiting_context(browser: Browser, **options: object) -> BrowserContext:
    """A browser context that waits as long as it takes."""
    context = browser.new_context(**options)  # type: ignore[arg-type]
    context.set_default_timeout(WAIT_MS)
    return context


@pytest.fixture(scope="module")
def signed_in_context(browser: Browser, running: Standalone) -> Iterator[BrowserContext]:
    """A browser context of a desktop's size, signed in as administrator."""
    context = waiting_context(browser, viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.goto(f"{running.url}/sign-in")
    opened.get_by_label("User name").fill("admin")
    opened.get_by_label("Password").fill(PASSWORD)
    opened.get_by_role("button", name="Sign in").click()
    opened.wait_for_url(f"{running.url}/")
    opened.close()
    yield context
    context.close()


@contextmanager
def without_faults(page: Page) -> Iterator[Page]:
    """Close the page after the block, and fail when its console showed an error meanwhile."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    yield page
    page.close()
    assert faults == []


@pytest.fixture
def page(signed_in_context: BrowserContext, running: Standalone) -> Iterator[Page]:
    """The home page, signed in as administrator; the test fails when its console shows an error."""
    with without_faults(signed_in_context.new_page()) as opened:
        opened.goto(f"{running.url}/")
        yield opened
