"""Every page that links lead to: nothing from elsewhere, no fault in the console, no serious fault for axe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import Standalone
from tests.e2e.pages.conftest import Faults, client_of, signed_in
from tests.e2e.pages.crawl import Found, get_routes, is_page, pages
from tests.integration.ground.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SERIOUS = {"serious", "critical"}
LOOKS = (("light", 1280), ("dark", 390))
"""Themes change colours only and widths the layout only, so two looks try both of each."""
ALIKE = ["tbody tr:nth-child(n + 7)"]
"""Rows of a table; axe takes a second for fifty of them."""
ON_EVERY_PAGE = [".bar a:not([aria-current])", ".bar .account", ".foot"]
"""What every page begins and ends with; the first page's is looked at."""
RUN_AXE = """async left_out => {
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  return (await axe.run({ exclude: left_out.map(one => [one]) }, { resultTypes: ["violations"] })).violations;
}"""
"""A page answers a new size in the next frame: only then are the frames that scroll known, and reached by keyboard."""

NO_LINK_LEADS_THERE = {"/live", "/account/password"}
"""The stream of news, which never ends; and the page that a first password leads to."""


@dataclass
class Seen:
    """What was found out about a page."""

    found: Found
    faults: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    width_on_a_telephone: int = 0


@pytest.fixture(scope="module")
def listed(hospital: Standalone) -> list[Found]:
    """All pages, with some work asked for that has pages of its own."""
    with client_of(hospital) as client:
        return pages(client, ("/", *ask_for_work(client)))


def ask_for_work(client: httpx.Client) -> Iterator[str]:
    """Ask for an export, a re-derivation and an import of sizes; gives the addresses to which the forms lead."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/account").text)
    assert found is not None
    token = {"csrf_token": found[1]}
    table = {"file": ("sizes.csv", b"Accession number;height;weight\nRIV1;170;70\n", "text/csv")}
    for answer in (
        client.post("/exports", data={**token, "listing": "ct", "file_format": "csv", "query": ""}),
        client.post("/admin/rederivation", data={**token, "modality_type": "NM"}),
        client.post("/sizes", data=token, files=table),
    ):
        assert answer.status_code == 303, answer.text
        yield answer.headers["location"]


@pytest.fixture(scope="module")
def seen(browser: Browser, hospital: Standalone, listed: list[Found]) -> Iterator[list[Seen]]:
    """Every page, opened once and looked at in each look."""
    context, faults = signed_in(browser, hospital), Faults(urlsplit(hospital.url).netloc)
    page, axe = context.new_page(), Axe().axe_script
    faults.listen(page)
    known = [*listed, Found("", "/nothing-is-here"), Found("", "/studies/ct?dlp_min=much")]
    routes, found_out = set[str](), list[Seen]()
    for found in known:
        one, said_before = Seen(found), len(faults.said)
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(found.path)
        # The five lists are made by the same templates: axe looks at the first of each.
        if found.route not in routes:
            page.evaluate(axe)
            one.violations += violations(page, ALIKE + ON_EVERY_PAGE if routes else ALIKE)
        page.set_viewport_size({"width": 390, "height": 900})
        one.width_on_a_telephone = page.evaluate("document.documentElement.scrollWidth")
        # A page that is meant to be missing is told in the console too.
        said = faults.said[said_before:]
        one.faults = [fault for fault in said if found.route or "status of 40" not in fault]
        routes.add(found.route)
        found_out.append(one)
    yield found_out
    context.close()


def violations(page: Page, left_out: list[str]) -> Iterator[str]:
    """What axe finds serious in each theme and width, without loading the page again."""
    for scheme, width in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for one in page.evaluate(RUN_AXE, left_out):
            if one["impact"] in SERIOUS:
                places = [" ".join(node["target"]) for node in one["nodes"][:3]]
                yield f"{page.url} {width} {scheme}: {one['id']} at {places}"


def test_links_lead_to_every_page(listed: list[Found], hospital: Standalone) -> None:
    reached = {found.route for found in listed}
    with client_of(hospital) as client:
        for route in get_routes():
            if route.path in reached | NO_LINK_LEADS_THERE or "{" in route.path:
                continue
            assert not is_page(client.get(route.path)), route.path
    assert len(listed) > 50


def test_axe_finds_no_serious_fault(seen: list[Seen]) -> None:
    assert "\n".join(violation for one in seen for violation in one.violations) == ""


def test_nothing_is_asked_of_another_host_and_the_console_stays_empty(seen: list[Seen]) -> None:
    assert [fault for one in seen for fault in one.faults] == []


def test_no_page_is_wider_than_a_telephone(seen: list[Seen]) -> None:
    assert [one.found.path for one in seen if one.width_on_a_telephone > 390] == []


@pytest.mark.parametrize(
    "path", ["/objects", "/alerts", "/names/ct/study", "/names/ct/study/unmapped", "/admin/skin"]
)
def test_the_demonstration_has_something_to_show(hospital: Standalone, path: str) -> None:
    with client_of(hospital) as client:

        def shows() -> bool:
            shown = client.get(path).text
            return shown.count("<tr") > 2 and 'class="empty"' not in shown

        assert eventually(shows)


def test_the_demonstration_has_views(hospital: Standalone) -> None:
    with client_of(hospital) as client:
        assert eventually(lambda: "Heads, highest DLP first" in client.get("/studies/ct").text)
        heads = "/studies/ct?standard_study_name_is=Head"
        assert eventually(lambda: "<tr data-key" in client.get(heads).text)
