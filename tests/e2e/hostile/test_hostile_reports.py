"""Reports full of scripts, formulas and templates by C-STORE; then all that shows them is fetched and looked at."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from aiosmtpd.controller import Controller
from playwright.sync_api import Browser

from dosebus.domain.alerting import TELLABLE
from dosebus_simulator.sender import Target, read_parcel, send_files
from tests.e2e.hostile import texts
from tests.e2e.pages.crawl import get_routes, links, matched
from tests.fixtures.mail import MailServer
from tests.fixtures.standalone import Standalone, running_standalone
from tests.integration.ground.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PLAIN = {f"DOSEBUS_KEEP_{what}": "plain" for what in ("PATIENT_NAME", "PATIENT_ID", "ACCESSION_NUMBER")}
STUDIES = 2 * len(texts.KINDS)
ENDLESS = "/live"
PART = re.compile(r'data-(?:fragment|source)="([^"]+)"')
"""Where scripts fetch what belongs to a page."""
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Found:
    """A DoseBus with the reports, somebody who is signed in to it, and the mails that it sent."""

    site: Standalone
    client: httpx.Client
    mails: MailServer
    token: str
    exports: list[dict[str, Any]] = field(default_factory=list)
    news: list[str] = field(default_factory=list)

    def get(self, path: str) -> Any:
        """An answer of the API."""
        answer = self.client.get(f"/api/v1{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, **form: Any) -> None:
        """Send a form."""
        answer = self.client.post(path, data={"csrf_token": self.token, **form})
        assert answer.status_code == 303, answer.text


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    """All reports recorded, names mapped, alerts mailed, every list exported."""
    mails = MailServer()
    controller = Controller(mails, hostname=mails.host, port=mails.port)
    controller.start()
    mail = {
        "DOSEBUS_SMTP_HOST": mails.host,
        "DOSEBUS_SMTP_PORT": str(mails.port),
        "DOSEBUS_SMTP_SECURITY": "none",
    }
    with running_standalone(PLAIN | mail) as site:
        client = site.signed_in()
        page = TOKEN.search(client.get("/account").text)
        assert page is not None
        made = Found(site, client, mails, page[1])
        ask_to_be_told(made)
        store(made, tmp_path_factory.mktemp("reports"))
        map_names(made)
        export(made)
        yield made
        client.close()
    controller.stop()


def ask_to_be_told(made: Found) -> None:
    """A recipient who hears everything of patients, and a rule that every fluoroscopy study reaches."""
    made.post(
        "/admin/alerts/recipients", name=texts.SHORT[0], email="physics@hospital.example", enabled="true"
    )
    made.post("/admin/alerts/settings", mail_fields=list(TELLABLE))
    rule = {"quantity": "dap_gym2", "scope": "study", "level": "0.001", "severity": "warning", "mode": "on"}
    made.post("/admin/alerts/rules", title=texts.SHORT[2], modality_types=["RF"], **rule)


def store(made: Found, folder: Path) -> None:
    """Send all reports, and hear the news of them."""
    for number, report in enumerate(texts.reports()):
        (folder / f"{number}.dcm").write_bytes(report)
    parcels = [read_parcel(path) for path in sorted(folder.iterdir())]
    with made.client.stream("GET", ENDLESS) as stream:
        lines = stream.iter_lines()
        assert next(lines) == "retry: 2000"
        receipts = list(send_files(Target("127.0.0.1", made.site.dicom_port), parcels))
        assert all(receipt.acknowledged for receipt in receipts)
        # The stream says every quarter of a minute that it is still there.
        spoken = (line for line in islice(lines, 40) if line.startswith("data:"))
        made.news += islice(spoken, 2)
    assert eventually(lambda: len(made.get("/studies")["studies"]) == STUDIES)
    assert eventually(lambda: any(texts.MARKS.search(str(one["Subject"])) for one in made.mails.messages))


def map_names(made: Found) -> None:
    """Give a raw name a standard name of the same kind."""
    made.post("/names/ct/study/create", name=texts.SHORT[3])


def export(made: Found) -> None:
    """Ask for every list as CSV and XLSX, with patient data."""
    for listing in texts.KINDS:
        for file_format in ("csv", "xlsx"):
            wish = {"listing": listing, "file_format": file_format, "query": "", "include_patient": "true"}
            made.post("/exports", **wish)

    def all_done() -> bool:
        made.exports[:] = made.get("/exports")["items"]
        done = [one for one in made.exports if one["state"] == "completed"]
        return len(done) == 2 * len(texts.KINDS)

    assert eventually(all_done), made.exports


@pytest.fixture(scope="module")
def reached(found: Found) -> list[httpx.Response]:
    """What every link and every address in every page leads to, one for each route, list and kind of chart."""
    return list(walked(found))


def walked(made: Found) -> Iterator[httpx.Response]:
    """Follow links from page to page."""
    routes, waiting, seen = get_routes(), ["/"], set[str]()
    waiting += [
        f"/studies/{kind}{more}" for kind in texts.KINDS for more in ("/rows", "/charts", "?search=none")
    ]
    while waiting:
        path = waiting.pop()
        hit = matched(routes, urlsplit(path).path)
        if hit is None or hit[0].path == ENDLESS or (key := hit[1] + str(len(path) > 200)) in seen:
            continue
        seen.add(key)
        answer = made.client.get(path, follow_redirects=True)
        assert answer.status_code == 200, (path, answer.status_code)
        yield answer
        if answer.headers["content-type"].startswith("text/html"):
            waiting += links(answer)
            waiting += [html.unescape(path) for path in PART.findall(answer.text)]


def is_html(answer: httpx.Response) -> bool:
    """Whether a browser would read an answer as a page."""
    return answer.headers["content-type"].startswith("text/html")


def test_no_page_holds_what_a_report_wrote_as_markup(reached: list[httpx.Response]) -> None:
    showing = set[str]()
    for answer in reached:
        assert answer.headers["x-content-type-options"] == "nosniff"
        if not is_html(answer):
            continue
        assert texts.faults_of_page(answer.text) == [], answer.url
        if texts.shows_our_texts(answer.text):
            showing.add(answer.url.path)
    for place in (
        "/alerts",
        "/names",
        "/admin/devices",
        *(f"/studies/{kind}" for kind in texts.KINDS),
    ):
        assert any(path.startswith(place) for path in showing), (place, sorted(showing))


def test_no_cell_of_a_file_is_a_formula(found: Found, reached: list[httpx.Response]) -> None:
    for one in found.exports:
        content = found.client.get(f"/exports/{one['export_id']}/file").content
        read = texts.formulas_of_csv if one["file_format"] == "csv" else texts.formulas_of_xlsx
        assert texts.MARKS.search(str(content)) or one["file_format"] == "xlsx"
        assert read(content) == [], (one["listing"], one["file_format"])
    for answer in reached:
        if answer.headers["content-type"].startswith("text/csv"):
            assert texts.formulas_of_csv(answer.content) == [], answer.url


def test_the_api_answers_json_that_nobody_takes_for_a_page(found: Found) -> None:
    uids = [one["study_instance_uid"] for one in found.get("/studies")["studies"]]
    paths = [
        f"/listings/{kind}/{what}"
        for kind in texts.KINDS
        for what in ("studies", "charts", "charts/workload")
    ]
    paths += [f"/studies/{uid}{part}" for uid in uids for part in ("", "/background")]
    paths += ["/devices", "/alerts", "/alert-rules", "/standard-names", "/objects"]
    told = ""
    for path in paths:
        answer = found.client.get(f"/api/v1{path}")
        assert answer.status_code == 200, (path, answer.text)
        assert answer.headers["content-type"] == "application/json", path
        assert answer.headers["x-content-type-options"] == "nosniff"
        told += json.dumps(answer.json(), ensure_ascii=False)
    assert texts.SHORT[6] in told


def test_no_mail_holds_markup_or_a_second_header(found: Found) -> None:
    telling = [one for one in found.mails.messages if texts.MARKS.search(str(one["Subject"]))]
    for message in telling:
        assert message.defects == []
        assert "\n" not in str(message["Subject"])
        body = message.get_body(("html",))
        if body is not None:
            assert texts.faults_of_page(body.get_content(), styles=True) == []
    plain = [body.get_content() for one in telling if (body := one.get_body(("plain",))) is not None]
    assert any(texts.MARKS.search(text) for text in plain)


def test_the_news_name_kinds_only(found: Found) -> None:
    assert len(found.news) == 2
    for line in found.news:
        kinds = json.loads(line.removeprefix("data:"))
        assert kinds, line
        assert all(re.fullmatch("[a-z_]+", kind) for kind in kinds)


def test_no_log_or_trace_holds_a_text_of_a_report(found: Found) -> None:
    log = found.site.log.read_text(encoding="utf-8")
    assert "started" in log
    assert texts.MARKS.search(log) is None


def test_no_script_of_a_report_runs_in_a_browser(found: Found, browser: Browser) -> None:
    context = browser.new_context(base_url=found.site.url, viewport={"width": 1280, "height": 900})
    context.add_cookies(
        [
            {"name": one.name, "value": one.value or "", "url": found.site.url}
            for one in found.client.cookies.jar
        ]
    )
    page, said = context.new_page(), list[str]()

    def dismiss(dialog: Any) -> None:
        said.append(f"{page.url}: a dialog: {dialog.message}")
        dialog.dismiss()

    def asked(request: Any) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob") and address.netloc != urlsplit(found.site.url).netloc:
            said.append(f"{page.url} asks {address.netloc}")

    page.on("dialog", dismiss)
    page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
    page.on("console", lambda line: said.append(f"{page.url}: {line.text}") if line.type == "error" else None)
    page.on("request", asked)
    for path in (*main_pages(found),):
        page.goto(path)
        assert page.locator("iframe, script:not([src]), img[src='x'], svg[onload], [onerror]").count() == 0, (
            path
        )
        if path.endswith("/charts"):
            chart = page.locator("canvas").first
            chart.wait_for()
            box = chart.bounding_box()
            assert box is not None
            for part in range(1, 12):
                page.mouse.move(box["x"] + box["width"] * part / 12, box["y"] + box["height"] * 0.7)
            assert page.locator("iframe, img[src='x'], svg[onload], [onerror]").count() == 0, path
    context.close()
    assert said == []


def main_pages(found: Found) -> Iterator[str]:
    """The pages that people open every day."""
    yield from ("/", "/alerts", "/names/ct/study", "/exports", "/tasks", "/admin/devices", "/admin/audit")
    yield f"/alerts/{found.get('/alerts')['items'][0]['id']}"
    yield f"/admin/devices/{found.get('/devices')['items'][0]['id']}"
    for kind in texts.KINDS:
        study = found.get(f"/listings/{kind}/studies")["studies"][0]["id"]
        yield from (f"/studies/{kind}", f"/studies/{kind}/{study}", f"/studies/{kind}/{study}/record")
        yield f"/studies/{kind}/charts"
