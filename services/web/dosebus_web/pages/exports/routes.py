"""The exports page: ask for a file, watch it grow, fetch it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import parse_qsl
from uuid import UUID, uuid4

import sqlalchemy as sa
from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import Response, StreamingResponse

from dosebus.catalogue.listings import LISTINGS
from dosebus.catalogue.query import ListQuery, QueryError
from dosebus.events.export import ExportCancelRequested, ExportDeletionRequested, ExportRequested
from dosebus.store.tables import export as tables
from dosebus_web.auth import audit
from dosebus_web.auth.gate import Exporter, ExporterWrites
from dosebus_web.auth.sessions import Session
from dosebus_web.http.download import attachment, chunks
from dosebus_web.language import gettext as _
from dosebus_web.pages.exports.formats import formats_of
from dosebus_web.pages.studies import private
from dosebus_web.web import Here, Web

router = APIRouter()
J = tables.job.c


def _jobs(connection: sa.Connection) -> Sequence[Any]:
    return connection.execute(sa.select(tables.job).order_by(J.requested_at.desc()).limit(200)).all()


def _render(request: Request, here: Web, template: str) -> Response:
    with here.database.reading() as connection:
        jobs = _jobs(connection)
    return here.pages.render(request, template, {"jobs": jobs, "listings": LISTINGS, "asked": _asked})


def _asked(listing: str, query: str) -> list[str]:
    """The filter of an export as words."""
    known = LISTINGS[listing].filters_by_key if listing in LISTINGS else {}
    return [
        f"{_(known[key].label) if key in known else key}: {text}"
        for key, text in parse_qsl(query)
        if key not in ("sort", "limit")
    ]


@router.get("/exports")
def show_exports(request: Request, session: Exporter, here: Here) -> Response:  # noqa: ARG001 - the gate
    """All exports, newest first."""
    return _render(request, here, "pages/exports/exports.html")


@router.get("/exports/rows")
def show_rows(request: Request, session: Exporter, here: Here) -> Response:  # noqa: ARG001
    """The list alone."""
    return _render(request, here, "pages/exports/rows.html")


@router.post("/exports")
def request_export(
    *,
    session: ExporterWrites,
    here: Here,
    listing: Annotated[str, Form(max_length=20)],
    file_format: Annotated[str, Form(max_length=20)],
    query: Annotated[str, Form(max_length=4000)] = "",
    include_patient: Annotated[bool, Form()] = False,
) -> Response:
    """Ask for an export of a list with its filter."""
    if listing not in LISTINGS or file_format not in dict(formats_of(listing)):
        raise HTTPException(400, "There is no such export.")
    if include_patient and "pid" not in session.account.may:
        raise HTTPException(403, "Patient names and IDs need the group pid.")
    items = parse_qsl(query)
    hidden = {one.key for one in LISTINGS[listing].filters if private.is_private(one)}
    if any(key in hidden for key, _raw in items):
        raise HTTPException(400, "A search by patient or accession number cannot be exported.")
    try:
        ListQuery.parse(LISTINGS[listing], items)
    except QueryError as error:
        raise HTTPException(400, _("The filter cannot be read: %(why)s.", why=error)) from error
    export_id = uuid4()
    with here.database.transaction() as tx:
        tx.publish(
            ExportRequested(
                export_id=export_id,
                listing=listing,
                query=query,
                file_format=file_format,
                requested_by=session.account.username,
                include_patient=include_patient,
            )
        )
        details = {"listing": listing, "include_patient": include_patient}
        audit.note(tx, session.account.username, "export.requested", str(export_id), details=details)
    return here.pages.redirect("/exports", {"done": "requested"})


def _own_job(connection: sa.Connection, session: Session, export_id: UUID) -> Any:
    """The job, if it is one's own or one administers; with patient data only for the group pid."""
    job = connection.execute(sa.select(tables.job).where(J.export_id == export_id)).first()
    if job is None:
        raise HTTPException(404)
    if job.include_patient and "pid" not in session.account.may:
        raise HTTPException(403, "This export holds patient data.")
    if job.requested_by != session.account.username and "admin" not in session.account.may:
        raise HTTPException(403, "This export is somebody else's.")
    return job


@router.get("/exports/{export_id}/file")
def download(session: Exporter, here: Here, export_id: UUID) -> Response:
    """The file."""
    with here.database.transaction() as tx:
        job = _own_job(tx.connection, session, export_id)
        if job.state != "completed" or job.blob_key is None:
            raise HTTPException(404)
        audit.note(tx, session.account.username, "export.downloaded", str(export_id))
    headers = {"content-disposition": attachment(job.file_name or f"dosebus-{job.listing}.{job.file_format}")}
    if job.size_bytes is not None:
        headers["content-length"] = str(job.size_bytes)
    file = here.blobs.open(job.blob_key)
    media_type = job.media_type or "application/octet-stream"
    return StreamingResponse(chunks(file), media_type=media_type, headers=headers)


@router.post("/exports/{export_id}/cancel")
def cancel(session: ExporterWrites, here: Here, export_id: UUID) -> Response:
    """Ask to stop an export."""
    with here.database.transaction() as tx:
        _own_job(tx.connection, session, export_id)
        tx.publish(ExportCancelRequested(export_id=export_id))
    return here.pages.redirect("/exports", {"done": "cancelling"})


@router.post("/exports/{export_id}/delete")
def delete(session: ExporterWrites, here: Here, export_id: UUID) -> Response:
    """Ask to delete an export and its file."""
    with here.database.transaction() as tx:
        _own_job(tx.connection, session, export_id)
        tx.publish(ExportDeletionRequested(export_id=export_id))
        audit.note(tx, session.account.username, "export.deleted", str(export_id))
    return here.pages.redirect("/exports", {"done": "requested"})
