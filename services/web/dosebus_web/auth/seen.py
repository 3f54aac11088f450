"""Who saw whose name or ID on a page: an entry of the audit log for each view."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from dosebus.store.engine import Database
from dosebus.store.tables.web import audit as log
from dosebus.store.transaction import Transaction
from dosebus_web.auth import audit

ACTION = "patient.seen"


def note_seen(
    database: Database, username: str, subject: str, ids: Iterable[object] = (), *, refreshed: bool = False
) -> None:
    """Write down that somebody saw the patient of `subject`, or those of the studies or alerts `ids` in a list.

    A list that an open page fetches again is noted only when it shows others than it did when it was last noted.
    """
    shown = [one if isinstance(one, int) else str(one) for one in ids]
    details = {"shown": shown} if shown else {}
    with database.transaction() as tx:
        if not refreshed or _last(tx, username, subject) != details:
            audit.note(tx, username, ACTION, subject, details=details)


def _last(tx: Transaction, username: str, subject: str) -> Any:
    of_this = (log.c.subject == subject, log.c.username == username, log.c.action == ACTION)
    return tx.execute(sa.select(log.c.details).where(*of_this).order_by(log.c.id.desc()).limit(1)).scalar()
