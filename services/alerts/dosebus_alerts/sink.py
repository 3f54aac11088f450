"""A mail server of our own that keeps what it gets, for demonstrations and trials. It sends nothing on."""

from __future__ import annotations

import os
import re
import socket
from email.header import decode_header, make_header
from email.message import Message as AnyMessage
from pathlib import Path

import structlog
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from aiosmtpd.smtp import SMTP

LINK = re.compile(r"https?://\S+")
READY_SECONDS = 60.0


def file_of(folder: Path, message_id: str) -> Path:
    """Where a message lies."""
    name = re.sub(r"[^0-9A-Za-z-]", "_", message_id.strip("<> ").partition("@")[0])
    return folder / f"{name}.eml"


class Keeper(Message):
    """Keeps every message as a file, complete or not at all, and logs it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._log = structlog.get_logger("dosebus.alerts.sink")

    def handle_message(self, message: AnyMessage) -> None:
        """Write the message and make it durable; the server answers 250 only then."""
        target = file_of(self._folder, str(message["Message-ID"]))
        draft = target.with_suffix(".part")
        with draft.open("wb") as file:
            file.write(message.as_bytes())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
        subject = subject_of(message)
        self._log.info(
            f"mail to {message['To']}: {subject}",
            to=str(message["To"]),
            subject=subject,
            link=first_link(message),
            file=str(target),
        )


def subject_of(message: AnyMessage) -> str:
    """The subject as people read it; on the way, letters beyond ASCII are encoded (RFC 2047)."""
    return str(make_header(decode_header(str(message["Subject"]))))


def first_link(message: AnyMessage) -> str | None:
    """The first link in the text part."""
    for part in message.walk():
        if part.get_content_type() == "text/plain":
            payload = part.get_payload(decode=True)
            text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
            found = LINK.search(text)
            return found.group(0) if found else None
    return None


class LoopbackController(Controller):
    """aiosmtpd's server thread, on loopback at a port of the system's choice."""

    def factory(self) -> SMTP:
        """A protocol for each connection; the name in its greeting needs no look-up."""
        return SMTP(self.handler, hostname="dosebus-sink", enable_SMTPUTF8=True, ident="DoseBus sink")


def free_port() -> int:
    """A port that nobody listens on now; aiosmtpd must know its port before it listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Sink:
    """The sink while it runs on 127.0.0.1; `close` stops it. Port 0 means any that is free."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self._controller = LoopbackController(
            Keeper(folder), hostname="127.0.0.1", port=self.port, ready_timeout=READY_SECONDS
        )
        self._controller.start()

    def has(self, message_id: str) -> bool:
        """Whether the message arrived."""
        return file_of(self.folder, message_id).exists()

    def close(self) -> None:
        """Stop listening."""
        self._controller.stop()
