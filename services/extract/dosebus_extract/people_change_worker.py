"""Works on changes of what is stored of people: whole patients at a time, in short transactions."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row

from dosebus.blobs.blobs import Blobs
from dosebus.bus.fault import describe, is_outage
from dosebus.events.people import PatientIdentityChanged
from dosebus.store.engine import Database
from dosebus.store.transaction import Transaction
from dosebus_extract import people_change_jobs as jobs
from dosebus_extract.held_jobs import holding
from dosebus_extract.people_change import Choices
from dosebus_extract.people_change_study import change_study
from dosebus_extract.settings import ExtractSettings

LEAST, MOST = 20, 500
"""Studies of one transaction: at least so many, then up to the end of a patient, but never more than that."""
MOST_ATTEMPTS = 5
NAME = "people change"


@dataclass
class PeopleChanger:
    """Does changes of people, one after the other. `stop` ends it between two chunks."""

    database: Database
    blobs: Blobs
    settings: ExtractSettings
    stop: threading.Event = field(default_factory=threading.Event)

    def work(self) -> bool:
        """Take the first change as far as it goes; says whether anything was done."""
        with self.database.reading() as connection:
            job_id = jobs.first_waiting(connection)
        if job_id is None:
            return False
        with holding(self.database, NAME) as held:
            return held and self._go_on(job_id)

    def _go_on(self, job_id: UUID) -> bool:
        row = self._begin(job_id)
        if row is None:
            return False
        while not self.stop.is_set():
            if not self._chunk(job_id, row.choices):
                return True
        with self.database.transaction() as tx:
            jobs.change(tx, job_id, attempts=row.attempts - 1)
        return True

    def _begin(self, job_id: UUID) -> Row[Any] | None:
        with self.database.transaction() as tx:
            row = jobs.get(tx, job_id)
            if row is None or row.state not in jobs.WAITING:
                return None
            if row.attempts >= MOST_ATTEMPTS:
                reason = "It broke off several times; the log of the extract service says why."
                jobs.change(tx, job_id, state="failed", finished_at=datetime.now(UTC), reason=reason)
                return None
            if row.state == "queued":
                if not jobs.is_past(tx.connection, row.fence):
                    return None
                jobs.begin(tx, job_id)
            jobs.change(tx, job_id, attempts=row.attempts + 1)
            return jobs.get(tx, job_id)

    def _chunk(self, job_id: UUID, choices: Choices) -> bool:
        """Change the next patients; False when the job has ended."""
        try:
            with self.database.transaction() as tx:
                row = jobs.get(tx, job_id)
                if row is None or row.state != "running":
                    return False
                if row.cancel_requested:
                    return self._end(tx, row, "cancelled")
                studies = jobs.next_chunk(tx.connection, job_id, LEAST, MOST)
                if not studies:
                    return self._end(tx, row, "done")
                self._change(tx, job_id, sorted(studies), choices)
        except Exception as error:
            if is_outage(error):
                raise
            self._one_by_one(job_id, studies, choices)
        return True

    def _change(self, tx: Transaction, job_id: UUID, studies: list[int], choices: Choices) -> None:
        moved: list[str] = []
        done = changed = failed = 0
        for study_id in studies:
            try:
                outcome = change_study(tx, self.blobs, self.settings, study_id, choices)
            except LookupError:
                jobs.settle(tx, job_id, study_id, "failed", "study_gone")
                failed += 1
                continue
            jobs.settle(
                tx, job_id, study_id, "failed" if outcome.reason_code else "done", outcome.reason_code
            )
            done, changed, failed = done + 1, changed + outcome.changed, failed + bool(outcome.reason_code)
            if outcome.moved:
                moved.append(outcome.study_instance_uid)
        jobs.count(tx, job_id, studies_done=len(studies), studies_changed=changed, studies_failed=failed)
        jobs.tell(tx, job_id, "running")
        if moved:
            tx.publish(PatientIdentityChanged(study_instance_uids=tuple(sorted(moved))), subject=str(job_id))

    def _one_by_one(self, job_id: UUID, studies: list[int], choices: Choices) -> None:
        """After an error each study alone, so that one that cannot be changed does not keep the others."""
        for study_id in studies:
            try:
                with self.database.transaction() as tx:
                    self._change(tx, job_id, [study_id], choices)
            except Exception as error:
                if is_outage(error):
                    raise
                structlog.get_logger("dosebus.extract").error(
                    "patient of a study not changed", study_id=study_id, error=describe(error)
                )
                with self.database.transaction() as tx:
                    jobs.settle(tx, job_id, study_id, "failed", "error")
                    jobs.count(tx, job_id, studies_done=1, studies_failed=1)

    def _end(self, tx: Transaction, row: Row[Any], state: str) -> bool:
        now = datetime.now(UTC)
        jobs.change(tx, row.id, state=state, finished_at=now, cancel_requested=False, attempts=0)
        structlog.get_logger("dosebus.extract").info(
            "change of people ended", people_change_id=str(row.id), state=state, studies=row.studies_done
        )
        return False
