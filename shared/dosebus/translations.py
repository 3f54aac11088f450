"""Catalogues of translations: read from the .po files as they are shipped, in the language that a person reads."""

from __future__ import annotations

from functools import cache
from gettext import NullTranslations
from importlib import resources
from io import BytesIO

from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

LANGUAGES = ("en", "de", "es")
"""The first is that of the sentences in the code: it needs no catalogue."""
PLACE = "locale/{language}/LC_MESSAGES/{package}.po"
"""Where the catalogue of a package lies inside it."""


def locale_of(name: str) -> Locale:
    """The locale such as `de` or `es_MX`; English where its language is not spoken here."""
    try:
        locale = Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        return Locale("en")
    return locale if locale.language in LANGUAGES else Locale("en")


@cache
def translations(package: str, language: str) -> NullTranslations:
    """The catalogue of a package, made ready in memory so that no compiled file can be out of date."""
    if language == LANGUAGES[0]:
        return NullTranslations()
    path = resources.files(package).joinpath(PLACE.format(language=language, package=package))
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled, domain=package)
