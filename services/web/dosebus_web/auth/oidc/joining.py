"""The account of somebody who comes from an identity provider: found, made or refused."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from dosebus.store.tables import web as tables
from dosebus.store.transaction import Transaction
from dosebus_web.auth import accounts, audit
from dosebus_web.auth.oidc.person import Person
from dosebus_web.language import marked

A = tables.account.c
NO_PASSWORD = "*"  # noqa: S105 - a hash that no password has


@dataclass(frozen=True)
class Refused:
    """Why a person gets no session; the text is shown. Not an error: what was noted of it must stay."""

    why: str


DISABLED = Refused(marked("This account is disabled. Ask an administrator of DoseBus."))
NO_GROUP = Refused(
    marked("You have no group in DoseBus yet. Ask the administrators of your sign-in service.")
)


def account_of(tx: Transaction, person: Person, address: str) -> int | Refused:
    """The id of the person's account, made at the first sign-in; its groups follow the provider at each one.

    Refused is somebody without a group here, and an account that was disabled here.
    """
    known = tx.execute(
        sa.select(A.id, A.username, A.disabled, A.groups)
        .where(A.oidc_issuer == person.issuer, A.oidc_subject == person.subject)
        .with_for_update()
    ).first()
    if known is not None and known.disabled:
        audit.note(tx, known.username, "sign_in.refused", address=address, details={"why": "disabled"})
        return DISABLED
    if not person.groups:
        if known is not None:
            tx.execute(sa.update(tables.account).where(A.id == known.id).values(groups=[]))
            accounts.end_sessions(tx, known.id)
        name = known.username if known is not None else person.username
        audit.note(tx, name, "sign_in.refused", address=address, details={"why": "no group"})
        return NO_GROUP
    values = {
        "display_name": person.display_name,
        "email": person.email,
        "groups": list(person.groups),
        "last_sign_in_at": sa.func.now(),
    }
    if known is None:
        return _make(tx, person, values, address)
    tx.execute(sa.update(tables.account).where(A.id == known.id).values(values))
    if tuple(known.groups) != person.groups:
        details = {"before": list(known.groups), "after": list(person.groups)}
        audit.note(tx, known.username, "user.groups", known.username, address=address, details=details)
    audit.note(tx, known.username, "sign_in", address=address, details={"by": "oidc"})
    return int(known.id)


def _make(tx: Transaction, person: Person, values: Mapping[str, object], address: str) -> int:
    username = _free_name(tx, person.username)
    statement = sa.insert(tables.account).values(
        username=username,
        password_hash=NO_PASSWORD,
        oidc_issuer=person.issuer,
        oidc_subject=person.subject,
        **values,
    )
    account_id = int(tx.execute(statement.returning(A.id)).scalar_one())
    details = {"by": "oidc", "groups": list(person.groups)}
    audit.note(tx, username, "user.add", username, address=address, details=details)
    audit.note(tx, username, "sign_in", address=address, details={"by": "oidc"})
    return account_id


def _free_name(tx: Transaction, wanted: str) -> str:
    # An account of the same name that was made here is another account: a provider must not take it over by its name.
    names = itertools.chain((wanted,), (f"{wanted}-{number}" for number in itertools.count(2)))
    return next(name for name in names if accounts.by_name(tx.connection, name) is None)
