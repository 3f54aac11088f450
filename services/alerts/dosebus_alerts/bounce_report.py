"""Reads delivery reports (RFC 3464): which message came back, from whom, and why. Pure functions over bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, message_from_string
from email.message import Message

STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
ORIGINAL_TYPES = ("message/rfc822", "message/global")
HEADER_TYPES = ("text/rfc822-headers", "message/rfc822-headers", "message/global-headers")
NAMING = ("Original-Message-ID", "X-Original-Message-ID", "In-Reply-To", "References")
"""Where a report may name the message that it is about, beside the message itself."""
MOST_IDS = 20
MOST_WORDS = 160
IDENTITY = re.compile(r"<[^<>\s@]+@[^<>\s@]+>")
STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
REPLY = re.compile(r"(?<![\d.])([45]\d\d)(?![\d.])")
UNTOLD = (
    re.compile(r"<[^>]*>?"),
    re.compile(r"[\"“][^\"”]*[\"”]?|'[^']{2,}'?"),
    re.compile(r"\S+@\S+"),
    re.compile(r"\b\w+://\S+"),
    re.compile(r"\S*\d{5,}\S*"),
    re.compile(r"\bsubject\b.*", re.IGNORECASE),
)
"""What may name a person in the words of a server: addresses, what it quotes, links, long numbers, the subject."""


@dataclass(frozen=True)
class Failure:
    """A recipient who did not get the message. `status` is that of RFC 3463, `addresses` are in small letters."""

    status: str
    diagnostic: str
    addresses: frozenset[str]


@dataclass(frozen=True)
class BounceReport:
    """What a report says. Without failures it tells of a delay, or that all went well."""

    message_ids: frozenset[str]
    failures: tuple[Failure, ...]
    addresses: frozenset[str]
    """Every recipient that it names."""


def is_report(content_type: str) -> bool:
    """Whether a message with this Content-Type is a delivery report."""
    header = message_from_string(f"Content-Type: {content_type.strip()}\n\n")
    kind = str(header.get_param("report-type") or "delivery-status").lower()
    return header.get_content_type() == "multipart/report" and kind == "delivery-status"


def read_report(data: bytes) -> BounceReport | None:
    """The report in a message; None where it is none, or names no recipient."""
    message = message_from_bytes(data)
    if message.get_content_type() != "multipart/report" or not message.is_multipart():
        return None
    parts = [part for part in message.get_payload() if isinstance(part, Message)]
    groups = [group for part in parts for group in _groups(part)]
    recipients = [group for group in groups if "Final-Recipient" in group or "Original-Recipient" in group]
    if not recipients:
        return None
    return BounceReport(
        message_ids=_identities(message, groups, parts),
        failures=tuple(_failure(one) for one in recipients if _field(one, "Action").lower() == "failed"),
        addresses=frozenset(address for one in recipients for address in _addresses(one)),
    )


def told(failure: Failure, *, with_words: bool) -> str:
    """What is kept of a server's answer: its codes, and its words without what could name a person."""
    reply = REPLY.search(failure.diagnostic)
    code = reply[1] if reply else ""
    if not with_words:
        return code
    words = failure.diagnostic.partition(";")[2] or failure.diagnostic
    for pattern in UNTOLD:
        words = pattern.sub(" … ", words)
    return " ".join(words.split())[:MOST_WORDS]


def _groups(part: Message) -> Iterator[Message]:
    """The groups of fields of a report's machine-readable part: one about the message, then one a recipient."""
    if part.get_content_type() not in STATUS_TYPES:
        return
    payload = part.get_payload()
    found = [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []
    if len(found) > 1:
        yield from found
        return
    text = found[0].as_string() if found else _text(part)
    for block in re.split(r"\r?\n[ \t]*\r?\n", text):
        yield message_from_string(block.strip("\r\n") + "\n\n")


def _identities(message: Message, groups: list[Message], parts: list[Message]) -> frozenset[str]:
    """The ids of the message that came back; those that the report only hints at where it does not hold it."""
    held = [one for part in parts for one in _originals(part)]
    names = [str(value) for one in held for value in one.get_all("Message-ID", [])]
    if not names:
        names = [str(value) for one in (message, *groups) for key in NAMING for value in one.get_all(key, [])]
    return frozenset(IDENTITY.findall(" ".join(names))[:MOST_IDS])


def _originals(part: Message) -> Iterator[Message]:
    if part.get_content_type() in HEADER_TYPES:
        yield message_from_string(_text(part).lstrip("\r\n"))
    elif part.get_content_type() in ORIGINAL_TYPES:
        payload = part.get_payload()
        yield from (one for one in payload if isinstance(one, Message)) if isinstance(payload, list) else ()


def _failure(group: Message) -> Failure:
    diagnostic = _field(group, "Diagnostic-Code")
    named, inside = STATUS.search(_field(group, "Status")), STATUS.search(diagnostic)
    status = named[1] if named else ""
    if inside and (not status or status.endswith(".0.0")):
        # Some servers say only that it failed, and leave the why to the words.
        status = inside[1]
    return Failure(status or "5.0.0", diagnostic, _addresses(group))


def _addresses(group: Message) -> frozenset[str]:
    """The recipient's addresses, as it was sent to and as it came to be."""
    found = (_field(group, name).rpartition(";")[2] for name in ("Original-Recipient", "Final-Recipient"))
    return frozenset(one.strip(" <>").lower() for one in found if "@" in one)


def _field(group: Message, name: str) -> str:
    return " ".join(str(group.get(name, "")).split())


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else str(part.get_payload())
