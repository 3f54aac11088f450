"""Housekeeping of the inbox."""

from datetime import timedelta

from sqlalchemy import delete, func

from dosebus.store.engine import Database
from dosebus.store.mailbox import inbox_table


def prune_inbox(database: Database, days: int) -> int:
    """Forget messages that were handled more than `days` days ago; gives their number."""
    inbox = inbox_table(database.schema)
    with database.transaction() as tx:
        old = inbox.c.handled_at < func.now() - timedelta(days=days)
        return tx.execute(delete(inbox).where(old)).rowcount
