"""Carries a re-derivation through at the command line: in this process, or following the service that has it."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Row

from dosebus.blobs.blobs import Blobs
from dosebus.events.identity import uuid7
from dosebus.events.rederivation import Selection
from dosebus.store.engine import Database
from dosebus.store.tables.dose_changes import rederivation, rederivation_difference, rederivation_study
from dosebus_extract import rederivation_jobs as jobs
from dosebus_extract.held_jobs import holding
from dosebus_extract.rederivation_worker import Rederiver, lock_name
from dosebus_extract.settings import ExtractSettings

LOOK_S = 0.5
SHOWN = 200
AT_WORK = ("queued", "running", "applying")


@dataclass(frozen=True)
class Followed:
    """The job as it stands when the command ends."""

    job: Row[Any]

    @property
    def failed(self) -> bool:
        """Whether a study could not be derived again, or the job itself did not come to its end."""
        return bool(self.job.studies_failed) or self.job.state in ("failed", "cancelled")


@dataclass
class Command:
    """One run of `dosebus rederive`. `say` tells how far it is."""

    database: Database
    blobs: Blobs
    settings: ExtractSettings
    say: Callable[[str], None]
    user: str = field(default_factory=lambda: f"{getpass.getuser()} (command line)")

    def run(self, job_id: UUID | None, selection: Selection, *, apply: bool) -> Followed:
        """Do a job up to its shadow, and with `apply` to its end. Raises LookupError for a job that is not there."""
        if job_id is None:
            job_id = uuid7()
            with holding(self.database, lock_name(job_id)):
                # Held before anybody can see it, so that this process works on it and not the service.
                with self.database.transaction() as tx:
                    jobs.add(tx, job_id, selection, self.user)
                self._work(job_id)
        self._follow(job_id)
        if apply:
            with self.database.transaction() as tx:
                asked = jobs.ask_to_apply(tx, job_id, self.user)
            if asked:
                self._follow(job_id)
        return Followed(self._job(job_id))

    def _follow(self, job_id: UUID) -> None:
        """Work on a job, or watch whoever does, until a person is needed."""
        while (job := self._job(job_id)).state in AT_WORK:
            with holding(self.database, lock_name(job_id)) as held:
                if held:
                    self._work(job_id)
                    continue
            self.say(f"{job.state}: {job.studies_done} of {job.studies_total or '?'} studies")
            time.sleep(LOOK_S)

    def _work(self, job_id: UUID) -> None:
        Rederiver(self.database, self.blobs, self.settings, tell=self._tell).go_on(job_id)

    def _tell(self, job: Row[Any]) -> None:
        self.say(f"{job.state}: {job.studies_done} of {job.studies_total or '?'} studies")

    def _job(self, job_id: UUID) -> Row[Any]:
        with self.database.reading() as connection:
            row = connection.execute(sa.select(rederivation).where(rederivation.c.id == job_id)).first()
        if row is None:
            raise LookupError(f"there is no re-derivation {job_id}")
        return row


def summary(database: Database, job_id: UUID) -> Sequence[Row[Any]]:
    """The differences of a job by field and device, the most frequent first."""
    d = rederivation_difference.c
    found = (
        sa.select(rederivation_difference)
        .where(d.rederivation_id == job_id)
        .order_by(d.studies.desc(), d.field, d.device_id)
        .limit(SHOWN)
    )
    with database.reading() as connection:
        return connection.execute(found).all()


def failures(database: Database, job_id: UUID) -> Sequence[Row[Any]]:
    """The studies of a job that could not be derived again, with the reason."""
    r = rederivation_study.c
    found: sa.Select[Any] = (
        sa.select(r.study_id, r.reason_code, r.reason)
        .where(r.rederivation_id == job_id, r.state == "failed")
        .order_by(r.study_id)
        .limit(SHOWN)
    )
    with database.reading() as connection:
        return connection.execute(found).all()
