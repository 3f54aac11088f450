"""Every page with every sentence marked as translated: what is left unmarked was forgotten."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from gettext import NullTranslations
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit
from zoneinfo import available_timezones

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from dosebus.domain.rule_sets import RULE_SETS
from dosebus_web import language
from dosebus_web.language import Speech
from tests.integration.web.conftest import Site, csrf

pytestmark = pytest.mark.services
FIRST, LAST = "\N{LEFT WHITE SQUARE BRACKET}", "\N{RIGHT WHITE SQUARE BRACKET}"
INNERMOST = re.compile(f"{FIRST}[^{FIRST}{LAST}]*{LAST}")
WORD = re.compile(r"[^\W\d_]{2,}")
SPOKEN_ATTRIBUTES = ("aria-label", "placeholder", "alt", "title")
TECHNICAL = {"code", "pre", "script", "style", "textarea"}
SCHEMAS = ("dose", "config", "web", "alerts", "export", "qr", "ingest")
CODES = re.compile(r"state|outcome|severity|_code|kind|status|action|scope|change$|groups|phase")
"""Columns whose values are words of ours and must be translated."""
NAMES = frozenset(
    """
    DoseBus API CT DX RF MG NM CR PX PT SR US MR XA CSV XLSX JSON PNG AE TLS C-ECHO C-STORE STOW-RS HTTPS URL UID UIDs
    DICOM Auto English Deutsch Español testserver testclient localhost UTC ISO RDSR kVp DLP DAP CTDIvol SSDE AGD OpenAPI
    HFS HFP HFDL HFDR FFS FFP FFDL FFDR OEC Siemens Artis Zeego ICRP Publication thorax F¹⁸ ¹⁸Fluorine
    Fluorodeoxyglucose Aluminum Copper Rhodium Tungsten Irradiation Administering
    mGy cm Gy cGy MBq mAs µAs kV mA ms min kg mm Hz deg kB MB GB cm² m² mGy·cm cGy·cm² nm Bq keV mL µGy mSv
    viewer exporter querier sizer insider boss nobody ingest extract alerts export qr web bus
    view pid importsize importqr admin
    """.split()  # noqa: SIM905 - a list of so many words is read more easily like this
)
"""Product names, units, DICOM terms, code meanings, and the names of services, groups and users of the test."""
CITED = {
    source.strip(" .").casefold()
    for one in RULE_SETS.values()
    for source in (one.source, *(rule.source for rule in one.rules))
    if source
}
ZONES = {part for zone in available_timezones() for part in re.findall(r"[^\W\d_]+", zone)}
IDENTIFIER = re.compile(r"\b\w+(?:[._]\w+)+\b|\b[0-9a-f]{6,}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4,12}){4}\b")
"""Keys, actions and digests, which are the same in every language."""
MOST_OF_A_KIND = 2
NO_PAGE = re.compile(r"^/(api|static)/|/file$|[./](csv|dcm|json)(\?|$)|/download")


class Marked(NullTranslations):
    """Translates by putting marks around each sentence."""

    def gettext(self, message: str) -> str:
        return message if message.startswith(FIRST) else f"{FIRST}{message}{LAST}"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


class Page(HTMLParser):
    """The texts and links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.links: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attrs}
        self.texts += [held[name] for name in SPOKEN_ATTRIBUTES if held.get(name)]
        if tag == "a":
            self.links.append(held.get("href", ""))
        if "data-fragment" in held:
            self.links.append(held["data-fragment"])
        if tag not in {"input", "link", "meta", "br", "img", "hr", "rect", "path", "circle", "line", "col"}:
            technical = tag in TECHNICAL or bool({"mono", "modality"} & set(held.get("class", "").split()))
            self._open.append((tag, technical))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not any(technical for _, technical in self._open):
            self.texts.append(data)


def unmarked(text: str, data: set[str]) -> Iterator[str]:
    """The words of a text that nobody translated and that are no data."""
    found = 1
    while found:
        text, found = INNERMOST.subn(" ⋮ ", text)
    if is_data(re.sub(r"\s+", " ", text), data):
        return
    for part in re.split(r"[⋮·:,;|/()…→←×\n]| – | in | \d", IDENTIFIER.sub(" ⋮ ", text)):
        told = part.strip(" .–-")
        if not is_data(told, data) and any(
            word not in NAMES and word not in ZONES and not is_data(word, data) for word in WORD.findall(told)
        ):
            yield told


def is_data(told: str, data: set[str]) -> bool:
    """Whether the database holds it, in one value or two side by side, as maker and model are."""
    words = told.strip(" .–-").casefold().split(" ")
    return any(
        " ".join(words[:place]) in data and (place == len(words) or " ".join(words[place:]) in data)
        for place in range(1, len(words) + 1)
    )


def data_of(site: Site) -> set[str]:
    """Every text that the database holds, whole, but no codes of ours."""
    found: set[str] = set()
    columns = sa.text(
        "select table_schema, table_name, column_name from information_schema.columns "
        "where table_schema = any(:schemas) and data_type = 'text'"
    )
    with site.web.database.reading() as connection:
        for schema, table, column in connection.execute(columns, {"schemas": list(SCHEMAS)}).all():
            if not CODES.search(column):
                values = sa.select(sa.text(f'distinct "{column}"')).select_from(sa.text(f"{schema}.{table}"))
                try:
                    with connection.begin_nested():
                        found.update(str(one) for one in connection.execute(values).scalars() if one)
                except sa.exc.ProgrammingError:
                    continue  # a table that web may not read is on no page
    folded = {re.sub(r"\s+", " ", one).strip(" .").casefold() for one in found}
    return folded | CITED | {part.strip() for one in folded for part in re.split(r"[\^:,;|/()]", one)}


def kind_of(address: str) -> str:
    """An address with its numbers taken out, so that a page is looked at and not each of its thousand sisters."""
    parts = urlsplit(address)
    path = re.sub(r"/(\d+|[0-9a-f-]{36}|[\d.]+)(?=/|$)", "/#", parts.path)
    return f"{path}{'?' if parts.query else ''}"


def walked(client: TestClient, starts: list[str]) -> Iterator[tuple[str, str]]:
    """Every page that links lead to, at most a few of a kind, with its text."""
    waiting, seen, kinds = list(starts), set(starts), Counter[str]()
    while waiting:
        address = waiting.pop(0)
        answer = client.get(address)
        if answer.status_code != 200 or not answer.headers["content-type"].startswith("text/html"):
            continue
        yield address, answer.text
        for link in Page(answer.text).links:
            target = urljoin(address, link.split("#")[0])
            if target.startswith("/") and target not in seen and not NO_PAGE.search(target):
                seen.add(target)
                kinds[kind_of(target)] += 1
                if kinds[kind_of(target)] <= MOST_OF_A_KIND:
                    waiting.append(target)


def test_every_page_is_translated(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    data = data_of(site)
    client = site.client("boss")
    monkeypatch.setattr(language, "speech", lambda name: Speech("en", Marked()))
    left: dict[str, str] = {}
    pages = 0
    for address, text in walked(client, ["/", "/account", "/admin", "/nowhere"]):
        pages += 1
        if address.endswith("/record") or address.startswith("/admin/audit"):
            continue  # the record itself, key by key; actions and what they were done to, as the log keeps them
        for one in Page(text).texts:
            for told in unmarked(one, data):
                left.setdefault(told, address)
    assert pages > 60
    assert not left, "\n".join(f"{told!r} on {address}" for told, address in sorted(left.items()))


def test_the_page_of_who_is_not_signed_in_is_translated(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "speech", lambda name: Speech("en", Marked()))
    client = site.client()
    wrong = client.post("/sign-in", data={"username": "nobody", "password": "wrong"}).text
    for text in (client.get("/sign-in").text, wrong):
        assert not [told for one in Page(text).texts for told in unmarked(one, set())]


def test_an_account_chooses_its_language_and_gets_it_at_once(site: Site) -> None:
    client = site.client("viewer")
    client.headers["accept-language"] = "es-MX,es;q=0.9,en;q=0.1"
    assert '<html lang="es"' in client.get("/studies/ct").text
    token = csrf(client)
    assert client.post("/account/locale", data={"locale": "de", "csrf_token": token}).status_code == 303
    page = client.get("/studies/ct").text
    assert '<html lang="de"' in page
    assert "Untersuchungsbeschreibung" in page
    assert re.search(r"\d\d\.\d\d\.20\d\d \d\d:\d\d", page)
    assert client.post("/account/locale", data={"locale": "xx", "csrf_token": token}).status_code == 422
    assert client.post("/account/locale", data={"locale": "auto", "csrf_token": token}).status_code == 303
    assert '<html lang="es"' in client.get("/account").text


def test_before_sign_in_and_on_errors_the_browser_is_asked(site: Site) -> None:
    client = site.client()
    client.headers["accept-language"] = "de"
    page = client.get("/sign-in").text
    assert '<html lang="de"' in page
    assert "Anmelden" in page
    assert "Unter dieser Adresse ist nichts." in client.get("/nowhere").text
    assert client.get("/api/v1/nowhere").json()["detail"].startswith("There is nothing at this address.")
