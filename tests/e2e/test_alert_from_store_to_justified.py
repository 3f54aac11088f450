"""An alert's whole way in a real browser: C-STORE, mail, its link, acknowledged and justified by keyboard alone."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import waiting_context
from tests.fixtures.mail import MailServer
from tests.fixtures.standalone import PASSWORD, Standalone, running_standalone

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def site(smtp: MailServer) -> Iterator[Standalone]:
    """A `dosebus up` whose mail goes to a real SMTP server."""
    environment = {
        "DOSEBUS_SMTP_HOST": smtp.host,
        "DOSEBUS_SMTP_PORT": str(smtp.port),
        "DOSEBUS_SMTP_SECURITY": "none",
    }
    with running_standalone(environment) as running:
        yield running


@pytest.fixture
def page(browser: Browser, site: Standalone) -> Iterator[Page]:
    """A page signed in as administrator; the test fails when its console shows an error."""
    context = waiting_context(browser, viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    opened.goto(f"{site.url}/sign-in")
    opened.get_by_label("User name").fill("admin")
    opened.get_by_label("Password").fill(PASSWORD)
    opened.get_by_label("Password").press("Enter")
    opened.wait_for_url(f"{site.url}/")
    yield opened
    context.close()
    assert faults == []


def tab_to(page: Page, wanted: Locator) -> None:
    """Go on by the Tab key until the focus is where it is wanted."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    pytest.fail("the Tab key does not lead there")


def link_of(message: EmailMessage) -> str:
    """The link to the alert in a mail's text."""
    body = message.get_body(("plain",))
    assert body is not None
    found = re.search(r"http://\S+/alerts/[0-9a-f-]{36}", body.get_content())
    assert found is not None
    return found[0]


def test_an_alert_goes_from_the_store_to_the_mail_and_is_justified_by_keyboard(
    page: Page, site: Standalone, smtp: MailServer
) -> None:
    page.goto(f"{site.url}/admin/alerts/recipients/new")
    page.get_by_label("Name", exact=True).fill("Medical physics")
    page.get_by_label("E-mail address").fill("physics@hospital.example")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Send a test message").click()
    expect(page.locator("#messages").get_by_text("sent", exact=True)).to_be_visible()
    assert len(smtp.messages) == 1

    page.goto(f"{site.url}/admin/alerts")
    page.get_by_role("link", name="Dose-area product of a fluoroscopy study").click()
    page.get_by_label("Level, in the unit beside the quantity").fill("1")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Version 2", exact=True)).to_be_visible()

    page.goto(f"{site.url}/alerts")
    expect(page.locator("[data-live-light].good")).to_be_attached()
    send_a_report(site)
    row = page.locator("tbody tr", has_text="Dose-area product of a fluoroscopy study")
    expect(row.get_by_text("Medical physics")).to_be_visible()
    expect(row.get_by_text("sent", exact=True).first).to_be_visible()
    told = next(
        one for one in smtp.messages[1:] if "Dose-area product of a fluoroscopy study" in one["Subject"]
    )

    page.goto(link_of(told))
    expect(page.get_by_text("That reaches the level of 1 cGy·cm².")).to_be_visible()
    tab_to(page, page.get_by_role("button", name="Acknowledge"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("You acknowledged this alert.")).to_be_visible()
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)

    tab_to(page, page.get_by_label("Reason"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("142 kg, planned")
    tab_to(page, page.get_by_role("button", name="Justify"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("You justified this alert.")).to_be_visible()
    expect(page.locator("dd", has_text="142 kg, planned")).to_contain_text("The patient is large")
    expect(page.locator(".timeline")).to_contain_text("Message to Medical physics sent")
    expect(page.locator(".timeline")).to_contain_text("Justified: The patient is large by admin")

    page.goto(f"{site.url}/alerts?state=justified")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text("justified")
    assert len([one for one in smtp.messages if one["Subject"] == told["Subject"]]) == 1


def send_a_report(site: Standalone) -> None:
    """One fluoroscopy study by C-STORE."""
    command = [
        sys.executable, "-m", "dosebus_standalone", "simulate", "--to", f"127.0.0.1:{site.dicom_port}", "--kind", "rf",
        "--count", "1", "--weeks", "0.1",
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=300)
