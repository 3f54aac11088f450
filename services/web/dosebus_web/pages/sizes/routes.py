"""The page of patient sizes: upload a table, watch its import, fetch the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response, StreamingResponse

from dosebus.events.extract import SizeImportCancelRequested
from dosebus.store.tables.dose_imports import size_import
from dosebus_web.auth import audit
from dosebus_web.auth.gate import Sizer, SizerUploads, SizerWrites
from dosebus_web.http.download import attachment, chunks
from dosebus_web.language import gettext as _
from dosebus_web.language import marked
from dosebus_web.pages.sizes import uploads
from dosebus_web.web import Here, Web

router = APIRouter()
J = size_import.c
SHOWN = 100
OUTCOMES = (
    ("changed", marked("changed"), "good"),
    ("same", marked("had this size"), ""),
    ("kept", marked("kept another size"), "brand"),
    ("no_size", marked("no size given"), ""),
    ("partly", marked("partly read"), "warn"),
    ("unmatched", marked("no such study"), "warn"),
    ("invalid", marked("not readable"), "bad"),
    ("failed", marked("failed"), "bad"),
)
"""What can become of a line, in the order in which it is told."""


def _imports(connection: sa.Connection) -> Sequence[Any]:
    return connection.execute(sa.select(size_import).order_by(J.requested_at.desc()).limit(SHOWN)).all()


def _render(request: Request, here: Web, template: str, *, error: str = "", status: int = 200) -> Response:
    with here.database.reading() as connection:
        imports = _imports(connection)
    values = {
        "imports": imports,
        "outcomes": OUTCOMES,
        "limit": here.settings.size_upload_limit_bytes,
        "error": error,
    }
    return here.pages.render(request, template, values, status_code=status)


@router.get("/sizes")
def show_sizes(request: Request, session: Sizer, here: Here) -> Response:  # noqa: ARG001 - the gate
    """The upload, and all imports, newest first."""
    return _render(request, here, "pages/sizes/sizes.html")


@router.get("/sizes/rows")
def show_rows(request: Request, session: Sizer, here: Here) -> Response:  # noqa: ARG001
    """The imports alone."""
    return _render(request, here, "pages/sizes/rows.html")


@router.post("/sizes")
def upload(request: Request, session: SizerUploads, here: Here) -> Response:
    """Keep a table, and show how it is read."""
    file = request.state.upload
    if file is None or not file.size:
        return _render(request, here, "pages/sizes/sizes.html", error=_("Choose a file."), status=400)
    if file.size > here.settings.size_upload_limit_bytes:
        raise HTTPException(413, _("The file is too large."))
    try:
        upload_id = uploads.keep(here.database, here.blobs, session.account.id, chunks(file.file))
    except OSError as error:
        raise HTTPException(503, _("The file cannot be stored at the moment.")) from error
    with here.database.transaction() as tx:
        details = {"size_bytes": file.size}
        audit.note(tx, session.account.username, "sizes.uploaded", str(upload_id), details=details)
    return here.pages.redirect(f"/sizes/upload/{upload_id}")


@router.post("/sizes/{import_id}/cancel")
def cancel(session: SizerWrites, here: Here, import_id: UUID) -> Response:
    """Ask to stop an import."""
    with here.database.transaction() as tx:
        if tx.execute(sa.select(J.import_id).where(J.import_id == import_id)).first() is None:
            raise HTTPException(404)
        tx.publish(SizeImportCancelRequested(import_id=import_id), subject=str(import_id))
        audit.note(tx, session.account.username, "sizes.cancelled", str(import_id))
    return here.pages.redirect("/sizes", {"done": "cancelling"})


@router.get("/sizes/{import_id}/log")
def download_log(session: Sizer, here: Here, import_id: UUID) -> Response:
    """What happened to each line."""
    with here.database.transaction() as tx:
        found = tx.execute(sa.select(J.log_key, J.requested_at).where(J.import_id == import_id)).first()
        if found is None or found.log_key is None:
            raise HTTPException(404)
        audit.note(tx, session.account.username, "sizes.log_downloaded", str(import_id))
    name = f"dosebus-sizes-{found.requested_at:%Y%m%d-%H%M%S}.csv"
    headers = {"content-disposition": attachment(name)}
    file = here.blobs.open(found.log_key)
    return StreamingResponse(chunks(file), media_type="text/csv; charset=utf-8", headers=headers)
