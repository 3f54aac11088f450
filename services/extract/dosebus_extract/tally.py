"""Adds the tally of studies up: many rows of single studies become one row a device."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from dosebus.store.engine import Database
from dosebus.store.tables.dose import study_tally

T = study_tally.c
WORTH = 500
"""Fewer rows are added up as fast when they are read."""


def add_up(database: Database) -> int:
    """Add the rows up, if there are many; gives how many there were. The sums stay as they are."""
    with database.transaction() as tx:
        many = tx.execute(sa.select(sa.func.count()).select_from(study_tally)).scalar_one()
        if many < WORTH:
            return 0
        gone: Any = sa.delete(study_tally).returning(*T).cte("gone")
        total = sa.cast(sa.func.sum(gone.c.studies), sa.BigInteger)
        sums = (
            sa.select(gone.c.listed_in, gone.c.device_id, total)
            .group_by(gone.c.listed_in, gone.c.device_id)
            .having(total != 0)
        )
        tx.execute(sa.insert(study_tally).from_select(["listed_in", "device_id", "studies"], sums))
        return int(many)
