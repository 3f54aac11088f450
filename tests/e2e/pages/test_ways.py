"""What a physicist does in a morning, for each modality, with scripts and without."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.integration.ground.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DESKTOP = {"width": 1280, "height": 900}
# In one step: the list is live, and what is asked for head by head may be of two lists.
HEADS = "[...document.querySelectorAll('thead th')].map((head) => head.innerText.split('\\n')[0])"
MORNINGS = [(name, True) for name in ("ct", "rf", "mg", "dx", "nm")] + [("rf", False)]


@pytest.mark.parametrize(("name", "scripts"), MORNINGS)
def test_a_morning(open_context: Callable[..., BrowserContext], name: str, scripts: bool) -> None:
    page = open_context(viewport=DESKTOP, java_script_enabled=scripts).new_page()
    own = f"{name} {'with' if scripts else 'without'} scripts"
    description = find(page, name)
    combine(page, description)
    choose_columns(page)
    save_the_view(page, name, own)
    see_numbers(page, name, scripts)
    map_a_name(page, name, own)
    study = read(page, name)
    rename_the_device(page, name, own)
    delete(page, name, study)


def find(page: Page, name: str) -> str:
    """Filter a list by the description of its newest study."""
    page.goto(f"/studies/{name}")
    expect(page.locator("thead th", has_text="Study description")).to_be_visible()
    heads = page.evaluate(HEADS)
    cell = page.locator("tbody tr").first.locator("td").nth(heads.index("Study description"))
    description = cell.get_attribute("title") or cell.inner_text()
    everything = page.locator("tbody tr").count()
    page.get_by_role("textbox", name="Study description", exact=True).fill(description)
    page.get_by_role("button", name="Filter", exact=True).click()
    page.wait_for_url(re.compile("study_description="))
    assert 0 < page.locator("tbody tr").count() <= everything
    return description


def combine(page: Page, description: str) -> None:
    """Add a group of conditions to the filter."""
    page.get_by_role("link", name="Combine conditions").click()
    page.wait_for_load_state()
    row = page.get_by_role("group", name="Condition 1")
    row.get_by_label("Filter").select_option("study_description")
    row.get_by_label("Text or number").fill(description)
    page.get_by_role("button", name="Show the studies").click()
    page.wait_for_load_state()
    expect(page.get_by_role("list", name="Combined conditions")).to_contain_text(description)
    expect(page.locator("tbody tr").first).to_be_visible()


def choose_columns(page: Page) -> None:
    """Leave a column out."""
    left_out = page.locator("thead th", has_text="Accession number")
    expect(left_out).to_have_count(1)
    page.locator("summary", has_text="Columns").click()
    page.get_by_label("Accession number", exact=True).and_(page.locator("[name=columns]")).uncheck()
    page.locator(".choose-columns").get_by_role("button", name="Show", exact=True).click()
    page.wait_for_load_state()
    expect(left_out).to_have_count(0)


def save_the_view(page: Page, name: str, own: str) -> None:
    """Give what is seen a name, and come back to it by this name."""
    page.get_by_text("Save this view").click()
    page.get_by_label("Name", exact=True).fill(f"View {own}")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_load_state()
    page.goto(f"/studies/{name}")
    page.get_by_role("link", name=f"View {own}").click()
    page.wait_for_url(re.compile("study_description="))
    expect(page.locator("thead th", has_text="Accession number")).to_have_count(0)


def see_numbers(page: Page, name: str, scripts: bool) -> None:
    """Open the charts of the view; without scripts their numbers."""
    page.get_by_role("link", name="Charts", exact=True).click()
    page.wait_for_load_state()
    card = page.locator("[data-chart]").first
    if scripts:
        card.scroll_into_view_if_needed()
        expect(card).to_have_attribute("data-phase", "drawn")
        return
    card.locator("noscript").get_by_role("link", name="Show the numbers").click()
    expect(page.locator("tbody tr").first).to_be_visible()


def map_a_name(page: Page, name: str, own: str) -> None:
    """Give the most frequent raw name a standard name, and see it in the list."""
    page.goto(f"/names/{name}/study/unmapped?source=study_description")
    row = page.locator("tbody tr").first
    row.get_by_label(re.compile("^Standard name for")).fill(f"Name {own}")
    row.get_by_role("button", name="Accept", exact=True).click()
    page.wait_for_load_state()
    page.goto(f"/studies/{name}?standard_study_name_is=Name+{own.replace(' ', '+')}")
    expect(page.locator("tbody tr").first).to_contain_text(f"Name {own}")


def read(page: Page, name: str) -> str:
    """Open the newest study, fold its events where they differ, and give its address."""
    page.goto(f"/studies/{name}")
    page.locator("tbody tr a").first.click()
    page.wait_for_load_state()
    expect(page.get_by_role("heading", name="Events")).to_be_visible()
    address = page.url
    if page.get_by_label("Fold by").count():
        page.get_by_label("Fold by").select_option(index=1)
        page.get_by_label("Fold by").locator("xpath=ancestor::form").get_by_role("button").click()
        page.wait_for_load_state()
        fold = page.locator("details.event-fold").first
        fold.locator("summary").click()
        expect(fold.locator("tbody tr").first).to_be_visible()
    return address


def rename_the_device(page: Page, name: str, own: str) -> None:
    """Call the device of the study otherwise, and wait until the list does so too."""
    link = page.get_by_role("link", name="Its studies").get_attribute("href") or ""
    page.goto(f"/admin/devices/{link.rpartition('=')[2]}")
    page.get_by_label("Name", exact=True).fill(f"Room of {own}")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_load_state()

    def is_shown() -> bool:
        page.goto(f"/studies/{name}")
        return page.locator("tbody tr", has_text=f"Room of {own}").count() > 0

    assert eventually(is_shown)


def delete(page: Page, name: str, study: str) -> None:
    """Delete a study after confirmation."""
    page.goto(study)
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete the study").click()
    page.wait_for_load_state()
    key = study.partition("?")[0].rpartition("/")[2]

    def is_gone() -> bool:
        page.goto(f"/studies/{name}")
        return page.locator(f"tr[data-key='{key}']").count() == 0

    assert eventually(is_gone)
