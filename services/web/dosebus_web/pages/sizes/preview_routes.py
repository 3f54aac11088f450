"""The preview of an uploaded table: how it is read, what is chosen, and the start of its import."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import Response

from dosebus.blobs.blobs import BlobMissingError
from dosebus.events.extract import SizeImportRequested
from dosebus.sizes.upload import uploaded
from dosebus_web.auth import audit
from dosebus_web.auth.gate import Sizer, SizerWrites
from dosebus_web.auth.sessions import Session
from dosebus_web.language import gettext as _
from dosebus_web.language import marked
from dosebus_web.pages.sizes import uploads
from dosebus_web.pages.sizes.preview import UNREAD, Choice, Preview, preview
from dosebus_web.web import Here, Web

router = APIRouter()
ENCODINGS = (("utf-8", "UTF-8"), ("cp1252", "Windows-1252"), ("utf-16", "UTF-16"))
SEPARATOR_NAMES = (
    ("semicolon", marked("Semicolon")),
    ("comma", marked("Comma")),
    ("tab", marked("Tab")),
)
KEY_KINDS = (("accession", marked("Accession number")), ("study-uid", marked("Study Instance UID")))
HEIGHT_UNITS = (
    ("auto", marked("As each value tells: cm or m")),
    ("cm", marked("Centimetres")),
    ("m", marked("Metres")),
)
GONE = marked("This table is not here any more: it was imported, removed, or waited for more than a day.")


@router.get("/sizes/upload/{upload_id}")
def show_preview(
    request: Request, session: Sizer, here: Here, upload_id: UUID, choice: Annotated[Choice, Query()]
) -> Response:
    """The first rows, and what would be imported of them."""
    found = _preview(here, session, upload_id, choice)
    values: dict[str, Any] = {
        "upload_id": upload_id,
        "preview": found,
        "choice": choice,
        "shown": _fixed(found, choice).model_dump_json(),
        "encodings": ENCODINGS,
        "separators": [(key, _(name)) for key, name in SEPARATOR_NAMES],
        "key_kinds": [(key, _(name)) for key, name in KEY_KINDS],
        "height_units": [(key, _(name)) for key, name in HEIGHT_UNITS],
        "columns": list(enumerate(found.headings)),
        "unread": UNREAD,
        "problems": any(one.row and one.row.problems for one in found.rows),
    }
    return here.pages.render(request, "pages/sizes/preview.html", values)


@router.post("/sizes/upload/{upload_id}/start")
def start_import(
    *,
    session: SizerWrites,
    here: Here,
    upload_id: UUID,
    choice: Annotated[str, Form(max_length=500)],
    overwrite: Annotated[bool, Form()] = False,
) -> Response:
    """Ask for the import of the table as it was shown; a table that cannot be imported is shown again."""
    shown = Choice.model_validate_json(choice)
    found = _preview(here, session, upload_id, shown)
    columns, form = found.columns, found.form
    if columns is None or form is None:
        return here.pages.redirect(f"/sizes/upload/{upload_id}", shown.model_dump(exclude_none=True))
    import_id, username = uuid4(), session.account.username
    with here.database.transaction() as tx:
        upload = uploads.of(tx.connection, session.account.id, upload_id)
        if upload is None or not uploads.take(tx, upload_id):
            raise HTTPException(404, _(GONE))
        wish = SizeImportRequested(
            import_id=import_id,
            blob_key=upload.blob_key,
            encoding=found.encoding,
            separator=form.separator,
            key_column=columns.key,
            key_kind=columns.key_kind,
            height_column=columns.height,
            weight_column=columns.weight,
            height_unit=columns.height_unit,
            overwrite=overwrite,
            requested_by=username,
        )
        tx.publish(wish, subject=str(import_id))
        details = {"key": columns.key_kind, "overwrite": overwrite}
        audit.note(tx, username, "sizes.import_requested", str(import_id), details=details)
    return here.pages.redirect("/sizes", {"done": "requested"})


@router.post("/sizes/upload/{upload_id}/discard")
def discard(session: SizerWrites, here: Here, upload_id: UUID) -> Response:
    """Delete an uploaded table without importing it."""
    with here.database.transaction() as tx:
        upload = uploads.of(tx.connection, session.account.id, upload_id)
        if upload is not None and uploads.take(tx, upload_id):
            audit.note(tx, session.account.username, "sizes.discarded", str(upload_id))
            tx.after_commit(lambda: here.blobs.delete(upload.blob_key))
    return here.pages.redirect("/sizes", {"done": "deleted"})


def _fixed(found: Preview, choice: Choice) -> Choice:
    """The choice with everything in it that was found out: what is imported is what was shown."""
    places = {name: UNREAD if place is None else place for name, place in (found.places or {}).items()}
    decided = {"encoding": found.encoding or None, "separator": found.separator or None}
    return choice.model_copy(update=decided | {"key_kind": found.key_kind} | places)


def _preview(here: Web, session: Session, upload_id: UUID, choice: Choice) -> Preview:
    with here.database.reading() as connection:
        upload = uploads.of(connection, session.account.id, upload_id)
    if upload is None:
        raise HTTPException(404, _(GONE))
    try:
        return preview(uploaded(here.blobs, upload.blob_key), choice)
    except BlobMissingError as error:
        raise HTTPException(404, _(GONE)) from error
