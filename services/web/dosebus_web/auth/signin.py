"""Signing in: the password check, slowed down and locked where somebody guesses."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from dosebus.store.engine import Database
from dosebus.store.tables import web as tables
from dosebus.store.transaction import Transaction
from dosebus_web.auth import accounts, audit, passwords, secret, sessions, throttle
from dosebus_web.language import marked
from dosebus_web.settings import WebSettings

A = tables.account.c
SLOW_DOWN_S = 0.4
"""A wrong password is answered this much later."""


@dataclass(frozen=True)
class Attempt:
    """What came from the sign-in form, and from where."""

    username: str
    password: str
    address: str
    user_agent: str


class SignInRefusedError(Exception):
    """Why nobody was signed in; the text is for the form and tells nothing of the account."""


WRONG = marked("User name or password is wrong.")
LATER = marked("Too many attempts. Try again in a few minutes.")


def sign_in(database: Database, settings: WebSettings, attempt: Attempt, former: str = "") -> str:
    """Check the password and give a new session's cookie; the session of the cookie `former` ends.

    Raises SignInRefusedError.
    """
    with database.transaction() as tx:
        refusal = _guard(tx, settings, attempt)
        account = accounts.by_name(tx.connection, attempt.username)
        password_hash = None if account is None else _password_hash(tx, account.id)
    if refusal:
        raise SignInRefusedError(refusal)
    right = passwords.matches(attempt.password, password_hash)
    if not right or account is None or account.disabled:
        time.sleep(SLOW_DOWN_S)
        with database.transaction() as tx:
            _note_failure(tx, settings, attempt, account)
        raise SignInRefusedError(WRONG)
    with database.transaction() as tx:
        if former:
            sessions.end(tx, secret.digest(former))
        return _succeed(tx, settings, attempt, account)


def _guard(tx: Transaction, settings: WebSettings, attempt: Attempt) -> str | None:
    # Names that nobody has lock as those of accounts do, so that an outsider cannot find out which are taken.
    minutes = settings.sign_in_lock_minutes
    tries = throttle.of_address(tx.connection, "password", attempt.address, minutes)
    if tries >= settings.sign_in_tries_per_address:
        return LATER
    account = accounts.by_name(tx.connection, attempt.username)
    if account is None:
        tried = throttle.of_name(tx.connection, attempt.username, minutes)
        return LATER if tried >= settings.sign_in_tries else None
    return LATER if account.locked else None


def _password_hash(tx: Transaction, account_id: int) -> str:
    column = sa.select(A.password_hash).where(A.id == account_id)
    return str(tx.execute(column).scalar_one())


def _note_failure(
    tx: Transaction, settings: WebSettings, attempt: Attempt, account: accounts.Account | None
) -> None:
    throttle.note(tx, "password", attempt.address, attempt.username)
    if account is None:
        # The name is not written down: it may be a password that was typed into the wrong field.
        audit.note(tx, audit.UNKNOWN, "sign_in.failed", address=attempt.address)
        return
    # An earlier lock that is over begins a new count.
    failed = sa.case((A.locked_until.is_not(None), 1), else_=A.failed_sign_ins + 1)
    until = sa.func.now() + timedelta(minutes=settings.sign_in_lock_minutes)
    values = {"failed_sign_ins": failed, "locked_until": sa.case((failed >= settings.sign_in_tries, until))}
    changed = sa.update(tables.account).where(A.id == account.id).values(values).returning(A.locked_until)
    locked = tx.execute(changed).scalar()
    audit.note(tx, account.username, "sign_in.failed", address=attempt.address)
    if locked is not None:
        audit.note(tx, account.username, "sign_in.locked", address=attempt.address)


def _succeed(tx: Transaction, settings: WebSettings, attempt: Attempt, account: accounts.Account) -> str:
    values = {"failed_sign_ins": 0, "locked_until": None, "last_sign_in_at": sa.func.now()}
    tx.execute(sa.update(tables.account).where(A.id == account.id).values(values))
    audit.note(tx, account.username, "sign_in", address=attempt.address)
    return sessions.begin(
        tx,
        account.id,
        hours=settings.session_hours,
        address=attempt.address,
        user_agent=attempt.user_agent,
    )
