"""Writes the mails: subject, text and HTML from templates, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from dosebus_alerts.speech import Speech, speech


@dataclass(frozen=True)
class Letter:
    """What a person reads. `pictures` are PNG by the name under which the HTML shows them (`cid:`)."""

    subject: str
    text: str
    html: str
    language: str = "en"
    pictures: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Delivery:
    """Where a letter goes, and what identifies it."""

    sender: str
    address: str
    message_id: str
    written_at: datetime
    kind: str
    alert_id: str | None = None


@dataclass(frozen=True)
class SumRow:
    """A line of the table of doses; values are written out with their units."""

    quantity: str
    study: str
    weeks: int | None
    total: str
    number_of_studies: int
    level: str
    passed: bool


@dataclass(frozen=True)
class AlertFacts:
    """What the mail of an alert tells. `told` is what the site's policy lets it tell beyond, by label."""

    title: str
    severity: str
    quantity: str
    value: str
    level: str
    share: str
    scope: str
    weeks: int | None
    number_of_studies: int
    modality: str
    device: str | None
    sums: Sequence[SumRow]
    told: Sequence[tuple[str, str]]
    study_link: str
    alert_link: str
    at_most: bool = False
    """Whether the value is only a bound, so that the level cannot be excluded."""
    trend_weeks: int | None = None
    """Over how many weeks the picture of the trend reaches; None where there is none."""
    trend_doubts: bool = False
    """Whether the picture has bounds in it."""


def make_environment(spoken: Speech) -> Environment:
    """The templates of this package in a language; a name that is missing is an error, HTML is escaped."""
    environment = Environment(
        loader=PackageLoader("dosebus_alerts", "templates"),
        autoescape=select_autoescape(enabled_extensions=("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(spoken.translations, newstyle=True)  # type: ignore[attr-defined]
    environment.globals["language"] = spoken.language
    return environment


@cache
def _environment(locale: str) -> Environment:
    return make_environment(speech(locale))


def compose(locale: str, kind: str, facts: Mapping[str, Any], picture: bytes | None = None) -> Letter:
    """The letter of a kind (`templates/<kind>/`) with these facts, and the trend as its picture."""
    environment = _environment(locale)
    parts = {
        part: environment.get_template(f"{kind}/{part}").render(facts)
        for part in ("subject.txt", "text.txt", "body.html")
    }
    return Letter(
        subject=" ".join(parts["subject.txt"].split()),
        text=parts["text.txt"],
        html=parts["body.html"],
        language=speech(locale).language,
        pictures={} if picture is None else {"trend": picture},
    )


def sealed(letter: Letter, delivery: Delivery) -> bytes:
    """The message as it goes over the wire: CRLF, and lines no longer than SMTP allows.

    The same letter and delivery give the same bytes, so that a repeated attempt sends the same message.
    """
    message = EmailMessage(policy=SMTP.clone(max_line_length=900))
    message["From"] = delivery.sender
    message["To"] = delivery.address
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(delivery.written_at)
    message["Message-ID"] = delivery.message_id
    message["Auto-Submitted"] = "auto-generated"
    message["X-DoseBus-Kind"] = delivery.kind
    if delivery.alert_id is not None:
        message["X-DoseBus-Alert"] = delivery.alert_id
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    # After the contents, which take headers that begin so with them into their part.
    message["Content-Language"] = letter.language
    for name, picture in letter.pictures.items():
        page = message.get_payload(1)
        page.add_related(  # type: ignore[union-attr]
            picture, "image", "png", cid=f"<{name}>", filename=f"{name}.png", disposition="inline"
        )
    identity = delivery.message_id.strip("<>").partition("@")[0]
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{number}_{identity}")
    return message.as_bytes()
