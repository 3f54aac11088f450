"""Single studies: the record, its events, objects, findings and history, and pages of all studies."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from dosebus.catalogue import compile as compiled
from dosebus.domain.study import Study
from dosebus.store.tables import dose
from dosebus_web.api import filters, given, problem
from dosebus_web.api.lists import answering, as_json, called, studies_of
from dosebus_web.api.shape import model_of
from dosebus_web.auth import seen
from dosebus_web.auth.caller import Caller
from dosebus_web.auth.gate import ApiReader
from dosebus_web.records import record_document
from dosebus_web.web import Here, Web

router = APIRouter(prefix="/api/v1", tags=["studies"])
S = dose.study.c
EVERYTHING = "all"
COLUMNS = (
    S.id, S.study_instance_uid, S.study_at, S.modality_type, S.modality_types, S.study_description, S.device_id,
    S.number_of_events, S.total_dlp_mgycm, S.total_dap_gym2, S.dose_rp_total_gy, S.administered_activity_mbq,
    S.recorded_at, S.revision,
)  # fmt: skip
"""What all studies have."""
OBJECT = tuple(column for column in dose.dicom_object.c if column.key not in ("contribution", "blob_key"))
FINDING, UNREAD = tuple(dose.finding.c), tuple(dose.unread_concept.c)
HISTORY = tuple(column for column in dose.study_history.c if column.key != "record")
StudyRow = model_of("StudyRow", "What is told of every study.", COLUMNS)
ObjectRow = model_of("RecordedObject", "A DICOM object and what became of it.", OBJECT)
FindingRow = model_of("Finding", "Something odd that the extractor found.", FINDING)
UnreadRow = model_of("UnreadConcept", "Content that no table of the reader reads.", UNREAD)
RevisionRow = model_of("Revision", "A record that something else than a new object replaced.", HISTORY)
NO_REVISION = "There is no such revision."
LARGEST_REVISION = 2**31 - 1
Day = Annotated[date | None, Query(examples=["2026-01-01"])]


class StudyPage(BaseModel):
    """A page of studies; `after` and `before` are the cursors of the neighbouring pages."""

    studies: list[dict[str, Any]]
    after: int | None = None
    before: int | None = None


class Background(BaseModel):
    """What stands behind a record."""

    objects: list[ObjectRow]  # type: ignore[valid-type]
    findings: list[FindingRow]  # type: ignore[valid-type]
    unread: list[UnreadRow]  # type: ignore[valid-type]
    history: list[RevisionRow]  # type: ignore[valid-type]


@router.get(
    "/studies",
    response_model=StudyPage,
    responses=problem.responses(404),
    summary="All studies, latest recorded first, or those of one list",
    openapi_extra={given.OWN: True},
)
def list_studies(
    *,
    request: Request,
    caller: ApiReader,
    here: Here,
    listing: Annotated[
        str, Query(max_length=20, description="`all`, or a listing.", examples=["all"])
    ] = EVERYTHING,
    limit: Annotated[int, Query(ge=10, le=given.MOST)] = 50,
    after: Annotated[int | None, Query(ge=0, lt=10**18, description=given.AFTER)] = None,
    date_from: Day = None,
    date_to: Day = None,
) -> Any:
    """A page of studies that are no test data, with what all studies have.

    With `listing` it is the same as `GET /api/v1/listings/{name}/studies`, filters and sort keys included.
    """
    items = [item for item in request.query_params.multi_items() if item[0] != "listing"]
    if listing != EVERYTHING:
        chosen = called(listing)
        query = filters.parse(chosen, items, allow_pid=caller.allow_pid)
        return as_json(studies_of(here, caller, chosen, query))
    unknown = {name for name, _ in items} - {"limit", "after", "date_from", "date_to"}
    if unknown:
        raise problem.ParameterError(dict.fromkeys(sorted(unknown), "needs a listing"))
    wanted = sa.select(*COLUMNS).where(S.not_patient_indicator.is_(None), *_between(date_from, date_to))
    if after is not None:
        wanted = wanted.where(S.id < after)
    with here.database.reading() as connection:
        fetched = connection.execute(wanted.order_by(S.id.desc()).limit(limit + 1)).mappings().all()
    rows = [dict(row) for row in fetched[:limit]]
    return StudyPage(studies=rows, after=rows[-1]["id"] if len(fetched) > limit else None)


def _between(date_from: date | None, date_to: date | None) -> list[sa.ColumnElement[bool]]:
    first = [] if date_from is None else [S.study_at >= datetime.combine(date_from, time.min)]
    return first + ([] if date_to is None else [S.study_at <= datetime.combine(date_to, time.max)])


def study_id_of(connection: sa.Connection, uid: str) -> int:
    """Our id of a study. Raises HTTPException 404."""
    found = connection.execute(sa.select(S.id).where(S.study_instance_uid == uid)).scalar()
    if found is None:
        raise HTTPException(404, "There is no such study.")
    return int(found)


def note_seen(here: Web, caller: Caller, study_id: int) -> None:
    """Write down that somebody got who a patient is."""
    if caller.allow_pid:
        with here.database.transaction() as tx:
            caller.note(tx, seen.ACTION, f"study {study_id}")


@router.get(
    "/studies/{study_instance_uid}",
    responses={200: {"model": Study, "description": "The record."}, **problem.responses(404)},
    summary="One study's whole record",
)
def show_study(caller: ApiReader, here: Here, study_instance_uid: given.StudyUid) -> Response:
    """The record, in the format of `dosebus read --json`; patient names and IDs only with the scope `pid`."""
    wanted = sa.select(S.id, S.record).where(S.study_instance_uid == study_instance_uid)
    with here.database.reading() as connection:
        row = connection.execute(wanted).first()
    if row is None:
        raise HTTPException(404, "There is no such study.")
    note_seen(here, caller, row.id)
    return JSONResponse(record_document(row.record, allow_pid=caller.allow_pid))


@router.get(
    "/studies/{study_instance_uid}/events",
    responses=answering({"type": "object"}, "The events.") | problem.responses(404),
    summary="The irradiation events of a study",
)
def show_events(
    caller: ApiReader,
    here: Here,
    study_instance_uid: given.StudyUid,
    listing: Annotated[str, Query(max_length=20, description="As which list tells them.", examples=["ct"])],
) -> Response:
    """Events in their order under the keys of `event` of `GET /api/v1/listings/{name}`, in stored units."""
    chosen = called(listing)
    fields = chosen.visible(chosen.event_fields, allow_pid=caller.allow_pid)
    keys = {"report_index", "event_index"} | {field.key for field in fields}
    with here.database.reading() as connection:
        study_id = study_id_of(connection, study_instance_uid)
        rows = connection.execute(compiled.events(chosen, study_id)).mappings().all()
    return as_json({"items": [{key: row[key] for key in row if key in keys} for row in rows]})


@router.get(
    "/studies/{study_instance_uid}/background",
    response_model=Background,
    responses=problem.responses(404),
    summary="Objects, findings, unread content and history of a study",
)
def show_background(caller: ApiReader, here: Here, study_instance_uid: given.StudyUid) -> Any:  # noqa: ARG001
    """From which objects the record was made, what was odd in them, and what it said before."""
    parts = {
        "objects": (OBJECT, dose.dicom_object.c.recorded_at),
        "findings": (FINDING, dose.finding.c.id),
        "unread": (UNREAD, dose.unread_concept.c.code_value),
        "history": (HISTORY, dose.study_history.c.revision),
    }
    with here.database.reading(snapshot=True) as connection:
        study_id = study_id_of(connection, study_instance_uid)
        return {
            name: [
                dict(row)
                for row in connection.execute(
                    sa.select(*columns).where(columns[0].table.c.study_id == study_id).order_by(order)
                ).mappings()
            ]
            for name, (columns, order) in parts.items()
        }


@router.get(
    "/studies/{study_instance_uid}/revisions/{revision}",
    responses={200: {"model": Study, "description": "The record."}, **problem.responses(404)},
    summary="What a study's record said before",
)
def show_revision(
    caller: ApiReader, here: Here, study_instance_uid: given.StudyUid, revision: given.Id
) -> Response:
    """An earlier record; `history` of the study's background names the revisions that are kept."""
    h = dose.study_history.c
    if revision > LARGEST_REVISION:
        raise HTTPException(404, NO_REVISION)
    with here.database.reading() as connection:
        study_id = study_id_of(connection, study_instance_uid)
        wanted = sa.select(h.record).where(h.study_id == study_id, h.revision == revision)
        record = connection.execute(wanted).scalar()
    if record is None:
        raise HTTPException(404, NO_REVISION)
    note_seen(here, caller, study_id)
    return JSONResponse(record_document(record, allow_pid=caller.allow_pid))
