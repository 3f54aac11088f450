"""Three languages, complete, with the numbers and dates of the reader."""

from __future__ import annotations

from datetime import date

import pytest

from dosebus.translations import LANGUAGES
from dosebus_alerts.letter import compose
from dosebus_alerts.speech import speech


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
