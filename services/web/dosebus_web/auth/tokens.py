"""API tokens: long random values with scopes, shown once and kept as SHA-256.

A scope is a group. A token of a person never may more than the person at the moment; one without a person belongs to
a service and may what whoever made it gave it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from dosebus.store.tables import web as tables
from dosebus.store.transaction import Transaction
from dosebus_web.auth import secret
from dosebus_web.auth.groups import GROUPS, effective

PREFIX = "dosebus_"
"""Lets secret scanners and people recognise a token."""
FORMER_NAMES = {"read": "view"}
"""What scopes were called before they were groups; commands still take it."""
USED_EVERY = timedelta(minutes=1)
MOST_DAYS = 3650
T = tables.api_token.c


@dataclass(frozen=True)
class Token:
    """A token that counts."""

    id: int
    name: str
    username: str
    """Who the audit log names: the person, or the token of a service."""
    may: frozenset[str]
    used_long_ago: bool
    """Whether the time of last use should be written again."""


@dataclass(frozen=True)
class Worthless:
    """A token that was one of ours, and why it counts no more."""

    id: int
    name: str
    username: str
    why: str


def create(
    tx: Transaction,
    name: str,
    scopes: Iterable[str],
    *,
    days: int | None = None,
    made_by: str = "command line",
    may: Iterable[str] = GROUPS,
    account_id: int | None = None,
) -> str:
    """Make a token and give it; it cannot be shown again.

    `may` are the groups of who makes it. Raises ValueError for a scope that is unknown or beyond them, and for a name
    or number of days that cannot be.
    """
    row = {
        "name": _named(name),
        "scopes": _granted(scopes, frozenset(may)),
        "expires_at": None if days is None else datetime.now(UTC) + timedelta(days=_possible(days)),
        "created_by": made_by,
        "account_id": account_id,
    }
    value = PREFIX + secret.new()
    tx.execute(sa.insert(tables.api_token).values(token_hash=secret.digest(value), **row))
    return value


def find(connection: sa.Connection, value: str) -> Token | Worthless | None:
    """The token with this value; None where there never was one."""
    joined = tables.api_token.outerjoin(tables.account, tables.account.c.id == T.account_id)
    person = tables.account.c
    wanted = sa.select(tables.api_token, person.username, person.groups, person.disabled).select_from(joined)
    row = connection.execute(wanted.where(T.token_hash == secret.digest(value))).first()
    if row is None:
        return None
    username = row.username or f"token {row.id} {row.name}"[:80]
    why = _why_not(row)
    if why:
        return Worthless(row.id, row.name, username, why)
    may = effective(row.scopes)
    if row.account_id is not None:
        may &= effective(row.groups)
    last = row.last_used_at
    return Token(row.id, row.name, username, may, last is None or datetime.now(UTC) - last > USED_EVERY)


def used(tx: Transaction, token_id: int) -> None:
    """Note that a token is in use."""
    tx.execute(sa.update(tables.api_token).where(T.id == token_id).values(last_used_at=sa.func.now()))


def revoke(tx: Transaction, token_id: int, *, account_id: int | None = None) -> str | None:
    """Make a token worthless and give its name; None where there is none, or none of `account_id`."""
    where = [T.id == token_id, T.revoked_at.is_(None)]
    if account_id is not None:
        where.append(T.account_id == account_id)
    statement = sa.update(tables.api_token).where(*where).values(revoked_at=sa.func.now())
    return tx.execute(statement.returning(T.name)).scalar()


def issued(connection: sa.Connection, account_id: int | None = None) -> Sequence[Any]:
    """All tokens, newest first, or those of a person, with `owner`, the person's name."""
    owner = tables.account.c.username.label("owner")
    joined = tables.api_token.outerjoin(tables.account, tables.account.c.id == T.account_id)
    wanted = sa.select(tables.api_token, owner).select_from(joined).order_by(T.created_at.desc(), T.id.desc())
    if account_id is not None:
        wanted = wanted.where(T.account_id == account_id)
    return connection.execute(wanted).all()


def _why_not(row: Any) -> str:
    if row.revoked_at is not None:
        return "revoked"
    if row.expires_at is not None and row.expires_at <= datetime.now(UTC):
        return "expired"
    return "disabled" if row.disabled else ""


def _named(name: str) -> str:
    wanted = name.strip() or "token"
    if len(wanted) > 100 or not wanted.isprintable():
        raise ValueError("a token's name has at most 100 characters")
    return wanted


def _granted(scopes: Iterable[str], may: frozenset[str]) -> list[str]:
    wanted = {FORMER_NAMES.get(scope, scope) for scope in scopes}
    unknown = wanted - GROUPS.keys()
    if unknown or not wanted:
        raise ValueError(
            f"no such scope: {', '.join(sorted(unknown)) or 'none given'} (there are {', '.join(GROUPS)})"
        )
    beyond = effective(wanted) - effective(may)
    if beyond:
        raise ValueError(f"who makes a token must have its groups: {', '.join(sorted(beyond))} is missing")
    return [group for group in GROUPS if group in wanted]


def _possible(days: int) -> int:
    if not 1 <= days <= MOST_DAYS:
        raise ValueError(f"a token lasts 1 to {MOST_DAYS} days")
    return days
