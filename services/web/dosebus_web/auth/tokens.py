"""API tokens: long random values with scopes, printed once and kept as SHA-256."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from dosebus.store.tables import web as tables
from dosebus.store.transaction import Transaction
from dosebus_web.auth import secret
from dosebus_web.auth.groups import SCOPES

PREFIX = "dosebus_"
"""Lets secret scanners and people recognise a token."""


def create(tx: Transaction, name: str, scopes: Iterable[str], *, days: int | None = None) -> str:
    """Make a token and give it; it cannot be shown again. Raises ValueError for an unknown scope."""
    wanted = sorted(set(scopes))
    unknown = [scope for scope in wanted if scope not in SCOPES]
    if unknown or not wanted:
        raise ValueError(
            f"no such scope: {', '.join(unknown) or 'none given'} (there are {', '.join(SCOPES)})"
        )
    value = PREFIX + secret.new()
    row = {
        "name": name.strip() or "token",
        "token_hash": secret.digest(value),
        "scopes": wanted,
        "expires_at": None if days is None else datetime.now(UTC) + timedelta(days=days),
    }
    tx.execute(sa.insert(tables.api_token).values(row))
    return value


def scopes_of(connection: sa.Connection, value: str) -> frozenset[str]:
    """The scopes of a token; none when it is unknown, revoked or expired."""
    token = tables.api_token.c
    statement = sa.select(token.scopes).where(
        token.token_hash == secret.digest(value),
        token.revoked_at.is_(None),
        sa.or_(token.expires_at.is_(None), token.expires_at > sa.func.now()),
    )
    return frozenset(connection.execute(statement).scalar() or ())


def revoke(tx: Transaction, token_id: int) -> None:
    """Make a token worthless."""
    where = tables.api_token.c.id == token_id
    tx.execute(sa.update(tables.api_token).where(where).values(revoked_at=sa.func.now()))
