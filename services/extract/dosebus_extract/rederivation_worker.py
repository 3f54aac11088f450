"""Works on re-derivations: study by study in short transactions, so that it may be stopped or die anywhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy import Row

from dosebus.blobs.blobs import Blobs
from dosebus.bus.fault import is_outage
from dosebus.events.rederivation import Selection
from dosebus.store.engine import Database
from dosebus.store.tables.dose_changes import rederivation
from dosebus.store.transaction import Transaction
from dosebus_extract import rederivation_jobs as jobs
from dosebus_extract.held_jobs import holding
from dosebus_extract.people_store import people_key
from dosebus_extract.rederivation_shadow import fail, shadow_study, swap_study
from dosebus_extract.settings import ExtractSettings

AT_A_TIME = 50
"""Studies that are looked up at once; each has its own transaction."""
TELL_S = 0.5
MOST_ATTEMPTS = 5
Step = Callable[[Transaction, Row[Any], int], None]


class StoppedError(Exception):
    """The process is to stop; the job goes on when it is back."""


def lock_name(job_id: UUID) -> str:
    """What a re-derivation is held by."""
    return f"rederivation:{job_id}"


@dataclass
class Rederiver:
    """Does re-derivations, one at a time. `stop` ends it between two studies."""

    database: Database
    blobs: Blobs
    settings: ExtractSettings
    stop: threading.Event = field(default_factory=threading.Event)
    tell: Callable[[Row[Any]], None] | None = None
    """Hears twice a second how far a job is."""

    def work(self) -> bool:
        """Do what there is to do for the first job that nobody holds; says whether there was one."""
        with self.database.reading() as connection:
            waiting = jobs.waiting(connection)
        for job_id in waiting:
            with holding(self.database, lock_name(job_id)) as held:
                if held and self.go_on(job_id):
                    return True
        return False

    def go_on(self, job_id: UUID) -> bool:
        """Take a job that the caller holds as far as it goes without a person; says whether it went on."""
        row = self._begin(job_id)
        if row is None:
            return False
        try:
            if row.state == "applying":
                finished = self._each(row, ("same", "differs"), self._swap)
            else:
                finished = self._each(row, ("waiting",), self._shadow)
        except StoppedError:
            return True
        with self.database.transaction() as tx:
            self._end(tx, job_id, finished=finished)
        return True

    def _begin(self, job_id: UUID) -> Row[Any] | None:
        """The job as it is to be worked on. One that broke off too often is given up."""
        with self.database.transaction() as tx:
            row = jobs.get(tx, job_id)
            if row is None or row.state not in ("queued", "running", "applying"):
                return None
            if row.attempts >= MOST_ATTEMPTS:
                reason = "It broke off several times; the log of the extract service says why."
                jobs.change(tx, job_id, state="failed", finished_at=datetime.now(UTC), reason=reason)
                return None
            jobs.change(tx, job_id, attempts=row.attempts + 1)
            if row.state == "queued":
                # A number makes this transaction one that a change of people waits for, before the policy is read.
                tx.execute(sa.select(sa.func.pg_current_xact_id()))
                key = people_key(tx, self.settings)
                jobs.begin(tx, job_id, Selection.model_validate(row.selection), key)
            return jobs.get(tx, job_id)

    def _each(self, row: Row[Any], states: tuple[str, ...], step: Step) -> bool:
        """Take every study through a step; False where somebody stopped that."""
        told = time.monotonic()
        while True:
            with self.database.reading() as connection:
                studies = jobs.next_studies(connection, row.id, states, AT_A_TIME)
            if not studies:
                return True
            for study_id in studies:
                if self.stop.is_set():
                    self._give_back(row)
                    raise StoppedError
                if self._cancelled(row.id):
                    return False
                self._one(row, study_id, step)
                if time.monotonic() - told >= TELL_S:
                    self._progressed(row.id)
                    told = time.monotonic()

    def _progressed(self, job_id: UUID) -> None:
        with self.database.transaction() as tx:
            row = jobs.get(tx, job_id)
            if row is not None:
                jobs.tell(tx, job_id, row.state)
                if self.tell is not None:
                    self.tell(row)

    def _one(self, row: Row[Any], study_id: int, step: Step) -> None:
        try:
            with self.database.transaction() as tx:
                step(tx, row, study_id)
        except Exception as error:
            if is_outage(error):
                raise
            with self.database.transaction() as tx:
                fail(tx, row.id, study_id, error)

    def _shadow(self, tx: Transaction, row: Row[Any], study_id: int) -> None:
        shadow_study(tx, self.blobs, self.settings, row.id, study_id)

    def _swap(self, tx: Transaction, row: Row[Any], study_id: int) -> None:
        swap_study(tx, self.blobs, self.settings, row, study_id)

    def _cancelled(self, job_id: UUID) -> bool:
        wanted = sa.select(rederivation.c.cancel_requested).where(rederivation.c.id == job_id)
        with self.database.reading() as connection:
            return bool(connection.execute(wanted).scalar())

    def _give_back(self, row: Row[Any]) -> None:
        """A stop of the process is no attempt that broke off."""
        with self.database.transaction() as tx:
            jobs.change(tx, row.id, attempts=max(row.attempts - 1, 0))

    def _end(self, tx: Transaction, job_id: UUID, *, finished: bool) -> None:
        row = jobs.get(tx, job_id)
        if row is None:
            return
        now = datetime.now(UTC)
        applying = row.state == "applying"
        if finished:
            state = "done" if applying else "ready"
        else:
            # What was swapped stays, each study whole; the rest may still be swapped or thrown away.
            state = "ready" if applying and row.discarded_at is None else "cancelled"
        values: dict[str, object] = {"state": state, "cancel_requested": False, "attempts": 0}
        values["ready_at" if state == "ready" and not applying else "finished_at"] = now
        if state == "ready" and applying:
            values |= {"finished_at": None, "reason": "Stopped while swapping; it can go on."}
        jobs.change(tx, job_id, **values)
        if not finished and row.discarded_at is not None:
            jobs.forget(tx, job_id)
        structlog.get_logger("dosebus.extract").info(
            "re-derivation went on", rederivation_id=str(job_id), state=state, studies=row.studies_done
        )
