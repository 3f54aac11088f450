"""Exports: ask for a file, watch it, fetch it."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import parse_qsl
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from dosebus.store.tables import export as tables
from dosebus_web.api import filters, given, problem
from dosebus_web.api.lists import called
from dosebus_web.api.paging import page
from dosebus_web.api.shape import model_of, page_of
from dosebus_web.auth.gate import ApiExporter, ApiExporterWrites
from dosebus_web.pages.exports.formats import formats_of
from dosebus_web.web import Here
from dosebus_web.wishes import exports as wishes

router = APIRouter(prefix="/api/v1", tags=["exports"])
J = tables.job.c
JOB = tuple(column for column in J if column.key not in ("blob_key", "traceparent"))
Export = model_of("Export", "An export and how far it is.", JOB)
ExportPage = page_of("ExportPage", Export, UUID)


class ExportWish(BaseModel):
    """What is to be exported: the studies of a listing that a query string selects."""

    model_config = ConfigDict(extra="forbid")

    listing: str = Field(max_length=20, examples=["ct"])
    query: Annotated[str, Field(max_length=4000, pattern=given.WRITTEN)] = Field(
        "", examples=["date_from=2026-01-01&sort=-total_dlp_mgycm"]
    )
    file_format: str = Field(max_length=20, examples=["csv"])
    include_patient: bool = False


class Requested(BaseModel):
    """What was asked for exists under this id as soon as its service took it."""

    id: UUID


@router.get("/exports", response_model=ExportPage, responses=problem.responses(404), summary="Exports")
def list_exports(
    caller: ApiExporter, here: Here, limit: given.Limit = 50, after: given.AfterUuid = None
) -> Any:
    """One's own exports, newest first; with the scope `admin` everybody's."""
    wanted = sa.select(*JOB)
    if "admin" not in caller.may:
        wanted = wanted.where(J.requested_by == caller.username)
    with here.database.reading() as connection:
        return page(connection, wanted, newest=J.requested_at, key=J.export_id, after=after, limit=limit)


@router.post(
    "/exports",
    status_code=202,
    response_model=Requested,
    responses=problem.responses(404),
    summary="Ask for an export",
)
def request_export(caller: ApiExporterWrites, here: Here, wish: ExportWish) -> Any:
    """Ask for a file. `include_patient` needs the scope `pid`; the query is that of the listing."""
    listing = called(wish.listing)
    formats = dict(formats_of(listing.name))
    if wish.file_format not in formats:
        raise problem.ParameterError({"file_format": f"is not one of {', '.join(formats)}"})
    filters.parse(listing, parse_qsl(wish.query), allow_pid=False)
    return Requested(
        id=wishes.ask(
            here, caller, listing, wish.query, wish.file_format, include_patient=wish.include_patient
        )
    )


@router.get(
    "/exports/{export_id}", response_model=Export, responses=problem.responses(404), summary="One export"
)
def show_export(caller: ApiExporter, here: Here, export_id: UUID) -> Any:
    """How far an export is."""
    with here.database.reading() as connection:
        return dict(wishes.own(connection, caller, export_id)._mapping)


FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {"application/octet-stream": {"schema": {"type": "string"}}}}
}


@router.get(
    "/exports/{export_id}/file",
    response_class=Response,
    responses={**FILE, **problem.responses(404, 409)},
    summary="The file of an export",
)
def download_export(caller: ApiExporter, here: Here, export_id: UUID) -> Response:
    """The file, in its own media type, once the export is completed."""
    return wishes.fetch(here, caller, export_id)


@router.post(
    "/exports/{export_id}/cancel",
    status_code=202,
    response_model=Requested,
    responses=problem.responses(404),
    summary="Stop an export",
)
def cancel_export(caller: ApiExporterWrites, here: Here, export_id: UUID) -> Any:
    """Ask to stop an export."""
    wishes.cancel(here, caller, export_id)
    return Requested(id=export_id)


@router.delete(
    "/exports/{export_id}",
    status_code=202,
    response_model=Requested,
    responses=problem.responses(404),
    summary="Delete an export",
)
def delete_export(caller: ApiExporterWrites, here: Here, export_id: UUID) -> Any:
    """Ask to delete an export and its file."""
    wishes.delete(here, caller, export_id)
    return Requested(id=export_id)
