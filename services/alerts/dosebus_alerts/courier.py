"""Carries one message to the SMTP server, and tells apart what can be tried again from what cannot."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parseaddr

from dosebus_alerts.settings import AlertsSettings

END_OF_DATA = b".\r\n"


class DeliveryError(Exception):
    """The server has not taken the message, and that is certain. Another try may succeed."""

    def __init__(self, reason_code: str, text: str) -> None:
        super().__init__(f"{reason_code}: {text}")
        self.reason_code = reason_code
        self.text = text


class RefusedError(DeliveryError):
    """The server refused the message for good (a 5xx answer)."""


class ClaimLostError(Exception):
    """Somebody else has the mail now; nothing was handed over."""


class InDoubtError(Exception):
    """The connection broke between the end of the message and the answer: the server may have taken it."""


@dataclass(frozen=True)
class Server:
    """How to reach a mail server."""

    host: str
    port: int
    security: str = "starttls"
    username: str | None = None
    password: str | None = None
    ca_file: str | None = None
    hello_name: str | None = None
    command_timeout_s: float = 30.0
    acceptance_timeout_s: float = 600.0

    @classmethod
    def of(cls, settings: AlertsSettings) -> Server | None:
        """The server of the settings; None where no host is set."""
        if settings.smtp_host is None:
            return None
        password = settings.smtp_password
        return cls(
            host=settings.smtp_host,
            port=settings.smtp_port,
            security=settings.smtp_security,
            username=settings.smtp_username,
            password=None if password is None else password.get_secret_value(),
            ca_file=None if settings.smtp_ca_file is None else str(settings.smtp_ca_file),
            hello_name=settings.smtp_hello_name,
            command_timeout_s=settings.smtp_command_timeout_s,
            acceptance_timeout_s=settings.smtp_acceptance_timeout_s,
        )


def carry(
    server: Server, sender: str, address: str, message: bytes, before_last_line: Callable[[], bool]
) -> str:
    """Deliver a message; gives the server's answer.

    `before_last_line` is called when the whole message but its last line is with the server; only if it
    answers True does that line go out, and with it the responsibility. Raises RefusedError, ClaimLostError,
    DeliveryError, InDoubtError.
    """
    try:
        smtp = _connected(server)
    except smtplib.SMTPNotSupportedError as error:
        raise DeliveryError("no_tls", str(error)) from error
    except smtplib.SMTPAuthenticationError as error:
        raise DeliveryError("login_refused", f"{error.smtp_code} {_text(error.smtp_error)}") from error
    except ssl.SSLError as error:
        raise DeliveryError("tls_failed", str(error.reason or error)) from error
    except smtplib.SMTPResponseException as error:
        raise DeliveryError(f"smtp_{error.smtp_code}", _text(error.smtp_error)) from error
    except (OSError, smtplib.SMTPException) as error:
        raise DeliveryError("no_connection", _described(error)) from error
    with contextlib.closing(smtp):
        _open_message(smtp, parseaddr(sender)[1], address)
        _send_body(smtp, message)
        if not before_last_line():
            raise ClaimLostError("another sender has taken the mail over")
        return _hand_over(smtp, server.acceptance_timeout_s)


def _connected(server: Server) -> smtplib.SMTP:
    context = ssl.create_default_context(cafile=server.ca_file)
    if server.security == "tls":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host,
            server.port,
            server.hello_name,
            timeout=server.command_timeout_s,
            context=context,
        )
    else:
        smtp = smtplib.SMTP(server.host, server.port, server.hello_name, server.command_timeout_s)
    try:
        if server.security == "starttls":
            smtp.starttls(context=context)
        if server.username is not None:
            smtp.login(server.username, server.password or "")
        smtp.ehlo_or_helo_if_needed()
    except BaseException:
        smtp.close()
        raise
    return smtp


def _open_message(smtp: smtplib.SMTP, sender: str, address: str) -> None:
    steps: tuple[tuple[str, Callable[[], tuple[int, bytes]], range], ...] = (
        ("sender", lambda: smtp.mail(sender), range(200, 300)),
        ("recipient", lambda: smtp.rcpt(address), range(200, 300)),
        ("message", lambda: smtp.docmd("DATA"), range(300, 400)),
    )
    for what, step, good in steps:
        try:
            code, answer = step()
        except (OSError, smtplib.SMTPException) as error:
            raise DeliveryError("connection_lost", _described(error)) from error
        if code not in good:
            _refuse(what, code, answer)


def _send_body(smtp: smtplib.SMTP, message: bytes) -> None:
    """Everything but the line with the lone dot, then look whether the server still listens."""
    body = message if message.endswith(b"\r\n") else message + b"\r\n"
    stuffed = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in body.split(b"\r\n"))
    try:
        smtp.send(stuffed)
        _check_alive(smtp)
    except (OSError, smtplib.SMTPException) as error:
        raise DeliveryError("connection_lost", _described(error)) from error


def _check_alive(smtp: smtplib.SMTP) -> None:
    """Raise when the server hung up or answered before its turn (a 421, say): so early nothing is taken."""
    sock = smtp.sock
    if sock is None:
        raise smtplib.SMTPServerDisconnected("not connected")
    sock.settimeout(0.0)
    try:
        early = sock.recv(512)
    except (BlockingIOError, ssl.SSLWantReadError):
        return
    finally:
        sock.settimeout(smtp.timeout)
    raise smtplib.SMTPServerDisconnected(f"hung up: {_text(early)}" if early else "hung up")


def _hand_over(smtp: smtplib.SMTP, timeout_s: float) -> str:
    if smtp.sock is not None:
        smtp.sock.settimeout(timeout_s)
    try:
        smtp.send(END_OF_DATA)
        code, answer = smtp.getreply()
    except (OSError, smtplib.SMTPException) as error:
        raise InDoubtError(_described(error)) from error
    if not 200 <= code < 300:
        _refuse("message", code, answer)
    with contextlib.suppress(OSError, smtplib.SMTPException):
        smtp.quit()
    return f"{code} {_text(answer)}"


def _refuse(what: str, code: int, answer: bytes) -> None:
    kind = RefusedError if 500 <= code < 600 else DeliveryError
    raise kind(f"{what}_refused_{code}" if code > 0 else "connection_lost", _text(answer))


def _text(answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return " ".join(text.split())[:300]


def _described(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
