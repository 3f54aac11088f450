"""Slowing those who guess: what failed lately, by the address it came from and by the name that was typed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

import sqlalchemy as sa

from dosebus.store.tables.web import sign_in_attempt
from dosebus.store.transaction import Transaction
from dosebus_web.auth import secret

Kind = Literal["password", "oidc", "oidc-begun", "token"]
KEPT = timedelta(days=1)
DIGITS = 8
"""So little is kept of a typed name that a password typed in its place cannot be made out from it."""
T = sign_in_attempt.c


def digest_of(name: str) -> str:
    """What is kept of a name that was typed."""
    return secret.digest(name.strip().lower())[:DIGITS]


def note(tx: Transaction, kind: Kind, address: str, name: str | None = None) -> None:
    """Count one attempt, and forget those of yesterday."""
    row = {"kind": kind, "address": address, "name_digest": None if name is None else digest_of(name)}
    tx.execute(sa.insert(sign_in_attempt).values(row))
    tx.execute(sa.delete(sign_in_attempt).where(T.at < datetime.now(UTC) - KEPT))


def of_address(connection: sa.Connection, kind: Kind, address: str, minutes: int) -> int:
    """How many attempts of a kind came from an address within so many minutes."""
    return _count(connection, minutes, T.address == address, T.kind == kind)


def of_name(connection: sa.Connection, name: str, minutes: int) -> int:
    """How many wrong passwords came for a name within so many minutes, whether somebody has it or not."""
    return _count(connection, minutes, T.name_digest == digest_of(name), T.kind == "password")


def _count(connection: sa.Connection, minutes: int, *where: sa.ColumnElement[bool]) -> int:
    since = datetime.now(UTC) - timedelta(minutes=minutes)
    wanted = sa.select(sa.func.count()).select_from(sign_in_attempt).where(T.at > since, *where)
    return int(connection.execute(wanted).scalar_one())
