"""Exports: ask for one, look at it, fetch it, stop it, delete it."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from fastapi import HTTPException
from fastapi.responses import Response, StreamingResponse

from dosebus.catalogue.listing import Listing
from dosebus.events.export import ExportCancelRequested, ExportDeletionRequested, ExportRequested
from dosebus.store.tables import export as tables
from dosebus_web.auth.caller import Caller
from dosebus_web.http.download import attachment, chunks
from dosebus_web.language import gettext as _
from dosebus_web.web import Web

J = tables.job.c
BINARY = "application/octet-stream"


def ask(
    here: Web, caller: Caller, listing: Listing, query: str, file_format: str, *, include_patient: bool
) -> UUID:
    """Ask for an export of what `query` selects, and give its id. Raises HTTPException 403.

    That the list has such a query and format is for the caller to look at.
    """
    if include_patient and not caller.allow_pid:
        raise HTTPException(403, _("Patient names and IDs need the group pid."))
    export_id = uuid4()
    wish = ExportRequested(
        export_id=export_id,
        listing=listing.name,
        query=query,
        file_format=file_format,
        requested_by=caller.username,
        include_patient=include_patient,
    )
    with here.database.transaction() as tx:
        tx.publish(wish)
        details = {"listing": listing.name, "include_patient": include_patient}
        caller.note(tx, "export.requested", str(export_id), details)
    return export_id


def own(connection: sa.Connection, caller: Caller, export_id: UUID) -> Any:
    """The job, if it is one's own or one administers; with patient data only for the group pid.

    Raises HTTPException 403 and 404.
    """
    job = connection.execute(sa.select(tables.job).where(J.export_id == export_id)).first()
    if job is None:
        raise HTTPException(404, _("There is no such export."))
    if job.include_patient and not caller.allow_pid:
        raise HTTPException(403, _("This export holds patient data."))
    if job.requested_by != caller.username and "admin" not in caller.may:
        raise HTTPException(403, _("This export is somebody else's."))
    return job


def fetch(here: Web, caller: Caller, export_id: UUID) -> Response:
    """The file. Raises HTTPException 403 and 404, and 409 where there is none yet."""
    with here.database.transaction() as tx:
        job = own(tx.connection, caller, export_id)
        if job.state != "completed" or job.blob_key is None:
            raise HTTPException(409, _("There is no file: the export is not completed."))
        if not here.blobs.exists(job.blob_key):
            raise HTTPException(404, _("The file is gone."))
        details = {"include_patient": True} if job.include_patient else {}
        caller.note(tx, "export.downloaded", str(export_id), details)
    headers = {"content-disposition": attachment(job.file_name or f"dosebus-{job.listing}.{job.file_format}")}
    if job.size_bytes is not None:
        headers["content-length"] = str(job.size_bytes)
    content = chunks(here.blobs.open(job.blob_key))
    return StreamingResponse(content, media_type=job.media_type or BINARY, headers=headers)


def cancel(here: Web, caller: Caller, export_id: UUID) -> None:
    """Ask to stop an export. Raises HTTPException 403 and 404."""
    _ask_about(here, caller, ExportCancelRequested(export_id=export_id), "export.cancelled")


def delete(here: Web, caller: Caller, export_id: UUID) -> None:
    """Ask to delete an export and its file. Raises HTTPException 403 and 404."""
    _ask_about(here, caller, ExportDeletionRequested(export_id=export_id), "export.deleted")


def _ask_about(
    here: Web, caller: Caller, wish: ExportCancelRequested | ExportDeletionRequested, action: str
) -> None:
    with here.database.transaction() as tx:
        own(tx.connection, caller, wish.export_id)
        tx.publish(wish)
        caller.note(tx, action, str(wish.export_id))
