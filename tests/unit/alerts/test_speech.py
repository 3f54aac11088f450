"""Three languages, complete, with the numbers and dates of the reader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from importlib import resources
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from dosebus_alerts.letter import compose
from dosebus_alerts.speech import DOMAIN, LANGUAGES, TABLES, speech

PACKAGE = Path(str(resources.files("dosebus_alerts")))
METHODS = [("**.py", "python"), ("templates/**.txt", "jinja2"), ("templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "marked": None}
PLACES = re.compile(r"%\(\w+\)s")


def sentences() -> set[str | tuple[str, ...]]:
    found = extract_from_dir(PACKAGE, METHODS, options_map={"**.txt": {"trimmed": "true"}}, keywords=KEYWORDS)
    return {message for _, _, message, _, _ in found} | set(TABLES)


@pytest.fixture(params=LANGUAGES)
def catalogue(request: pytest.FixtureRequest) -> Catalog:
    path = PACKAGE / "locale" / request.param / "LC_MESSAGES" / f"{DOMAIN}.po"
    with path.open("rb") as file:
        return read_po(file, locale=request.param)


def pairs(catalogue: Catalog) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    for message in catalogue:
        if message.id:
            ids = message.id if isinstance(message.id, tuple) else (message.id,)
            told = message.string if isinstance(message.string, tuple) else (message.string,)
            yield ids, told


def test_every_sentence_is_in_every_catalogue_and_nothing_else(catalogue: Catalog) -> None:
    wanted = {one if isinstance(one, tuple) else (one,) for one in sentences()}
    assert {ids for ids, _ in pairs(catalogue)} == wanted


def test_every_sentence_is_translated_with_all_that_is_filled_in(catalogue: Catalog) -> None:
    assert not any(message.fuzzy for message in catalogue if message.id)
    for ids, told in pairs(catalogue):
        assert len(told) == len(ids)
        assert all(told), ids
        for sentence, translation in zip(ids, told, strict=True):
            assert set(PLACES.findall(sentence)) == set(PLACES.findall(translation))


@pytest.mark.parametrize(
    ("locale", "value", "share", "day"),
    [
        ("en", "21,234 cGy·cm²", "118%", "May 4, 2026"),
        ("en_GB", "21,234 cGy·cm²", "118%", "4 May 2026"),
        ("de", "21.234 cGy·cm²", "118\N{NO-BREAK SPACE}%", "04.05.2026"),
        ("es", "21.234 cGy·cm²", "118%", "4 may 2026"),
        ("xx", "21,234 cGy·cm²", "118%", "May 4, 2026"),
    ],
)
def test_numbers_and_dates_are_those_of_the_reader(locale: str, value: str, share: str, day: str) -> None:
    say = speech(locale)
    assert say.quantity("dap_gym2", 0.0212345) == value
    assert say.percent(1.18).replace(" ", "\N{NO-BREAK SPACE}") == share
    assert say.day(date(2026, 5, 4)) == day


def test_a_test_mail_speaks_the_language_of_its_reader() -> None:
    letters = {
        locale: compose(locale, "test", {"public_url": "https://dose.example"}) for locale in LANGUAGES
    }
    assert letters["de"].subject == "DoseBus-Testnachricht"
    assert letters["es"].subject == "Mensaje de prueba de DoseBus"
    assert '<html lang="de">' in letters["de"].html
    assert len({letter.text for letter in letters.values()}) == 3
