"""Who calls the API: a program with a token, or a page of somebody who is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import HTTPException, Request

from dosebus.store.transaction import Transaction
from dosebus_web import web
from dosebus_web.auth import audit, throttle, tokens
from dosebus_web.auth.sessions import Session
from dosebus_web.http.address import client_address

CHALLENGE = {"www-authenticate": "Bearer"}
NEEDED = "A bearer token is needed."
USELESS = "The bearer token is unknown, expired or revoked."
LATER = "Too many wrong tokens. Try again in a few minutes."


@dataclass(frozen=True)
class Caller:
    """Who asks, and what they may."""

    username: str
    may: frozenset[str]
    address: str
    token: str | None = None
    """The name of the token; None for a page."""

    @property
    def allow_pid(self) -> bool:
        """Whether patient names and IDs are answered."""
        return "pid" in self.may

    def note(
        self, tx: Transaction, action: str, subject: str | None = None, details: dict[str, Any] | None = None
    ) -> None:
        """Write what was done into the audit log."""
        told = (details or {}) | ({"token": self.token} if self.token is not None else {})
        audit.note(tx, self.username, action, subject, address=self.address or None, details=told)


def of_page(session: Session, address: str = "") -> Caller:
    """Who is signed in at a page."""
    return Caller(session.account.username, session.account.may, address)


def by_token(request: Request, value: str) -> Caller:
    """Who holds a token. Raises HTTPException 401 for one that does not count, 429 when there were too many."""
    here = web.of(request)
    address = client_address(request, here.settings)
    with here.database.reading() as connection:
        found = tokens.find(connection, value)
    if isinstance(found, tokens.Token):
        if found.used_long_ago:
            with here.database.transaction() as tx:
                tokens.used(tx, found.id)
        return Caller(found.username, found.may, address, found.name)
    with here.database.transaction() as tx:
        tries = throttle.of_address(tx.connection, "token", address, here.settings.sign_in_lock_minutes)
        # Beyond the limit nothing is written: who floods us must not fill the log.
        flooding = tries >= here.settings.sign_in_tries_per_address
        if not flooding:
            throttle.note(tx, "token", address)
            _note_refusal(tx, found, address)
    if flooding:
        raise HTTPException(429, LATER, headers={"retry-after": str(here.settings.sign_in_lock_minutes * 60)})
    raise HTTPException(401, USELESS, headers=CHALLENGE)


def _note_refusal(tx: Transaction, found: tokens.Worthless | None, address: str) -> None:
    if found is None:
        audit.note(tx, audit.UNKNOWN, "token.refused", address=address, details={"why": "unknown"})
        return
    details = {"why": found.why, "token": found.name}
    audit.note(tx, found.username, "token.refused", str(found.id), address=address, details=details)
