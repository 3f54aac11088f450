"""Signing in: the password check, slowed down and locked where somebody guesses."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from dosebus.store.engine import Database
from dosebus.store.tables import web as tables
from dosebus.store.transaction import Transaction
from dosebus_web.auth import accounts, audit, passwords, sessions
from dosebus_web.settings import WebSettings

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


WRONG = "User name or password is wrong."
LATER = "Too many attempts. Try again in a few minutes."


def sign_in(database: Database, settings: WebSettings, attempt: Attempt) -> str:
    """Check the password and give a new session's cookie. Raises SignInRefusedError."""
    with database.transaction() as tx:
        refusal = _guard(tx, settings, attempt)
        account = accounts.by_name(tx.connection, attempt.username)
        password_hash = None if account is None else _password_hash(tx, account.id)
    if refusal:
        raise SignInRefusedError(refusal)
    right = passwords.matches(attempt.password, password_hash)
    if not right or account is None:
        time.sleep(SLOW_DOWN_S)
        with database.transaction() as tx:
            _note_failure(tx, settings, attempt, account)
        raise SignInRefusedError(WRONG)
    with database.transaction() as tx:
        return _succeed(tx, settings, attempt, account)


def _guard(tx: Transaction, settings: WebSettings, attempt: Attempt) -> str | None:
    # The address is checked before the account, so that an outsider cannot find out which names are locked.
    since = datetime.now(UTC) - timedelta(minutes=settings.sign_in_lock_minutes)
    tries = tables.sign_in_attempt.c
    count = sa.select(sa.func.count()).where(tries.address == attempt.address, tries.at > since)
    if tx.execute(count).scalar_one() >= settings.sign_in_tries_per_address:
        return LATER
    account = accounts.by_name(tx.connection, attempt.username)
    if account is None:
        return None
    if account.disabled:
        return WRONG
    locked = account.locked_until is not None and account.locked_until > datetime.now(UTC)
    return LATER if locked else None


def _password_hash(tx: Transaction, account_id: int) -> str:
    column = sa.select(tables.account.c.password_hash).where(tables.account.c.id == account_id)
    return str(tx.execute(column).scalar_one())


def _note_failure(
    tx: Transaction, settings: WebSettings, attempt: Attempt, account: accounts.Account | None
) -> None:
    tx.execute(sa.insert(tables.sign_in_attempt).values(address=attempt.address))
    old = datetime.now(UTC) - timedelta(days=1)
    tx.execute(sa.delete(tables.sign_in_attempt).where(tables.sign_in_attempt.c.at < old))
    if account is None:
        return
    failed = tables.account.c.failed_sign_ins + 1
    lock = sa.case(
        (
            failed >= settings.sign_in_tries,
            sa.func.now() + timedelta(minutes=settings.sign_in_lock_minutes),
        )
    )
    where = tables.account.c.id == account.id
    tx.execute(sa.update(tables.account).where(where).values(failed_sign_ins=failed, locked_until=lock))
    audit.note(tx, account.username, "sign_in.failed", address=attempt.address)


def _succeed(tx: Transaction, settings: WebSettings, attempt: Attempt, account: accounts.Account) -> str:
    values = {"failed_sign_ins": 0, "locked_until": None, "last_sign_in_at": sa.func.now()}
    tx.execute(sa.update(tables.account).where(tables.account.c.id == account.id).values(values))
    audit.note(tx, account.username, "sign_in", address=attempt.address)
    return sessions.begin(
        tx,
        account.id,
        hours=settings.session_hours,
        address=attempt.address,
        user_agent=attempt.user_agent,
    )
