"""List, filter and chart pages of a running web service at a real Chromium."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import httpx
from playwright.sync_api import Page, sync_playwright

from dosebus.store.engine import Database
from dosebus_web.auth import accounts
from tests.fixtures.network import free_port

PASSWORD = "a password of the bench"
PAGES = (
    ("home page", "/"),
    ("list of CT, nothing found", "/studies/ct?study_description=no+such+text"),
    ("list of CT", "/studies/ct"),
    ("list of CT, by description", "/studies/ct?study_description=thorax"),
    ("list of CT, weight and dates", "/studies/ct?weight_min=90&date_from=2025-01-01&date_to=2025-03-31"),
    ("list of radiography, by device", "/studies/dx?display_name=room+3"),
    ("list of fluoroscopy", "/studies/rf"),
    ("list of mammography", "/studies/mg"),
    ("list of nuclear medicine", "/studies/nm"),
)
CHARTS = ("ct", "rf", "mg", "dx", "nm")
LOADED = """() => { const one = performance.getEntriesByType("navigation")[0];
    return (one.domContentLoadedEventEnd - one.requestStart) / 1000; }"""


@contextmanager
def _web(url: str, folder: Path) -> Iterator[str]:
    """The web service in a process of its own."""
    port = free_port()
    environment = {
        **os.environ, "DOSEBUS_DATABASE_URL": url, "DOSEBUS_BUS_URL": "local:", "DOSEBUS_HTTP_PORT": str(port),
        "DOSEBUS_BLOBS_URL": f"file://{folder / 'blobs'}", "DOSEBUS_LOG_LEVEL": "warning",
    }  # fmt: skip
    with (folder / "web.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dosebus_web"], env=environment, stdout=log, stderr=log
        )
    base = f"http://127.0.0.1:{port}"
    try:
        _wait(base, process)
        yield base
    finally:
        process.terminate()
        process.wait(timeout=60)


def _wait(base: str, process: subprocess.Popen[bytes]) -> None:
    deadline = monotonic() + 90
    while monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{base}/healthz", timeout=5).status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            sleep(0.2)
    raise RuntimeError("the web service did not start; see web.log")


def measure(
    url: str, folder: Path, database: Database, runs: int = 20
) -> Iterator[tuple[str, list[float], float]]:
    """What, seconds of each run, and the limit: pages until their content is there, charts until their data are."""
    with database.transaction() as tx:
        accounts.add(tx, f"bench{os.getpid()}", PASSWORD, groups=("view",))
    with _web(url, folder) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{base}/sign-in")
        page.fill("[name=username]", f"bench{os.getpid()}")
        page.fill("[name=password]", PASSWORD)
        page.click("main button")
        page.wait_for_url(f"{base}/", wait_until="commit", timeout=120_000)
        for what, path in PAGES:
            yield what, [_load(page, base + path) for _ in range(runs + 1)][1:], 0.150
        for name in CHARTS:
            yield (
                f"slowest chart of {name}, asked and there",
                _draw(page, f"{base}/studies/{name}/charts"),
                1.0,
            )
        browser.close()


def _load(page: Page, address: str) -> float:
    page.goto(address, wait_until="domcontentloaded")
    return float(page.evaluate(LOADED))


def _draw(page: Page, address: str) -> list[float]:
    """Seconds from asking to having, of each chart of a page by itself: after those that the page draws at once."""
    page.goto(address)
    page.wait_for_selector("[data-chart][data-phase=drawn]", timeout=120_000)
    page.wait_for_selector("[data-chart][data-phase=loading]", state="detached", timeout=120_000)
    sources = page.eval_on_selector_all("[data-chart]", "all => all.map(one => one.dataset.source)")
    taken = []
    for source in sources:
        asked = "async (source) => { const start = performance.now(); await (await fetch(source)).json();"
        taken.append(float(page.evaluate(f"{asked} return (performance.now() - start) / 1000; }}", source)))
    return [max(taken)]
