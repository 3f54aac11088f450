"""Saved views: a list's filter and sort under a name, for oneself or for everybody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from dosebus.catalogue.listing import Listing
from dosebus.store.tables.web import account, saved_view
from dosebus.store.transaction import Transaction

V = saved_view.c


def seen_by(connection: sa.Connection, account_id: int, listing: Listing) -> Sequence[Any]:
    """One's own views of a list and those that others share, by name."""
    wanted = (
        sa.select(saved_view, account.c.display_name.label("owner"))
        .join_from(saved_view, account)
        .where(V.listing == listing.name, sa.or_(V.account_id == account_id, V.shared))
        .order_by(V.name)
        .limit(100)
    )
    return connection.execute(wanted).all()


def save(tx: Transaction, account_id: int, listing: Listing, name: str, query: str, *, shared: bool) -> None:
    """Keep a view; one of the same name is replaced."""
    row = {"account_id": account_id, "listing": listing.name, "name": name, "query": query, "shared": shared}
    statement = insert(saved_view).values(row)
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=[V.account_id, V.listing, V.name], set_={"query": query, "shared": shared}
        )
    )


def delete(tx: Transaction, account_id: int, view_id: int) -> str | None:
    """Delete one's own view and give its listing; None when there is none."""
    statement = sa.delete(saved_view).where(V.id == view_id, V.account_id == account_id)
    listing: str | None = tx.execute(statement.returning(V.listing)).scalar()
    return listing
