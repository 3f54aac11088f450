"""Signed-in browsers: a random cookie, of which the database keeps the hash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from dosebus.store.tables import web as tables
from dosebus.store.transaction import Transaction
from dosebus_web.auth import accounts, secret

SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Session:
    """One signed-in browser."""

    account: accounts.Account
    csrf_token: str
    token_hash: str
    seen_long_ago: bool
    """Whether the time of last use should be written again."""


def begin(tx: Transaction, account_id: int, *, hours: int, address: str | None, user_agent: str) -> str:
    """Sign in and give the cookie's value."""
    value = secret.new()
    row = {
        "token_hash": secret.digest(value),
        "account_id": account_id,
        "csrf_token": secret.new(),
        "expires_at": datetime.now(UTC) + timedelta(hours=hours),
        "address": address,
        "user_agent": user_agent[:200],
    }
    tx.execute(sa.insert(tables.session).values(row))
    tx.execute(sa.delete(tables.session).where(tables.session.c.expires_at < sa.func.now()))
    return value


def find(connection: sa.Connection, value: str, *, idle_minutes: int) -> Session | None:
    """The session of a cookie, unless it is over or its account disabled."""
    session, now = tables.session.c, datetime.now(UTC)
    statement = (
        sa.select(*accounts.COLUMNS, session.csrf_token, session.token_hash, session.last_seen_at)
        .join_from(tables.session, tables.account)
        .where(
            session.token_hash == secret.digest(value),
            session.expires_at > now,
            session.last_seen_at > now - timedelta(minutes=idle_minutes),
            tables.account.c.disabled.is_(False),
        )
    )
    row = connection.execute(statement).first()
    if row is None:
        return None
    return Session(
        accounts.from_row(tuple(row)), row.csrf_token, row.token_hash, now - row.last_seen_at > SEEN_EVERY
    )


def seen(tx: Transaction, token_hash: str) -> None:
    """Note that a session is in use."""
    where = tables.session.c.token_hash == token_hash
    tx.execute(sa.update(tables.session).where(where).values(last_seen_at=sa.func.now()))


def end(tx: Transaction, token_hash: str) -> None:
    """Sign out."""
    tx.execute(sa.delete(tables.session).where(tables.session.c.token_hash == token_hash))


def open_of(connection: sa.Connection, account_id: int, *, idle_minutes: int) -> Sequence[Any]:
    """The browsers in which an account is signed in, latest use first."""
    session, now = tables.session.c, datetime.now(UTC)
    statement = (
        sa.select(
            session.token_hash, session.created_at, session.last_seen_at, session.address, session.user_agent
        )
        .where(
            session.account_id == account_id,
            session.expires_at > now,
            session.last_seen_at > now - timedelta(minutes=idle_minutes),
        )
        .order_by(session.last_seen_at.desc())
    )
    return connection.execute(statement).all()
