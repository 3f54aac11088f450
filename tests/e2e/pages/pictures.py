"""Pictures of every page, to be looked at: 1280 and 390 wide, light and dark.

    .venv/bin/python -m tests.e2e.pages.pictures http://127.0.0.1:8080 admin PASSWORD [PART OF A PATH ...]

They go to build/pictures, which git ignores.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import httpx
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from tests.e2e.conftest import CHROMIUM, QUIET
from tests.e2e.pages.crawl import Found, pages

FOLDER = Path(__file__).resolve().parents[3] / "build" / "pictures"
LONGEST = 2600
LOOKS = (("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390))
ERRORS = (Found("", "/nothing-here"), Found("", "/studies/ct?dlp_min=much"), Found("", "/objects?outcome=x"))
WITHOUT_ACCOUNT = (Found("/sign-in", "/sign-in"),)


def sign_in(page: Page, url: str, username: str, password: str) -> None:
    """Sign in by the form."""
    page.goto(f"{url}/sign-in")
    page.locator("[name=username]").fill(username)
    page.locator("[name=password]").fill(password)
    page.locator("form button").first.click()
    page.wait_for_url(f"{url}/")


def take(page: Page, url: str, found: Found, look: str) -> None:
    """One picture; charts are given the time to be drawn."""
    page.goto(f"{url}{found.path}")
    page.wait_for_load_state("load")
    for card in page.locator("[data-chart]").all():
        card.scroll_into_view_if_needed()
        expect(card).to_have_attribute("data-phase", re.compile("drawn|said"), timeout=20_000)
    page.evaluate("scrollTo(0, 0)")
    width = page.viewport_size["width"] if page.viewport_size else 0
    height = page.evaluate("document.documentElement.scrollHeight")
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.screenshot(
        path=FOLDER / f"{found.key}-{look}.png",
        full_page=True,
        clip={"x": 0, "y": 0, "width": max(width, wide), "height": min(height, LONGEST)},
    )
    if wide > width:
        print(f"wider than {width}: {found.path} ({wide})")


def picture(context: BrowserContext, url: str, listed: list[Found], look: str) -> None:
    """Pictures of those pages."""
    page = context.new_page()
    for found in listed:
        take(page, url, found, look)
    page.close()


def main(url: str, username: str, password: str, *parts: str) -> None:
    """Take them all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with httpx.Client(base_url=url, timeout=30) as client:
        client.post("/sign-in", data={"username": username, "password": password})
        known = [*pages(client), *ERRORS]
    wanted = [one for one in known if not parts or any(part in one.path for part in parts)]
    print(f"{len(known)} pages, {len(wanted)} pictured")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        for colours, width in LOOKS:
            size, scheme = {"width": width, "height": 800}, colours
            context = browser.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
            if not parts:
                picture(context, url, list(WITHOUT_ACCOUNT), f"{width}-{colours}")
            page = context.new_page()
            sign_in(page, url, username, password)
            page.close()
            picture(context, url, wanted, f"{width}-{colours}")
            context.close()
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
