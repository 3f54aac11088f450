"""What an account chose to see, kept from one visit to the next."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from dosebus.store.tables.web import option
from dosebus.store.transaction import Transaction

OPTION = option.c


def chosen(connection: sa.Connection, account_id: int, key: str) -> Any:
    """The value of a choice; None where nothing was chosen."""
    wanted = sa.select(OPTION.value).where(OPTION.account_id == account_id, OPTION.key == key)
    return connection.execute(wanted).scalar()


def choose(tx: Transaction, account_id: int, key: str, value: Any) -> None:
    """Keep a choice; None forgets it."""
    if value is None:
        tx.execute(sa.delete(option).where(OPTION.account_id == account_id, OPTION.key == key))
        return
    statement = insert(option).values(account_id=account_id, key=key, value=value)
    tx.execute(
        statement.on_conflict_do_update(index_elements=[OPTION.account_id, OPTION.key], set_={"value": value})
    )
