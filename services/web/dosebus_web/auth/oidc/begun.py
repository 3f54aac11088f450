"""Sign-ins that were begun and wait for the browser to come back, each good for one answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from dosebus.store.tables.web import oidc_sign_in
from dosebus.store.transaction import Transaction
from dosebus_web.auth import secret

KEPT = timedelta(minutes=10)
B = oidc_sign_in.c


@dataclass(frozen=True)
class Begun:
    """What the answer must fit, and where the person wanted to go."""

    nonce: str
    verifier: str
    go_on: str


def keep(tx: Transaction, state: str, begun: Begun) -> None:
    """Wait for the answer with this state."""
    tx.execute(sa.delete(oidc_sign_in).where(B.created_at < datetime.now(UTC) - KEPT))
    values = {"nonce": begun.nonce, "verifier": begun.verifier, "go_on": begun.go_on}
    tx.execute(sa.insert(oidc_sign_in).values(state_hash=secret.digest(state), **values))


def take(tx: Transaction, state: str) -> Begun | None:
    """What was begun with this state, once; None when nothing was or it is too long ago."""
    young = B.created_at >= datetime.now(UTC) - KEPT
    statement = (
        sa.delete(oidc_sign_in)
        .where(B.state_hash == secret.digest(state))
        .returning(*B, young.label("young"))
    )
    row = tx.execute(statement).first()
    return Begun(row.nonce, row.verifier, row.go_on) if row is not None and row.young else None
