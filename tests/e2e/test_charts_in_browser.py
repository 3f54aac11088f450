"""Charts drawn and clicked in a real browser, for each modality."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import PASSWORD, Standalone, waiting_context

pytestmark = [pytest.mark.browser, pytest.mark.slow]
KINDS = ("ct", "rf", "mg", "dx", "nm")


@pytest.fixture(scope="module", autouse=True)
def studies(running: Standalone) -> None:
    """Three studies of each modality."""
    kinds = [word for kind in KINDS for word in ("--kind", kind)]
    receiver = f"127.0.0.1:{running.dicom_port}"
    running.dosebus("simulate", "--to", receiver, *kinds, "--count", str(3 * len(KINDS)), "--weeks", "0.2")


def click_first_bar(card: Locator, below: Locator) -> None:
    """Click down the middle of a drawing until a bar answers."""
    canvas = card.locator("[data-canvas]")
    canvas.scroll_into_view_if_needed()
    size = canvas.bounding_box()
    assert size is not None
    for y in range(14, int(size["height"]), 8):
        canvas.click(position={"x": size["width"] * 0.5, "y": y})
        if below.is_visible():
            return
    pytest.fail("no bar answered a click")


@pytest.mark.parametrize("name", KINDS)
def test_charts_are_drawn_and_a_click_lists_their_studies(page: Page, running: Standalone, name: str) -> None:
    page.goto(f"{running.url}/studies/{name}")
    expect(page.locator("tbody tr[data-key]")).to_have_count(3)
    page.get_by_role("link", name="Charts", exact=True).click()
    page.wait_for_url(re.compile("/charts"))
    cards = page.locator("[data-chart]")
    for place in range(cards.count()):
        cards.nth(place).scroll_into_view_if_needed()
        expect(cards.nth(place)).to_have_attribute("data-phase", "drawn")
    frequency = page.locator("[data-chart][data-key$=frequency]").or_(cards.first).first
    below = page.locator("#below")
    click_first_bar(frequency, below)
    expect(below.locator("tr[data-key]").first).to_be_visible()
    below.get_by_role("link", name="Open as list").click()
    page.wait_for_url(re.compile("_is="))
    expect(page.locator("tbody tr[data-key]").first).to_be_visible()


def test_a_drawing_is_saved_as_an_image_and_its_numbers_open_by_keyboard(
    page: Page, running: Standalone
) -> None:
    page.goto(f"{running.url}/studies/ct/charts?chart=study_description_frequency")
    card = page.locator("[data-chart]")
    expect(card).to_have_attribute("data-phase", "drawn")
    with page.expect_download() as started:
        card.get_by_role("button", name="Image").press("Enter")
    assert started.value.path().read_bytes().startswith(b"\x89PNG")
    card.locator("summary").press("Enter")
    expect(card.locator("[data-table] tbody tr").first).to_be_visible()


def test_numbers_need_no_script(browser: Browser, running: Standalone) -> None:
    context = waiting_context(browser, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{running.url}/sign-in")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{running.url}/")
    page.goto(f"{running.url}/studies/ct/charts?chart=study_description_frequency")
    page.get_by_role("link", name="Show the numbers of Frequency of each study description").click()
    expect(page.locator("tbody tr").first).to_be_visible()
    context.close()
