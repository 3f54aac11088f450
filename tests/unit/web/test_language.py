"""The language of a request: chosen, kept apart from others, and written with its own signs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from threading import Barrier

import pytest
from starlette.types import Message, Receive, Scope, Send

from dosebus.catalogue.field import Field
from dosebus.catalogue.listings import LISTINGS
from dosebus_web import language
from dosebus_web.http import show
from dosebus_web.language import (
    SPOKEN,
    Conversation,
    Interpreter,
    gettext,
    ngettext,
    preferred,
    speak,
    speech,
)

AT = datetime(2026, 5, 4, 7, 8)  # noqa: DTZ001 - devices tell times without a zone


@pytest.fixture
def german() -> Iterator[None]:
    token = SPOKEN.set(Conversation(speech("de")))
    yield
    SPOKEN.reset(token)


def field(key: str) -> Field:
    return next(one.fields[key] for one in LISTINGS.values() if key in one.fields)


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr-FR, es;q=0.5, en;q=0.4", "es"),
        ("fr, it", "en"),
        ("en;q=0.3, DE;q=0.7", "de"),
        ("de;q=0, es;q=0.1", "es"),
        ("de;q=0", "en"),
        ("de;q=much", "en"),
        (";;,=,", "en"),
        ("*", "en"),
    ],
)
def test_the_browser_asks_for_a_language(header: str, chosen: str) -> None:
    assert preferred(header) == chosen


@pytest.mark.parametrize("name", ["", "xx", "zh_TW", "de_DE_extra_and_more", "../../etc", "e n"])
def test_an_unknown_locale_is_english_or_what_its_language_says(name: str) -> None:
    assert speech(name).language in ("en", "de")
    assert speech("xx").language == "en"


def test_without_a_request_english_is_spoken_and_nothing_can_change_that() -> None:
    speak("de")
    assert gettext("Save") == "Save"


@pytest.mark.usefixtures("german")
def test_an_account_s_choice_wins_and_an_empty_one_leaves_the_browser_s() -> None:
    speak("")
    assert gettext("Save") == "Speichern"
    speak("es")
    assert gettext("Save") == "Guardar"
    speak("xx")
    assert gettext("Save") == "Save"


@pytest.mark.usefixtures("german")
def test_sentences_are_filled_in_and_counted() -> None:
    assert gettext("more than %(n)s", n="10.000") == "mehr als 10.000"
    assert ngettext("%(n)s study", "%(n)s studies", 1) == "1 Untersuchung"
    assert ngettext("%(n)s study", "%(n)s studies", 2) == "2 Untersuchungen"
    assert gettext("a name of nobody's with 5 %") == "a name of nobody's with 5 %"
    assert gettext("") == ""


def test_parallel_requests_do_not_hear_each_other() -> None:
    together = Barrier(8, timeout=30)

    def answer(locale: str) -> str:
        SPOKEN.set(Conversation(speech("en")))
        speak(locale)
        together.wait()
        return gettext("Save")

    wanted = {"en": "Save", "de": "Speichern", "es": "Guardar"}
    asked = [("en", "de", "es")[number % 3] for number in range(64)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(answer, asked)) == [wanted[one] for one in asked]


@pytest.mark.parametrize(("path", "heard"), [("/studies/ct", "Speichern"), ("/api/v1/studies", "Save")])
def test_each_request_begins_in_the_language_of_its_browser_but_the_api_in_english(
    path: str, heard: str
) -> None:
    told: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        told.append(await asyncio.to_thread(gettext, "Save"))

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        raise AssertionError(message)

    scope = {"type": "http", "path": path, "headers": [(b"accept-language", b"de-CH,de;q=0.9")]}
    asyncio.run(Interpreter(app)(scope, receive, send))
    assert told == [heard]
    assert language.spoken().language == "en"


@pytest.mark.usefixtures("german")
def test_numbers_and_days_are_those_of_the_reader() -> None:
    assert show.count(1234567) == "1.234.567"
    assert show.significant(0.012345) == "0,0123"
    assert show.significant(12345.6, 6) == "12.345,6"
    assert show.size(1_234_567) == "1,2 MB"
    assert show.day(date(2026, 5, 4)) == "04.05.2026"
    assert show.instant(AT) == "04.05.2026 07:08"
    assert show.quantity(field("total_dlp_mgycm"), 12.34) == "12,3"
    assert show.quantity(field("number_of_events"), 3) == "3"
    assert show.quantity(field("study_description"), "1.5 mm") == "1.5 mm"
    assert show.quantity(field("study_at"), AT) == "04.05.2026 07:08"


def test_english_keeps_iso_days_because_two_continents_read_it() -> None:
    assert show.day(date(2026, 5, 4)) == "2026-05-04"
    assert show.significant(12345.6, 6) == "12\N{NARROW NO-BREAK SPACE}345.6"
