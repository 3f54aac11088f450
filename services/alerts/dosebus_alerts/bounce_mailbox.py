"""The mailbox in which bounces are looked for, by IMAP. What is no delivery report is neither read nor marked."""

from __future__ import annotations

import contextlib
import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from typing import Any

from dosebus_alerts.bounce_report import is_report
from dosebus_alerts.settings import AlertsSettings

LOOKBACK = timedelta(days=14)
"""How far a mailbox that is read for the first time is looked through."""
LARGEST = 4 * 1024 * 1024
"""How much of a report is fetched; what it says stands before the message that it returns."""
ARRIVED = re.compile(rb'INTERNALDATE "([^"]+)"')


class MailboxError(Exception):
    """The mailbox cannot be read. `reason_code` says why."""

    def __init__(self, reason_code: str, text: str) -> None:
        super().__init__(f"{reason_code}: {text}")
        self.reason_code = reason_code


@dataclass(frozen=True)
class Account:
    """How to reach a mailbox."""

    host: str
    port: int
    security: str
    username: str
    password: str
    folder: str = "INBOX"
    ca_file: str | None = None
    timeout_s: float = 30.0

    @property
    def name(self) -> str:
        """What tells it from other mailboxes; without the password."""
        return f"{self.username}@{self.host}/{self.folder}"

    @classmethod
    def of(cls, settings: AlertsSettings) -> Account | None:
        """The mailbox of the settings; None where no host is set."""
        if settings.bounce_imap_host is None:
            return None
        password = settings.bounce_imap_password
        return cls(
            host=settings.bounce_imap_host,
            port=settings.bounce_imap_port,
            security=settings.bounce_imap_security,
            username=settings.bounce_imap_username or "",
            password="" if password is None else password.get_secret_value(),
            folder=settings.bounce_imap_folder,
            ca_file=None if settings.bounce_imap_ca_file is None else str(settings.bounce_imap_ca_file),
            timeout_s=settings.bounce_imap_timeout_s,
        )


@dataclass(frozen=True)
class Mailbox:
    """An open folder. Every call raises MailboxError when the server fails."""

    imap: imaplib.IMAP4
    uid_validity: int

    def since(self, last_uid: int) -> list[int]:
        """The numbers of the messages after one, in their order; at the first look those of the last two weeks."""
        asked = ["UID", f"{last_uid + 1}:*"]
        if last_uid == 0:
            day = datetime.now(UTC) - LOOKBACK
            asked += ["SINCE", imaplib.Time2Internaldate(day)[1:12].strip()]
        found = self._ask("SEARCH", *asked)
        # A range to the end always holds the last message, even if that was seen before.
        return sorted(uid for uid in map(int, b" ".join(filter(None, found)).split()) if uid > last_uid)

    def report(self, uid: int) -> tuple[datetime, bytes] | None:
        """A delivery report with the moment when it arrived; None for every other message."""
        head = self._ask("FETCH", str(uid), "(INTERNALDATE BODY.PEEK[HEADER.FIELDS (CONTENT-TYPE)])")
        content_type = message_from_bytes(_content(head)).get("Content-Type", "")
        if not is_report(" ".join(str(content_type).split())):
            return None
        body = self._ask("FETCH", str(uid), f"(INTERNALDATE BODY.PEEK[]<0.{LARGEST}>)")
        return _arrived(body), _content(body)

    def mark_seen(self, uid: int) -> None:
        """Flag a message as seen."""
        self._ask("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)")

    def _ask(self, command: str, *arguments: str) -> list[Any]:
        with _told_plainly():
            answer, data = self.imap.uid(command, *arguments)
        if answer != "OK":
            raise MailboxError("refused", f"{command} was answered {answer}")
        return data


@contextmanager
def opened(account: Account) -> Iterator[Mailbox]:
    """The folder of an account, for the length of a block. Raises MailboxError."""
    imap = _connected(account)
    try:
        with _told_plainly("login_refused"):
            imap.login(account.username, account.password)
        with _told_plainly("no_such_folder"):
            quoted = account.folder.replace("\\", "\\\\").replace('"', '\\"')
            answer, _ = imap.select(f'"{quoted}"')
        if answer != "OK":
            raise MailboxError("no_such_folder", f"SELECT was answered {answer}")
        _, validity = imap.response("UIDVALIDITY")
        yield Mailbox(imap, int(validity[0]) if validity and validity[0] else 0)
    finally:
        # The folder is left without CLOSE, which would delete for good what others have marked.
        with contextlib.suppress(imaplib.IMAP4.error, OSError):
            imap.logout()


def _connected(account: Account) -> imaplib.IMAP4:
    context = ssl.create_default_context(cafile=account.ca_file)
    with _told_plainly("no_connection"):
        if account.security == "tls":
            return imaplib.IMAP4_SSL(
                account.host, account.port, ssl_context=context, timeout=account.timeout_s
            )
        imap = imaplib.IMAP4(account.host, account.port, timeout=account.timeout_s)
    if account.security == "starttls":
        try:
            _encrypt(imap, context)
        except MailboxError:
            imap.shutdown()
            raise
    return imap


def _encrypt(imap: imaplib.IMAP4, context: ssl.SSLContext) -> None:
    if "STARTTLS" not in imap.capabilities:
        raise MailboxError("no_tls", "the server does not offer STARTTLS")
    with _told_plainly("no_tls"):
        imap.starttls(context)


@contextmanager
def _told_plainly(reason_code: str = "protocol_error") -> Iterator[None]:
    try:
        yield
    except ssl.SSLError as error:
        raise MailboxError("tls_failed", str(error.reason or error)) from error
    except imaplib.IMAP4.abort as error:
        raise MailboxError("connection_lost", type(error).__name__) from error
    except imaplib.IMAP4.error as error:
        raise MailboxError(reason_code, type(error).__name__) from error
    except OSError as error:
        raise MailboxError("no_connection", type(error).__name__) from error


def _content(data: list[Any]) -> bytes:
    """The literal of an answer; empty where the message is gone."""
    return next((part[1] for part in data if isinstance(part, tuple)), b"")


def _arrived(data: list[Any]) -> datetime:
    """When the server took the message; now, where it does not say."""
    heads = (part[0] if isinstance(part, tuple) else part for part in data if part is not None)
    told = next((found for head in heads if (found := ARRIVED.search(head))), None)
    if told is None:
        return datetime.now(UTC)
    return parsedate_to_datetime(told[1].decode("ascii").strip().replace("-", " ", 2)).astimezone(UTC)
