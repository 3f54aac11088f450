"""`/api/v1`: the studies as lists and as whole records."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from dosebus.catalogue import compile as compiled
from dosebus.catalogue.listing import Listing
from dosebus.catalogue.listings import LISTINGS
from dosebus.catalogue.query import ListQuery, QueryError
from dosebus.catalogue.schema import describe
from dosebus.store.tables import dose
from dosebus_web.api.page import StudyPage
from dosebus_web.auth.gate import ApiReader, public
from dosebus_web.records import record_document
from dosebus_web.web import Here

router = APIRouter(prefix="/api/v1", tags=["studies"])
CONTROLS = frozenset({"listing"})
EVERYTHING = "all"
StudyUid = Annotated[str, Path(max_length=64, pattern=r"^[0-9.]{1,64}$")]


def _listing(name: str) -> Listing:
    if name not in LISTINGS:
        raise HTTPException(404, f"There is no list {name!r}; there are {', '.join(LISTINGS)}.")
    return LISTINGS[name]


@router.get("/studies", response_model=StudyPage, summary="Studies, newest first, or those of one list")
def list_studies(
    request: Request,
    scopes: ApiReader,
    here: Here,
    listing: Annotated[
        str, Query(max_length=20, description="`all`, or `ct`, `rf`, `mg`, `dx`, `nm`.")
    ] = EVERYTHING,
) -> Any:
    """A page of studies.

    With `listing`, rows have the columns of that list (quantities in the units of their names) and every filter
    and sort of `GET /api/v1/listings/{name}` applies, with `limit`, `after` and `before`. Without it, rows tell
    only what all studies have, and `limit`, `after`, `date_from`, `date_to` apply.
    """
    if listing == EVERYTHING:
        return _every(request, here)
    chosen, allow_pid = _listing(listing), "pid" in scopes
    items = [item for item in request.query_params.multi_items() if item[0] not in CONTROLS]
    try:
        query = ListQuery.parse(chosen, items, allow_pid=allow_pid)
    except QueryError as error:
        raise HTTPException(400, str(error)) from error
    with here.database.reading() as connection:
        page = query.page_of(connection.execute(compiled.page(chosen, query)).mappings().all())
    return StudyPage(studies=[dict(row) for row in page.rows], after=page.after, before=page.before)


def _every(request: Request, here: Here) -> StudyPage:
    given = dict(request.query_params)
    unknown = given.keys() - {"listing", "limit", "after", "date_from", "date_to"}
    if unknown:
        raise HTTPException(400, f"{', '.join(sorted(unknown))}: give a listing to filter by this")
    try:
        query = ListQuery.parse(LISTINGS["ct"], [(k, v) for k, v in given.items() if k != "listing"])
    except QueryError as error:
        raise HTTPException(400, str(error)) from error
    study = dose.study.c
    where: list[sa.ColumnElement[bool]] = [study.not_patient_indicator.is_(None)]
    where += [LISTINGS["ct"].filters_by_key[one.key].condition(one.value) for one in query.filters]
    if query.after is not None:
        where.append(study.id < query.after)
    columns = (
        study.id, study.study_instance_uid, study.study_at, study.modality_type, study.modality_types,
        study.study_description, study.device_id, study.number_of_events, study.total_dlp_mgycm,
        study.total_dap_gym2, study.dose_rp_total_gy, study.administered_activity_mbq, study.recorded_at,
        study.revision,
    )  # fmt: skip
    wanted = sa.select(*columns).where(*where).order_by(study.id.desc()).limit(query.limit + 1)
    with here.database.reading() as connection:
        rows = connection.execute(wanted).mappings().all()
    page = rows[: query.limit]
    further = int(page[-1]["id"]) if len(rows) > query.limit else None
    return StudyPage(studies=[dict(row) for row in page], after=further, before=None)


@router.get("/studies/{study_instance_uid}", summary="One study's whole record")
def show_study(scopes: ApiReader, here: Here, study_instance_uid: StudyUid) -> Response:
    """The record, in the format of `dosebus read --json`."""
    study = dose.study.c
    wanted = sa.select(study.record).where(study.study_instance_uid == study_instance_uid)
    with here.database.reading() as connection:
        packed = connection.execute(wanted).scalar()
    if packed is None:
        raise HTTPException(404, "There is no such study.")
    return JSONResponse(record_document(packed, allow_pid="pid" in scopes))


@router.get("/listings/{name}", summary="The columns, filters and sort keys of a list")
def show_listing(scopes: ApiReader, here: Here, name: Annotated[str, Path(max_length=20)]) -> Any:  # noqa: ARG001
    """JSON Schemas of a list's rows, and what it can be filtered and sorted by."""
    return JSONResponse(describe(_listing(name), allow_pid="pid" in scopes))


@router.get("/openapi.json", dependencies=[public()], include_in_schema=False)
def show_openapi(request: Request) -> Response:
    """The API as OpenAPI 3.1."""
    return JSONResponse(request.app.openapi())


@router.get("/docs", dependencies=[public()], include_in_schema=False)
def show_docs(request: Request, here: Here) -> HTMLResponse:
    """The API for people."""
    values = {"paths": request.app.openapi()["paths"]}
    return here.pages.render(request, "api/docs.html", values)
