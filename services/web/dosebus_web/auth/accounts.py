"""The people who may sign in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from dosebus.store.tables import web as tables
from dosebus.store.transaction import Transaction
from dosebus_web.auth import passwords
from dosebus_web.auth.groups import checked, effective


@dataclass(frozen=True)
class Account:
    """One person's account."""

    id: int
    username: str
    display_name: str
    email: str | None
    groups: tuple[str, ...]
    locale: str
    theme: str
    disabled: bool
    must_change_password: bool
    locked_until: datetime | None
    created_at: datetime
    last_sign_in_at: datetime | None
    oidc_issuer: str | None

    @property
    def locked(self) -> bool:
        """Whether wrong passwords keep it locked at this moment."""
        return self.locked_until is not None and self.locked_until > datetime.now(UTC)

    @property
    def by_provider(self) -> bool:
        """Whether the person signs in at an identity provider, and has no password here."""
        return self.oidc_issuer is not None

    @property
    def may(self) -> frozenset[str]:
        """Every group that applies, the implied ones included."""
        return effective(self.groups)


COLUMNS = tuple(tables.account.c[name] for name in Account.__dataclass_fields__)


def from_row(row: Sequence[Any]) -> Account:
    """The account of a row that starts with `COLUMNS`."""
    values = dict(zip(Account.__dataclass_fields__, row, strict=False))
    return Account(**(values | {"groups": tuple(values["groups"])}))


def everyone(connection: sa.Connection) -> Sequence[Account]:
    """All accounts by name."""
    return [from_row(tuple(row)) for row in connection.execute(sa.select(*COLUMNS).order_by("username"))]


def by_id(connection: sa.Connection, account_id: int) -> Account | None:
    """One account."""
    row = connection.execute(sa.select(*COLUMNS).where(tables.account.c.id == account_id)).first()
    return None if row is None else from_row(tuple(row))


def by_name(connection: sa.Connection, username: str) -> Account | None:
    """One account by its sign-in name, whatever its case."""
    found = sa.select(*COLUMNS).where(tables.account.c.username == username.strip().lower())
    row = connection.execute(found).first()
    return None if row is None else from_row(tuple(row))


def add(
    tx: Transaction,
    username: str,
    password: str,
    *,
    groups: Iterable[str],
    display_name: str = "",
    email: str | None = None,
    must_change_password: bool = False,
) -> int:
    """Add an account and give its id. Raises ValueError for a bad name, password or group, or a taken name."""
    name = username.strip().lower()
    if not name or len(name) > 80 or not name.isprintable() or any(sign.isspace() for sign in name):
        raise ValueError("a user name has 1 to 80 characters and no spaces")
    if by_name(tx.connection, name) is not None:
        raise ValueError(f"there is a user {name} already")
    values = {
        "username": name,
        "display_name": display_name.strip() or name,
        "email": (email or "").strip() or None,
        "password_hash": passwords.hashed(password, name),
        "groups": list(checked(groups)),
        "locale": "",  # as the browser says, until somebody chooses
        "must_change_password": must_change_password,
    }
    statement = sa.insert(tables.account).values(values).returning(tables.account.c.id)
    return int(tx.execute(statement).scalar_one())


def change(
    tx: Transaction,
    account_id: int,
    *,
    display_name: str,
    email: str | None,
    groups: Iterable[str],
    disabled: bool,
) -> None:
    """Change an account. Raises ValueError when nobody would be left to administer."""
    keeps_admin = "admin" in (wanted := checked(groups)) and not disabled
    if not keeps_admin and not _others_administer(tx.connection, account_id):
        raise ValueError("this is the only administrator: make another one first")
    values = {
        "display_name": display_name.strip() or tables.account.c.username,
        "email": (email or "").strip() or None,
        "groups": list(wanted),
        "disabled": disabled,
    }
    tx.execute(sa.update(tables.account).where(tables.account.c.id == account_id).values(values))
    if disabled:
        end_sessions(tx, account_id)


def set_password(tx: Transaction, account_id: int, password: str, *, must_change: bool) -> None:
    """Set a password, unlock the account and end all its sessions.

    Raises ValueError for a bad password, and for somebody who signs in at an identity provider.
    """
    person = by_id(tx.connection, account_id)
    if person is None or person.by_provider:
        raise ValueError("this account has no password: the person signs in with the hospital's account")
    values = {
        "password_hash": passwords.hashed(password, person.username),
        "must_change_password": must_change,
        "failed_sign_ins": 0,
        "locked_until": None,
    }
    tx.execute(sa.update(tables.account).where(tables.account.c.id == account_id).values(values))
    end_sessions(tx, account_id)


def unlock(tx: Transaction, account_id: int) -> None:
    """Let somebody try again who was locked out by wrong passwords."""
    values = {"failed_sign_ins": 0, "locked_until": None}
    tx.execute(sa.update(tables.account).where(tables.account.c.id == account_id).values(values))


def set_preference(tx: Transaction, account_id: int, **values: str) -> None:
    """Set `theme` or `locale`."""
    tx.execute(sa.update(tables.account).where(tables.account.c.id == account_id).values(**values))


def end_sessions(tx: Transaction, account_id: int) -> None:
    """Sign an account out everywhere."""
    tx.execute(sa.delete(tables.session).where(tables.session.c.account_id == account_id))


def _others_administer(connection: sa.Connection, account_id: int) -> bool:
    account = tables.account.c
    others = sa.exists().where(
        account.id != account_id, account.groups.contains(["admin"]), account.disabled.is_(False)
    )
    return bool(connection.execute(sa.select(others)).scalar())
