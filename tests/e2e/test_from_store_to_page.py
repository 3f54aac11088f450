"""From a device's C-STORE to what a physicist sees, in one real process and a real browser."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.e2e.conftest import PASSWORD, Standalone
from tests.integration.ground.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def simulate(running: Standalone, kind: str, count: int, seed: int) -> None:
    """Send studies of today by C-STORE."""
    running.dosebus(
        "simulate", "--to", f"127.0.0.1:{running.dicom_port}", "--kind", kind, "--count", str(count),
        "--weeks", "0.2", "--seed", str(seed),
    )  # fmt: skip


def test_a_study_appears_on_the_open_home_page_without_a_reload(page: Page, running: Standalone) -> None:
    expect(page.locator("[data-live-light].good")).to_be_attached()
    expect(page.get_by_text("Nothing has come in yet")).to_be_visible()
    simulate(running, "ct", 2, seed=1)
    expect(page.get_by_role("link", name="CT 2 studies")).to_be_visible()


def test_a_physicist_filters_sorts_opens_a_study_and_reads_its_record(
    page: Page, running: Standalone
) -> None:
    simulate(running, "rf", 3, seed=2)
    page.goto(f"{running.url}/studies/rf")
    expect(page.locator("tbody tr")).to_have_count(3)
    page.get_by_role("link", name="DAP").click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("DAP")
    description = page.locator("tbody tr").first.locator("td").nth(2).inner_text()
    page.get_by_role("textbox", name="Study description", exact=True).fill(description)
    page.get_by_role("button", name="Filter", exact=True).click()
    page.wait_for_url(re.compile("study_description="))
    expect(page.get_by_role("textbox", name="Study description", exact=True)).to_have_value(description)
    page.locator("tbody a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(description)
    doses = page.locator("table[data-sortable] thead th", has_text="DAP")
    doses.get_by_role("button").click()
    expect(doses).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("link", name="Record").click()
    expect(page.locator(".tree")).to_contain_text("projection_reports")


def test_an_export_is_made_and_downloaded(page: Page, running: Standalone) -> None:
    page.goto(f"{running.url}/studies/rf")
    page.get_by_role("button", name="Export CSV").click()
    link = page.get_by_role("link", name="Download")
    expect(link.first).to_be_visible()
    with page.expect_download() as started:
        link.first.click()
    content = started.value.path().read_text(encoding="utf-8-sig")
    assert "Study Instance UID" in content.splitlines()[0]
    assert len(content.splitlines()) > 3


def test_an_administrator_adds_a_user_who_signs_in(page: Page, running: Standalone) -> None:
    page.goto(f"{running.url}/admin/users")
    page.get_by_label("User name").fill("physicist")
    page.get_by_role("button", name="Add", exact=True).click()
    password = page.locator("#secret").inner_text()
    answer = httpx.post(
        f"{running.url}/sign-in", data={"username": "physicist", "password": password}, timeout=120
    )
    assert answer.status_code == 303


def test_a_study_is_deleted_after_confirmation(page: Page, running: Standalone) -> None:
    page.goto(f"{running.url}/studies/ct")
    before = page.locator("tbody tr").count()
    page.locator("tbody a").first.click()
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete the study").click()
    expect(page.locator("tbody tr")).to_have_count(before - 1)


def test_the_api_answers_to_a_token_of_the_command_line(running: Standalone) -> None:
    token = running.dosebus("token", "create", "--scope", "read", "--data", str(running.data)).strip()
    headers = {"authorization": f"Bearer {token}"}
    studies = httpx.get(f"{running.url}/api/v1/studies", headers=headers, timeout=120).json()["studies"]
    place = f"{running.url}/api/v1/studies/{studies[0]['study_instance_uid']}"
    record = httpx.get(place, headers=headers, timeout=120)
    assert record.json()["study_instance_uid"] == studies[0]["study_instance_uid"]


def test_pages_work_without_javascript(page: Page, running: Standalone) -> None:
    with httpx.Client(base_url=running.url, follow_redirects=True, timeout=120) as client:
        client.post("/sign-in", data={"username": "admin", "password": PASSWORD})
        text = client.get("/studies/rf?sort=total_dap_gym2").text
        token = re.search(r'name="csrf_token" value="([^"]+)"', text)
        assert token is not None
        form = {"csrf_token": token[1], "theme": "light", "back": "/studies/rf"}
        assert 'data-theme="light"' in client.post("/account/theme", data=form).text


def test_a_table_of_sizes_is_uploaded_looked_at_and_imported(page: Page, running: Standalone) -> None:
    known = page.request.get(f"{running.url}/api/v1/studies?listing=rf").json()["studies"]
    lines = [f"{study['study_instance_uid']};{160 + place};70,5" for place, study in enumerate(known)]
    table = "\n".join(("Study Instance UID;Größe;Gewicht", *lines, "1.2.3;170;70"))
    page.goto(f"{running.url}/sizes")
    file = FilePayload(name="sizes.csv", mimeType="text/csv", buffer=table.encode("cp1252"))
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Upload and preview").click()
    expect(page.get_by_label("Encoding")).to_have_value("cp1252")
    expect(page.get_by_label("Column of the key")).to_have_value("0")
    page.get_by_label("Column of the weight").select_option(label="Not read")
    page.get_by_role("button", name="Show again").click()
    expect(page.locator("tbody tr").first).not_to_contain_text("70.5")
    page.get_by_label("Overwrite").check()
    page.get_by_role("button", name="Start the import").click()
    expect(page.locator("#rows")).to_contain_text("1 no such study")
    expect(page.locator("#rows")).to_contain_text(f"{len(known)} changed")
    with page.expect_download() as started:
        page.get_by_role("link", name="Log").click()
    log = started.value.path().read_text(encoding="utf-8-sig")
    assert log.count("height") == len(known)


def test_no_page_overflows_a_telephone(page: Page, running: Standalone) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    for path in (
        "/",
        "/studies/rf",
        "/alerts",
        "/exports",
        "/query",
        "/objects",
        "/services",
        "/admin/users",
        "/admin/reading",
        "/sizes",
    ):
        page.goto(f"{running.url}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_every_service_is_healthy_on_the_services_page(page: Page, running: Standalone) -> None:
    def all_are_healthy() -> bool:
        page.goto(f"{running.url}/services")
        return page.get_by_text("healthy").count() == 6

    assert eventually(all_are_healthy)
    expect(page.get_by_text("None. Every message was handled.")).to_be_visible()
