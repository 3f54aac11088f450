"""Pictures of every page, to be looked at: 1280 and 390 wide, light and dark, in the three languages.

    .venv/bin/python -m tests.e2e.pages.pictures http://127.0.0.1:8080 admin PASSWORD [PART OF A PATH ...]

They go to build/pictures, which git ignores. A part that begins with `look=` chooses looks instead, as `look=390-dark`;
`from=/a/path` is a page that no link leads to, such as the preview of a table of sizes.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.e2e.conftest import CHROMIUM, QUIET
from tests.e2e.pages.crawl import Found, pages

FOLDER = Path(__file__).resolve().parents[3] / "build" / "pictures"
LONGEST = 2600


@dataclass(frozen=True)
class Look:
    """Colours, width and language of a browser."""

    width: int
    colours: str
    language: str

    @property
    def key(self) -> str:
        """Its part of a file's name."""
        return f"{self.width}-{self.colours}"


LOOKS = (
    Look(1280, "light", "en"),
    Look(1280, "dark", "es"),
    Look(390, "light", "en"),
    Look(390, "dark", "de"),
)


@dataclass(frozen=True)
class Scene:
    """A page in a certain state: the key of the page, its path, and the folds that are opened by a click."""

    key: str
    path: str
    opened: tuple[str, ...] = ()
    as_print: bool = False


SCENES = (
    Scene("error-404", "/nothing-here"),
    Scene("error-422", "/objects?outcome=x"),
    Scene("error-of-api-docs", "/api/v1/docs"),
    Scene("list-with-error", "/studies/ct?dlp_min=much"),
    Scene("list-empty", "/studies/ct?study_description=nothing-has-this"),
    Scene("list-filters-open", "/studies/rf", ("details.filter > summary", ".filter details > summary")),
    Scene("list-columns-open", "/studies/ct", (".choose-columns > summary",)),
    Scene("list-conditions", "/studies/ct/combine?g1=any&g1.study_description=head&g1.!procedure=chest"),
    Scene("study-delete-asked", "/studies/ct/1", (".page-head .confirm > summary",)),
    Scene("menu-of-data", "/", (".nav-toggle-label", ".bar nav .menu:nth-of-type(1) > summary",)),
    Scene("menu-of-account", "/", (".account > summary",)),
    Scene("alerts-filter-open", "/alerts", ("details.filter > summary",)),
    Scene("alerts-none", "/alerts?state=closed"),
    Scene("users-delete-asked", "/admin/nodes", (".confirm > summary",)),
    Scene("print-of-list", "/studies/ct", as_print=True),
)  # fmt: skip
WITHOUT_ACCOUNT = Scene("sign-in", "/sign-in")


def sign_in(page: Page, url: str, username: str, password: str) -> None:
    """Sign in by the form."""
    page.goto(f"{url}/sign-in")
    page.locator("[name=username]").fill(username)
    page.locator("[name=password]").fill(password)
    page.locator("form button").first.click()
    page.wait_for_url(f"{url}/")


def prepare(page: Page, scene: Scene) -> None:
    """Wait until charts and skin maps are drawn, and open what the scene opens."""
    page.wait_for_load_state("load")
    for card in page.locator("[data-chart], [data-skin]").all():
        card.scroll_into_view_if_needed()
        expect(card).to_have_attribute("data-phase", re.compile("drawn|said|ready|failed"), timeout=20_000)
    for fold in scene.opened:
        # Whether a menu needs its toggle first depends on the width.
        for summary in [one for one in page.locator(fold).all() if one.is_visible()][:1]:
            summary.click()
    if scene.as_print:
        page.emulate_media(media="print")
    page.evaluate("scrollTo(0, 0)")


def take(page: Page, url: str, scene: Scene, look: Look) -> None:
    """One picture of a page."""
    page.goto(f"{url}{scene.path}")
    prepare(page, scene)
    height = page.evaluate("document.documentElement.scrollHeight")
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.screenshot(
        path=FOLDER / f"{scene.key}-{look.key}.png",
        full_page=True,
        clip={"x": 0, "y": 0, "width": max(look.width, wide), "height": min(height, LONGEST)},
    )
    if wide > look.width:
        print(f"wider than {look.width}: {scene.path} ({wide})")


def picture(context: BrowserContext, url: str, scenes: list[Scene], look: Look) -> None:
    """Pictures of those pages."""
    for scene in scenes:
        page = context.new_page()
        take(page, url, scene, look)
        page.close()


def opened(browser: Browser, look: Look) -> BrowserContext:
    """A browser with that look."""
    options = {
        "viewport": {"width": look.width, "height": 800},
        "color_scheme": look.colours,
        "locale": look.language,
    }
    return browser.new_context(**options)  # type: ignore[arg-type]


def known(url: str, username: str, password: str, begin: list[str]) -> list[Scene]:
    """Every page that a link leads to, and the scenes."""
    with httpx.Client(base_url=url, timeout=30) as client:
        client.post("/sign-in", data={"username": username, "password": password})
        found: list[Found] = pages(client, ("/", *begin))
    return [*(Scene(one.key, one.path) for one in found), *SCENES]


def main(url: str, username: str, password: str, *parts: str) -> None:
    """Take them all, or those whose path or key has one of the parts in it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    begin = [part.removeprefix("from=") for part in parts if part.startswith("from=")]
    chosen = {part.removeprefix("look=") for part in parts if part.startswith("look=")}
    names = [part for part in parts if "=" not in part]
    scenes = known(url, username, password, begin)
    wanted = [
        one for one in scenes if not names or any(name in one.path or name in one.key for name in names)
    ]
    print(f"{len(scenes)} pages, {len(wanted)} pictured")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        for look in LOOKS:
            if chosen and look.key not in chosen:
                continue
            context = opened(browser, look)
            if not names:
                picture(context, url, [WITHOUT_ACCOUNT], look)
            page = context.new_page()
            sign_in(page, url, username, password)
            page.close()
            picture(context, url, wanted, look)
            context.close()
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
