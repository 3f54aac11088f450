"""The language of the person who asks: every sentence of a page goes through here."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from gettext import NullTranslations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from dosebus.translations import LANGUAGES, locale_of, translations

PACKAGE = "dosebus_web"
NAMES = (("en", "English"), ("de", "Deutsch"), ("es", "Español"))
"""The languages that can be chosen, each in its own words."""
THIN = "\N{NARROW NO-BREAK SPACE}"


@dataclass(frozen=True)
class Speech:
    """One language: its sentences, and how it writes numbers and dates."""

    language: str
    translations: NullTranslations
    decimal: str = "."
    group: str = THIN
    day: str = "%Y-%m-%d"


@dataclass
class Conversation:
    """The speech of one request. Threads that answer it share this object: what the gate learns, the page speaks."""

    speech: Speech


DAYS = {"en": "%Y-%m-%d", "de": "%d.%m.%Y", "es": "%d/%m/%Y"}
"""English is read on both sides of the Atlantic: only ISO 8601 means the same day to both."""
SPOKEN: ContextVar[Conversation | None] = ContextVar("spoken", default=None)
"""The request that is being answered; None where nobody reads pages, as in the API: English."""


@cache
def speech(name: str) -> Speech:
    """The speech of a locale such as `de-AT`; English where its language is not spoken here."""
    locale = locale_of(name)
    if locale.language == LANGUAGES[0]:
        return Speech(LANGUAGES[0], NullTranslations())
    symbols = locale.number_symbols["latn"]
    return Speech(
        locale.language,
        translations(PACKAGE, locale.language),
        symbols["decimal"],
        symbols["group"],
        DAYS[locale.language],
    )


def spoken() -> Speech:
    """The speech of the request that is being answered."""
    conversation = SPOKEN.get()
    return conversation.speech if conversation else speech(LANGUAGES[0])


def speak(locale: str) -> None:
    """Go on in the language that an account has chosen; an empty choice leaves it to the browser."""
    conversation = SPOKEN.get()
    if conversation and locale:
        conversation.speech = speech(locale)


def gettext(sentence: str, /, **values: object) -> str:
    """A sentence in the language of the request, with its `%(name)s` filled in."""
    told = spoken().translations.gettext(sentence) if sentence else sentence
    return told % values if values else told


def for_number(one: str, many: str, number: int) -> str:
    """The sentence for so many, with nothing filled in yet."""
    return spoken().translations.ngettext(one, many, number)


def ngettext(one: str, many: str, number: int, /, **values: object) -> str:
    """The sentence for so many; `%(n)s` is the number."""
    return for_number(one, many, number) % ({"n": number} | values)


def marked(sentence: str) -> str:
    """A sentence of a table or constant: found for translation here, translated where it is shown."""
    return sentence


def preferred(accepted: str) -> str:
    """The language of an Accept-Language header (RFC 9110, 12.5.4) that is spoken here; English for none."""
    wanted = []
    for part in accepted[:1000].split(","):
        name, _, weight = part.partition(";")
        language = name.strip().split("-")[0].lower()
        if language in LANGUAGES:
            wanted.append((_weight(weight), language))
    # `max` keeps the first of equal ones, and the order is the reader's.
    best = max(wanted, key=lambda one: one[0], default=(0.0, LANGUAGES[0]))
    return best[1] if best[0] > 0 else LANGUAGES[0]


def _weight(told: str) -> float:
    name, _, value = told.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


class Interpreter:
    """Begins each request in the language of its browser; programs of the API are answered in English."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with `SPOKEN` set. It stays set: the page of a fault is made outside of this, in the same task."""
        if scope["type"] == "http":
            accepted = Headers(scope=scope).get("accept-language", "")
            program = scope["path"].startswith("/api/") and scope["path"] != "/api/v1/docs"
            SPOKEN.set(None if program else Conversation(speech(preferred(accepted))))
        await self._app(scope, receive, send)
