"""A part of a page that is fetched again takes nothing out of the hands of whoever reads it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DESKTOP = {"width": 1280, "height": 900}
STUDIES_CHANGED = 'retry: 600000\nevent: news\ndata: ["study"]\n\n'
IS_THE_FIRST = "window.first === document.querySelector('#rows table')"
FIRST_ROW = "#rows tbody tr:first-child a"


class News:
    """Holds back the next fragments of a list until the test lets them come, changed or as they are."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.held: list[Route] = []
        page.route(
            "**/live?*", lambda route: route.fulfill(content_type="text/event-stream", body=STUDIES_CHANGED)
        )
        page.route("**/studies/rf/rows*", self.hold)

    def hold(self, route: Route) -> None:
        """Keep a question without answer."""
        self.held.append(route)

    def wait(self) -> None:
        """Until the page has asked for its part again."""
        while not self.held:
            self.page.wait_for_timeout(20)

    def come(self, old: str = "", new: str = "") -> None:
        """Answer what was asked for, with a text replaced by another."""
        held, self.held = self.held, []
        for route in held:
            answer = route.fetch()
            with self.page.expect_response("**/studies/rf/rows*") as told:
                route.fulfill(response=answer, body=answer.text().replace(old, new))
            told.value.finished()


@pytest.fixture
def news(open_context: Callable[..., BrowserContext]) -> News:
    """A list of studies that was told of news, has asked for its rows again and waits for them."""
    page = open_context(viewport=DESKTOP).new_page()
    held = News(page)
    page.goto("/studies/rf")
    held.wait()
    page.evaluate("window.first = document.querySelector('#rows table')")
    return held


def test_what_did_not_change_stays_as_it_is(news: News) -> None:
    news.come()
    news.page.wait_for_timeout(300)
    assert news.page.evaluate(IS_THE_FIRST)


def test_what_changed_is_shown_where_the_reader_was(news: News) -> None:
    page = news.page
    page.locator(FIRST_ROW).focus()
    page.set_viewport_size({"width": 500, "height": 900})
    frame = page.locator("#rows .scroll")
    frame.evaluate("(frame) => { frame.scrollLeft = 90; }")
    news.come("</tr>", "<td>new</td></tr>")
    expect(page.locator("#rows td", has_text="new").first).to_be_attached()
    assert not page.evaluate(IS_THE_FIRST)
    expect(page.locator(FIRST_ROW)).to_be_focused()
    assert frame.evaluate("(frame) => frame.scrollLeft") == 90


def test_a_click_under_way_is_not_swallowed(news: News) -> None:
    page = news.page
    link = page.locator(FIRST_ROW)
    link.hover()
    page.mouse.down()
    news.come("</tr>", "<td>new</td></tr>")
    page.wait_for_timeout(300)
    assert page.evaluate(IS_THE_FIRST)
    address = link.get_attribute("href")
    page.mouse.up()
    page.wait_for_url(f"**{address}")


def test_after_the_press_the_news_are_shown(news: News) -> None:
    page = news.page
    page.get_by_role("heading", level=1).hover()
    page.mouse.down()
    news.come("</tr>", "<td>new</td></tr>")
    page.mouse.up()
    expect(page.locator("#rows td", has_text="new").first).to_be_attached()


def test_a_second_finger_holds_nothing_up(news: News) -> None:
    page = news.page
    heading = page.get_by_role("heading", level=1)
    heading.dispatch_event("pointerdown")
    news.come("</tr>", "<td>new</td></tr>")
    heading.dispatch_event("pointerdown")
    heading.dispatch_event("pointerup")
    expect(page.locator("#rows td", has_text="new").first).to_be_attached()
