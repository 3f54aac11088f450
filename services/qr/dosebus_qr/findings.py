"""The answers of a query as rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from dosebus.store.tables import dose
from dosebus.store.tables.qr import instance as instance_table
from dosebus.store.tables.qr import series as series_table
from dosebus.store.tables.qr import study as study_table
from dosebus.store.transaction import Transaction
from dosebus_qr.answers import InstanceAnswer, SeriesAnswer, StudyAnswer
from dosebus_qr.filters import Verdict
from dosebus_qr.jobs import Job


@dataclass(slots=True)
class StudyFinding:
    """A study with everything that was asked about it."""

    study: StudyAnswer
    verdict: Verdict
    series: Mapping[SeriesAnswer, Verdict] = field(default_factory=dict)
    instances: Mapping[str, Sequence[tuple[InstanceAnswer, Verdict]]] = field(default_factory=dict)
    """By Series Instance UID."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A series that is to be moved."""

    id: int
    study_instance_uid: str
    series_instance_uid: str


def record(tx: Transaction, query_id: UUID, finding: StudyFinding) -> None:
    """Write a study of a query with its series and objects; one that is there already is left as it is."""
    told = finding.study
    study_id = tx.execute(
        insert(study_table)
        .values(
            query_id=query_id,
            study_instance_uid=told.study_instance_uid,
            study_date=told.study_date,
            study_time=told.study_time,
            modalities=sorted(told.modalities or ()),
            study_description=told.study_description,
            station_name=told.station_name,
            number_of_series=told.number_of_series,
            kept=finding.verdict.kept,
            reason_code=finding.verdict.reason_code,
        )
        .on_conflict_do_nothing()
        .returning(study_table.c.id)
    ).scalar()
    if study_id is None:
        return
    for series, verdict in finding.series.items():
        _record_series(tx, study_id, series, verdict, finding.instances.get(series.series_instance_uid, ()))


def _record_series(
    tx: Transaction,
    study_id: int,
    series: SeriesAnswer,
    verdict: Verdict,
    instances: Sequence[tuple[InstanceAnswer, Verdict]],
) -> None:
    series_id = tx.execute(
        insert(series_table)
        .values(
            study_id=study_id,
            series_instance_uid=series.series_instance_uid,
            modality=series.modality,
            series_number=series.series_number,
            series_description=series.series_description,
            station_name=series.station_name,
            number_of_instances=series.number_of_instances,
            kept=verdict.kept,
            reason_code=verdict.reason_code,
        )
        .on_conflict_do_nothing()
        .returning(series_table.c.id)
    ).scalar()
    rows = [
        {
            "series_id": series_id,
            "sop_instance_uid": one.sop_instance_uid,
            "sop_class_uid": one.sop_class_uid,
            "kept": judged.kept,
            "reason_code": judged.reason_code,
        }
        for one, judged in instances
    ]
    if series_id is not None and rows:
        tx.execute(insert(instance_table).on_conflict_do_nothing(), rows)


def recorded_studies(connection: Connection, query_id: UUID) -> set[str]:
    """Study Instance UIDs that a query has looked at already."""
    return set(
        connection.execute(
            sa.select(study_table.c.study_instance_uid).where(study_table.c.query_id == query_id)
        ).scalars()
    )


def held_objects(connection: Connection, sop_instance_uids: Collection[str]) -> set[str]:
    """Those of the SOP Instance UIDs that extract has read, whatever came of it."""
    if not sop_instance_uids:
        return set()
    known = dose.dicom_object.c.sop_instance_uid
    return set(
        connection.execute(sa.select(known).where(known == sa.func.any(list(sop_instance_uids)))).scalars()
    )


def wanted_series(connection: Connection, job: Job) -> list[Wanted]:
    """The kept series of a retrieval's query that have not been moved yet, in the order found."""
    statement = (
        sa.select(series_table.c.id, study_table.c.study_instance_uid, series_table.c.series_instance_uid)
        .join(study_table, study_table.c.id == series_table.c.study_id)
        .where(
            study_table.c.query_id == job.query_id,
            study_table.c.kept,
            series_table.c.kept,
            series_table.c.retrieval.is_distinct_from("done"),
        )
        .order_by(series_table.c.id)
    )
    if job.study_instance_uids is not None:
        statement = statement.where(
            study_table.c.study_instance_uid == sa.func.any(list(job.study_instance_uids))
        )
    return [Wanted(*row) for row in connection.execute(statement)]


def note_retrieval(tx: Transaction, series_id: int, *, retrieved: int, failure: str | None) -> None:
    """Note what came of moving a series."""
    tx.execute(
        sa.update(series_table)
        .where(series_table.c.id == series_id)
        .values(
            retrieval="done" if failure is None else "failed",
            retrieved=retrieved,
            retrieved_at=sa.func.now(),
            failure=failure,
        )
    )
