"""Calls a webhook: a signed POST that a receiver can tell apart from a forged, an old and a repeated one."""

from __future__ import annotations

import hmac
import os
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from dosebus_alerts.courier import ClaimLostError, DeliveryError, RefusedError
from dosebus_alerts.settings import AlertsSettings

SECRET_NAME = re.compile(r"[a-z0-9_]{1,64}")
TRY_AGAIN = frozenset({408, 425, 429})
"""Answers below 500 that ask for another try (RFC 9110, RFC 6585, RFC 8470)."""


@dataclass(frozen=True)
class Caller:
    """How webhooks are called: with which secrets, over what, for how long."""

    secrets_folder: Path | None = None
    environment: Mapping[str, str] | None = None
    allow_http: bool = False
    ca_file: str | None = None
    timeout_s: float = 20.0

    @classmethod
    def of(cls, settings: AlertsSettings) -> Caller:
        """The caller of the settings, with the secrets of this process's environment."""
        return cls(
            secrets_folder=settings.webhook_secrets_folder,
            environment=os.environ,
            allow_http=settings.webhook_allow_http,
            ca_file=None if settings.webhook_ca_file is None else str(settings.webhook_ca_file),
            timeout_s=settings.webhook_timeout_s,
        )

    def secret(self, name: str | None) -> bytes:
        """The secret of a name: `DOSEBUS_WEBHOOK_SECRET_<NAME>`, or a file of that name in the folder of secrets.

        Raises DeliveryError where there is none: a call that cannot be signed is not made.
        """
        if name is None or not SECRET_NAME.fullmatch(name):
            raise DeliveryError("no_secret", "the webhook names no secret")
        told = (self.environment or {}).get(f"DOSEBUS_WEBHOOK_SECRET_{name.upper()}")
        if not told and self.secrets_folder is not None:
            try:
                told = (self.secrets_folder / name).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise DeliveryError("no_secret", f"secret {name}: {type(error).__name__}") from error
        if not told:
            raise DeliveryError("no_secret", f"there is no secret {name}")
        return told.encode()

    def check(self, url: str) -> None:
        """Raises RefusedError for a URL that is not called: wrong scheme, no host, or a password in it."""
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError as error:
            raise RefusedError("bad_url", "the webhook's URL cannot be read") from error
        allowed = ("https", "http") if self.allow_http else ("https",)
        if parts.scheme not in allowed:
            raise RefusedError("not_https", f"the webhook's URL is not of {' or '.join(allowed)}")
        if not parts.hostname or parts.username is not None:
            raise RefusedError("bad_url", "the webhook's URL has no host, or a user name")


@dataclass(frozen=True)
class Call:
    """One call. `key` is the same for every try, so that the receiver can leave a repeated one aside."""

    url: str
    secret: str | None
    kind: str
    key: str
    body: bytes


def signature(secret: bytes, timestamp: int, body: bytes) -> str:
    """`v1=` and the HMAC-SHA256 of `<timestamp>.<body>` in hexadecimal."""
    return "v1=" + hmac.new(secret, str(timestamp).encode() + b"." + body, sha256).hexdigest()


def call(caller: Caller, one: Call, timestamp: int, before: Callable[[], bool]) -> str:
    """Make a call; gives the answer's status. `before` is asked right before anything is sent.

    Raises RefusedError for an answer that will not change, DeliveryError for what may succeed later, and
    ClaimLostError where `before` says no. No redirect is followed and no proxy used.
    """
    caller.check(one.url)
    secret = caller.secret(one.secret)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "DoseBus",
        "Idempotency-Key": one.key,
        "DoseBus-Kind": one.kind,
        "DoseBus-Timestamp": str(timestamp),
        "DoseBus-Signature": signature(secret, timestamp, one.body),
    }
    try:
        context = ssl.create_default_context(cafile=caller.ca_file)
        with httpx.Client(
            verify=context, trust_env=False, follow_redirects=False, timeout=caller.timeout_s
        ) as client:
            if not before():
                raise ClaimLostError("another sender has taken the call over")
            with client.stream("POST", one.url, content=one.body, headers=headers) as answer:
                status = answer.status_code
    except httpx.TimeoutException as error:
        raise DeliveryError("no_answer", type(error).__name__) from error
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise DeliveryError("no_connection", type(error).__name__) from error
    if 200 <= status < 300:
        return str(status)
    if status in TRY_AGAIN or status >= 500:
        raise DeliveryError(f"http_{status}", "the receiver asks for another try")
    if 300 <= status < 400:
        raise RefusedError(f"http_{status}", "the receiver redirects, which is not followed")
    raise RefusedError(f"http_{status}", "the receiver refuses the call")
