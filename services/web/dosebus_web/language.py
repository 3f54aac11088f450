"""The language of the person who asks: every sentence of a page goes through here."""

from __future__ import annotations

from contextvars import ContextVar
from gettext import NullTranslations

_PLAIN = NullTranslations()
SPOKEN: ContextVar[NullTranslations] = ContextVar("spoken", default=_PLAIN)
"""The translations of the request that is being answered."""


def gettext(sentence: str, /, **values: object) -> str:
    """A sentence in the language of the request, with its `%(name)s` filled in."""
    told = SPOKEN.get().gettext(sentence)
    return told % values if values else told


def ngettext(one: str, many: str, number: int, /, **values: object) -> str:
    """The sentence for so many; `%(n)s` is the number."""
    return SPOKEN.get().ngettext(one, many, number) % ({"n": number} | values)


def marked(sentence: str) -> str:
    """A sentence of a table or constant: found for translation here, translated where it is shown."""
    return sentence
