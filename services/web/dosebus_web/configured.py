"""Settings that are changed on a page: read, kept and forgotten by their key in `config.setting`."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from dosebus.store.tables.config import setting
from dosebus.store.transaction import Transaction

SETTING = setting.c


def configured(connection: sa.Connection, key: str) -> Any:
    """The value of a setting; None where it is as delivered."""
    return connection.execute(sa.select(SETTING.value).where(SETTING.key == key)).scalar()


def configure(tx: Transaction, key: str, value: Any) -> None:
    """Keep a setting; None puts it back to what is delivered."""
    if value is None:
        tx.execute(sa.delete(setting).where(SETTING.key == key))
        return
    statement = insert(setting).values(key=key, value=value)
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=[SETTING.key], set_={"value": statement.excluded.value}
        )
    )
