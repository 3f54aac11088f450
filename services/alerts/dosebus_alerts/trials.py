"""Trials: which alerts a rule would have raised for the studies of past days. Nothing is raised and nobody told."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy import Connection, Row
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

from dosebus.domain.quantities import QUANTITIES
from dosebus.events.alerts import (
    AlertRuleTrialFinished,
    AlertRuleTrialRequested,
    AlertWorkProgressed,
    RuleProposal,
)
from dosebus.store.engine import Database
from dosebus.store.tables import dose
from dosebus.store.tables.alerts import trial, trial_alert
from dosebus.store.transaction import Transaction
from dosebus_alerts import ledger
from dosebus_alerts.configuration import population_of
from dosebus_alerts.cumulative import StudyDose, needed_for
from dosebus_alerts.rules import Breach, Rule, breaches

BATCH = 200
IDLE_S = 1.0
KEPT = timedelta(days=90)
"""How long a trial's result stays."""


def begin(tx: Transaction, event: AlertRuleTrialRequested) -> None:
    """Queue a trial; the same command twice is one."""
    row = {
        "id": event.trial_id,
        "rule_key": event.rule_key,
        "rule": event.rule.model_dump(mode="json"),
        "date_from": event.date_from,
        "date_until": event.date_until,
        "requested_by": event.requested_by,
        "state": "queued",
        "created_at": datetime.now(UTC),
    }
    tx.execute(insert(trial).values(row).on_conflict_do_nothing())
    tx.publish(AlertWorkProgressed(work="trial", work_id=event.trial_id))


def cancel(tx: Transaction, trial_id: UUID) -> bool:
    """Stop a trial after the batch that is under way; says whether there was something to stop."""
    stopped = tx.execute(
        sa.update(trial)
        .where(trial.c.id == trial_id, trial.c.state.in_(("queued", "running")))
        .values(state="cancelled", finished_at=datetime.now(UTC))
    )
    if stopped.rowcount == 1:
        tx.publish(AlertRuleTrialFinished(trial_id=trial_id, state="cancelled"))
    return stopped.rowcount == 1


def discard_old(tx: Transaction) -> None:
    """Forget trials that are older than they are kept."""
    tx.execute(sa.delete(trial).where(trial.c.created_at < datetime.now(UTC) - KEPT))


def rule_of(proposal: RuleProposal) -> Rule:
    """The rule that is tried. Raises ValueError for one that cannot be."""
    quantity = QUANTITIES.get(proposal.quantity)
    if quantity is None or proposal.scope not in quantity.scopes:
        raise ValueError(f"{proposal.quantity} cannot be watched by {proposal.scope}")
    if (proposal.scope == "sum") != (proposal.weeks is not None):
        raise ValueError("a sum needs weeks, and nothing else has them")
    return Rule(
        key="",
        version=0,
        title="",
        quantity=proposal.quantity,
        scope=proposal.scope,
        level=proposal.level,
        severity="notice",
        modality_types=frozenset(proposal.modality_types),
        weeks=proposal.weeks,
        step=proposal.step,
        population=population_of(proposal),
    )


class Trials:
    """Works through the trials that are asked for, the oldest first; each batch is a transaction of its own."""

    def __init__(self, database: Database, stop: threading.Event) -> None:
        self._database = database
        self._stop = stop
        self._log = structlog.get_logger("dosebus.alerts.trials")

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
        """Do one batch of the oldest trial that is not finished; says whether there was one."""
        with self._database.transaction() as tx:
            row = tx.execute(
                sa.select(trial)
                .where(trial.c.state.in_(("queued", "running")))
                .order_by(trial.c.created_at)
                .limit(1)
                .with_for_update(skip_locked=True)
            ).first()
            if row is None:
                return False
            try:
                rule = rule_of(RuleProposal.model_validate(row.rule))
            except ValueError as error:
                _finish(tx, row.id, "failed", failure=str(error)[:300])
                return True
            self._advance(tx, row, rule)
        return True

    def _advance(self, tx: Transaction, row: Row[Any], rule: Rule) -> None:
        total = row.studies_total
        if row.state == "queued":
            total = _count(tx.connection, row, rule)
            _update(tx, row.id, state="running", started_at=datetime.now(UTC), studies_total=total)
        uids = _next_studies(tx.connection, row, rule)
        if not uids:
            _finish(tx, row.id, "done")
            self._log.info("trial done", trial=str(row.id), studies=row.studies_done, alerts=row.alerts)
            return
        found = tried(tx, uids, rule)
        if found:
            tx.execute(sa.insert(trial_alert), [_row_of(row.id, breach) for breach in found])
        done = row.studies_done + len(uids)
        _update(
            tx,
            row.id,
            cursor=uids[-1],
            studies_done=done,
            studies_total=max(total or 0, done),
            alerts=row.alerts + len(found),
        )
        tx.publish(AlertWorkProgressed(work="trial", work_id=row.id))


def tried(tx: Transaction, uids: Sequence[str], rule: Rule) -> list[Breach]:
    """What these studies would have raised, each by its highest level, as all is known today."""
    events = (rule.quantity,) if rule.scope == "event" else ()
    found: list[Breach] = []
    for study in ledger.studies_as_recorded(tx, uids, events).values():
        known = [study] if rule.weeks is None else _history(tx, study, rule.weeks)
        found.extend(breaches(study, known, [rule]))
    return [breach for breach in found if breach.study.study_date is not None]


def _history(tx: Transaction, study: StudyDose, weeks: int) -> list[StudyDose]:
    if study.patient is None or study.study_date is None:
        return [study]
    days = needed_for((study.study_date, study.study_date), weeks)
    others = ledger.history(tx, study.patient, days)
    return [study, *(other for other in others if other.study_id != study.study_id)]


def _of_trial(row: Row[Any], rule: Rule) -> tuple[sa.ColumnElement[bool], ...]:
    s = dose.study.c
    return (
        s.study_date.between(row.date_from, row.date_until),
        s.modality_types.overlap(sorted(rule.modality_types)),
        s.not_patient_indicator.is_(None),
    )


def _count(connection: Connection, row: Row[Any], rule: Rule) -> int:
    counted = sa.select(sa.func.count()).select_from(dose.study).where(*_of_trial(row, rule))
    return int(connection.execute(counted).scalar_one())


def _next_studies(connection: Connection, row: Row[Any], rule: Rule) -> list[str]:
    uid = dose.study.c.study_instance_uid
    statement = sa.select(uid).where(*_of_trial(row, rule), uid > row.cursor).order_by(uid).limit(BATCH)
    return list(connection.execute(statement).scalars())


def _row_of(trial_id: UUID, breach: Breach) -> dict[str, Any]:
    day = breach.study.study_date or date.min
    return {
        "trial_id": trial_id,
        "study_instance_uid": breach.study.study_instance_uid,
        "study_id": breach.study.study_id,
        "study_date": day,
        "week": day - timedelta(days=day.weekday()),
        "level": breach.level,
        "value": breach.value,
        "at_most": breach.at_most,
        "number_of_studies": len(breach.evidence),
    }


def _finish(tx: Transaction, trial_id: UUID, state: Any, **values: object) -> None:
    _update(tx, trial_id, state=state, finished_at=datetime.now(UTC), **values)
    tx.publish(AlertRuleTrialFinished(trial_id=trial_id, state=state))


def _update(tx: Transaction, trial_id: UUID, **values: object) -> None:
    tx.execute(sa.update(trial).where(trial.c.id == trial_id).values(**values))
