"""Writes the mails: subject, text and HTML from templates, without any patient data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape


@dataclass(frozen=True)
class Letter:
    """What a person reads."""

    subject: str
    text: str
    html: str


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
    """What the mail of an alert tells."""

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
    study_link: str
    alert_link: str


def make_environment() -> Environment:
    """The templates of this package; a name that is missing is an error, HTML is escaped."""
    return Environment(
        loader=PackageLoader("dosebus_alerts", "templates"),
        autoescape=select_autoescape(enabled_extensions=("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )


def compose(environment: Environment, kind: str, facts: Mapping[str, Any]) -> Letter:
    """The letter of a kind (`templates/<kind>/`) with these facts."""
    parts = {
        part: environment.get_template(f"{kind}/{part}").render(facts)
        for part in ("subject.txt", "text.txt", "body.html")
    }
    return Letter(" ".join(parts["subject.txt"].split()), parts["text.txt"], parts["body.html"])


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
    message.set_boundary(f"=_{delivery.message_id.strip('<>').partition('@')[0]}")
    return message.as_bytes()
