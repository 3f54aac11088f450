"""What a message says in the language of who reads it: sentences, numbers, dates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from gettext import NullTranslations

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from dosebus.domain.alerting import TELLABLE
from dosebus.domain.quantities import QUANTITIES
from dosebus.domain.rule_sets import RULE_SETS
from dosebus.translations import locale_of, translations

PACKAGE = "dosebus_alerts"


def marked(sentence: str) -> str:
    """A sentence of a table: found for translation here, translated where it is said."""
    return sentence


MODALITIES = {
    "CT": marked("Computed tomography"),
    "RF": marked("Fluoroscopy"),
    "MG": marked("Mammography"),
    "DX": marked("Radiography"),
    "CR": marked("Radiography"),
    "PX": marked("Radiography"),
    "NM": marked("Nuclear medicine"),
}
SEVERITIES = {
    "notice": marked("notice"),
    "warning": marked("warning"),
    "critical": marked("critical"),
}
AT_MOST = marked("at most %(value)s")
UP_TO = marked("%(value)s, at most %(bound)s")
TABLES = (
    *(quantity.label for quantity in QUANTITIES.values()),
    *TELLABLE.values(),
    *(rule.title for rule_set in RULE_SETS.values() for rule in rule_set.rules),
)
"""Words of shared tables that messages say too; the catalogues hold them beside what is marked here."""


@dataclass(frozen=True)
class Speech:
    """One language, with the customs of a region for numbers and dates."""

    language: str
    locale: Locale
    translations: NullTranslations

    def __call__(self, sentence: str) -> str:
        """A sentence in this language; what is in no catalogue stays as it is."""
        return self.translations.gettext(sentence) if sentence else sentence

    def quantity(self, key: str, value: float) -> str:
        """A value with its unit, e.g. `20.000 cGy·cm²` in German."""
        quantity = QUANTITIES[key]
        number = format_decimal(quantity.rounded(value), "#,##0.####", locale=self.locale)
        return f"{number} {quantity.unit}"

    def value(self, key: str, value: float | None, bound: float | None) -> str:
        """A value as far as it is certain, and how far it may reach where a part of it is not known."""
        if bound is None:
            return "–" if value is None else self.quantity(key, value)
        if not value:
            return self(AT_MOST) % {"value": self.quantity(key, bound)}
        parts = {"value": self.quantity(key, value), "bound": self.quantity(key, bound)}
        return self(UP_TO) % parts

    def number(self, value: float) -> str:
        """A plain number."""
        return str(format_decimal(value, "#,##0.###", locale=self.locale))

    def percent(self, share: float) -> str:
        """A share in whole percent."""
        return str(
            format_percent(share, "#,##0 %" if self.language == "de" else "#,##0%", locale=self.locale)
        )

    def day(self, day: date) -> str:
        """A date, written out enough to be unmistakable."""
        return str(format_date(day, "medium", locale=self.locale))

    @property
    def ngettext(self) -> Callable[[str, str, int], str]:
        """The sentence for so many."""
        return self.translations.ngettext


@cache
def speech(name: str) -> Speech:
    """The speech of a locale such as `de` or `es_MX`; English where its language is not spoken here."""
    locale = locale_of(name)
    return Speech(locale.language, locale, translations(PACKAGE, locale.language))
