"""Forgets what the inbox need not remember any more: redeliveries come within days, not months."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete

from dosebus.runtime.service import Context, Every
from dosebus.store.mailbox import inbox_table

HOUR = 3600.0


def sweep_inbox(context: Context) -> None:
    """Delete inbox rows older than `inbox_days`."""
    inbox = inbox_table(context.database.schema)
    limit = datetime.now(UTC) - timedelta(days=context.settings.inbox_days)
    with context.database.transaction() as tx:
        tx.execute(delete(inbox).where(inbox.c.handled_at < limit))


INBOX_SWEEP = Every(HOUR, "inbox sweep", sweep_inbox)
