"""Recalculation: every study is checked again, in the background, with progress, and on after a restart."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy import Connection, Row
from sqlalchemy.exc import DBAPIError

from dosebus.events.alerts import AlertWorkProgressed
from dosebus.events.identity import uuid7
from dosebus.store.engine import Database
from dosebus.store.tables import dose
from dosebus.store.tables.alerts import recalculation, study_dose
from dosebus.store.transaction import Transaction
from dosebus_alerts import audit
from dosebus_alerts.changes import KINDS, keep, tally
from dosebus_alerts.check import check_studies

BATCH = 50
IDLE_S = 2.0


def ask_for(tx: Transaction, reason: str, requested_by: str | None) -> UUID | None:
    """Queue a recalculation; one that has not begun yet serves several askers, so then none is added."""
    waiting = tx.execute(
        sa.select(recalculation.c.id).where(recalculation.c.state == "queued").limit(1)
    ).scalar()
    if waiting is not None:
        return None
    run_id = uuid7()
    tx.execute(
        sa.insert(recalculation).values(
            id=run_id,
            reason=reason,
            requested_by=requested_by,
            state="queued",
            created_at=datetime.now(UTC),
        )
    )
    entry = audit.Entry(
        "recalculation_queued", None, {"run": str(run_id), "reason": reason}, requested_by or audit.SYSTEM
    )
    audit.append(tx, [entry])
    return run_id


class Recalculator:
    """Works through the runs that are asked for, one after the other."""

    def __init__(
        self, database: Database, bell: threading.Event, mail_domain: str, stop: threading.Event
    ) -> None:
        self._database = database
        self._bell = bell
        self._mail_domain = mail_domain
        self._stop = stop
        self._log = structlog.get_logger("dosebus.alerts.recalculation")

    def run(self) -> None:
        """Work until told to stop. A database that is away is waited for."""
        while not self._stop.is_set():
            try:
                worked = self.work()
            except DBAPIError as error:
                self._log.warning("database away or busy", error=type(error.orig).__name__)
                worked = False
            if not worked:
                self._stop.wait(IDLE_S)

    def work(self) -> bool:
        """Do one batch of the oldest run that is not finished; says whether there was one."""
        with self._database.transaction() as tx:
            row = tx.execute(
                sa.select(recalculation)
                .where(recalculation.c.state.in_(("queued", "running")))
                .order_by(recalculation.c.created_at)
                .limit(1)
                .with_for_update(skip_locked=True)
            ).first()
            if row is None:
                return False
            total = row.studies_total if row.state == "running" else self._begin(tx, row)
            uids = _next_studies(tx.connection, row.cursor)
            if uids:
                self._advance(tx, row, uids, total)
            else:
                self._end(tx, row)
        if uids:
            self._bell.set()
        return True

    def _begin(self, tx: Transaction, row: Row[Any]) -> int:
        total = tx.execute(sa.select(sa.func.count()).select_from(_all_studies())).scalar_one()
        _update(tx, row.id, state="running", started_at=datetime.now(UTC), studies_total=total)
        return int(total)

    def _advance(self, tx: Transaction, row: Row[Any], uids: list[str], total: int | None) -> None:
        changes = check_studies(tx, uids, "recalculation", self._mail_domain)
        keep(tx, row.id, changes)
        done = row.studies_done + len(uids)
        _update(
            tx,
            row.id,
            cursor=uids[-1],
            studies_done=done,
            # Studies that came in meanwhile were checked on arrival and count here too.
            studies_total=max(total or 0, done),
            **{kind: row._mapping[kind] + count for kind, count in tally(changes).items()},
        )

    def _end(self, tx: Transaction, row: Row[Any]) -> None:
        _update(tx, row.id, state="done", finished_at=datetime.now(UTC))
        counts: dict[str, int] = {kind: row._mapping[kind] for kind in KINDS}
        audit.append(tx, [audit.Entry("recalculation_done", None, {"run": str(row.id), **counts})])
        self._log.info("recalculation done", run=str(row.id), studies=row.studies_done, **counts)


def _all_studies() -> sa.Subquery:
    """The studies that stand, and those that only the ledger still knows."""
    return sa.union(
        sa.select(dose.study.c.study_instance_uid), sa.select(study_dose.c.study_instance_uid)
    ).subquery()


def _next_studies(connection: Connection, cursor: str) -> list[str]:
    parts = [
        sa.select(table.c.study_instance_uid)
        .where(table.c.study_instance_uid > cursor)
        .order_by(table.c.study_instance_uid)
        .limit(BATCH)
        .subquery()
        for table in (dose.study, study_dose)
    ]
    both = sa.union(*(sa.select(part) for part in parts)).subquery()
    found = connection.execute(
        sa.select(both.c.study_instance_uid).order_by(both.c.study_instance_uid).limit(BATCH)
    )
    return list(found.scalars())


def _update(tx: Transaction, run_id: UUID, **values: object) -> None:
    tx.execute(sa.update(recalculation).where(recalculation.c.id == run_id).values(**values))
    tx.publish(AlertWorkProgressed(work="recalculation", work_id=run_id))
