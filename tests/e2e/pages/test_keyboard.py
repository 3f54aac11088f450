"""DoseBus without a mouse: everything is reached with Tab, everything that has the focus shows it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import PASSWORD, Standalone, waiting_context

pytestmark = [pytest.mark.browser, pytest.mark.slow]
HAS_FOCUS = "one => one === document.activeElement"
SHOWS_FOCUS = """() => {
  const one = document.activeElement, style = getComputedStyle(one), label = one.nextElementSibling;
  const marked = (it) => it && getComputedStyle(it).outlineStyle !== "none";
  const box = one.getBoundingClientRect();
  // The parts of a date have the focus one by one, and each shows it by itself.
  if (one === document.body || one.type === "date") return true;
  return (marked(one) && box.width > 0 && box.bottom > 0) || marked(label);
}"""
FOCUSED = "() => document.activeElement.outerHTML.slice(0, 120)"


@pytest.fixture
def page(browser: Browser, hospital: Standalone) -> Iterator[Page]:
    """A page that nobody is signed in to."""
    context = waiting_context(browser, base_url=hospital.url, viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def tab_to(page: Page, wanted: Locator, key: str = "Tab", most: int = 200) -> None:
    """Press Tab until something has the focus; each place on the way shows that it has it."""
    for _ in range(most):
        page.keyboard.press(key)
        assert page.evaluate(SHOWS_FOCUS), page.evaluate(FOCUSED)
        if wanted.evaluate(HAS_FOCUS):
            return
    pytest.fail(f"Tab does not lead to {wanted}")


def sign_in(page: Page) -> None:
    """Sign in without a mouse."""
    page.goto("/sign-in")
    tab_to(page, page.get_by_label("User name"))
    page.keyboard.type("admin")
    tab_to(page, page.get_by_label("Password"))
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/")


def test_a_study_is_found_and_read_and_a_user_added_by_keyboard(page: Page) -> None:
    sign_in(page)
    tab_to(page, page.get_by_role("navigation", name="Main").get_by_role("link", name="Fluoroscopy"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/studies/rf")
    tab_to(page, page.get_by_role("link", name="Skip to content"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("textbox", name="Study description", exact=True), most=20)
    page.keyboard.type("coronary")
    page.keyboard.press("Enter")
    page.wait_for_url("**study_description=coronary**")
    tab_to(page, page.get_by_label("Rows"))
    page.keyboard.press("ArrowDown")
    tab_to(page, page.get_by_label("Rows").locator("xpath=ancestor::form").get_by_role("button"))
    # The address bears a limit before and after: only the new page tells that the old one is gone.
    with page.expect_navigation():
        page.keyboard.press("Enter")
    tab_to(page, page.locator("tbody tr a").first)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("oronary")
    tab_to(page, page.locator("summary", has_text="Administration"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("link", name="All settings"), most=5)
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin")
    tab_to(page, page.get_by_role("link", name="Users and tokens"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/users")
    tab_to(page, page.get_by_label("User name"))
    page.keyboard.type("nightshift")
    tab_to(page, page.get_by_role("button", name="Add", exact=True))
    page.keyboard.press("Enter")
    expect(page.locator("#secret")).to_be_visible()


def test_escape_closes_a_menu_and_gives_the_focus_back(page: Page) -> None:
    sign_in(page)
    summary = page.locator("summary", has_text="Data")
    tab_to(page, summary)
    page.keyboard.press("Space")
    sheet = page.get_by_role("link", name="Exports", exact=True)
    expect(sheet).to_be_visible()
    tab_to(page, sheet, most=5)
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(summary).to_be_focused()


@pytest.mark.parametrize(
    "path", ["/", "/studies/ct", "/names/ct/study/unmapped", "/admin/alerts", "/studies/ct/charts"]
)
def test_tab_leads_through_a_page_and_out_of_it(page: Page, path: str) -> None:
    sign_in(page)
    page.goto(path)
    skip = page.get_by_role("link", name="Skip to content")
    tab_to(page, skip, most=2)
    tab_to(page, skip, most=600)
