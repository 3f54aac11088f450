"""Objects that a rule on reading keeps for download: one zip of all, made while it is sent."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Annotated, Any, cast

import sqlalchemy as sa
from fastapi import APIRouter, Form, HTTPException
from fastapi.responses import Response, StreamingResponse

from dosebus.blobs.blobs import BlobMissingError, Blobs
from dosebus.events.extract import KeptObjectsDeletionRequested
from dosebus.store.engine import Database
from dosebus.store.tables import dose
from dosebus_web.auth import audit
from dosebus_web.auth.gate import Admin, AdminWrites
from dosebus_web.http.download import attachment, chunks
from dosebus_web.language import gettext as _
from dosebus_web.web import Here

router = APIRouter()
O = dose.dicom_object.c  # noqa: E741 - the object table
AT_A_TIME = 500


@dataclass
class Pipe:
    """A file that keeps what is written until it is taken: a zip is made without being whole anywhere."""

    waiting: list[bytes] = field(default_factory=list)
    written: int = 0

    def write(self, data: bytes) -> int:
        """Keep some bytes."""
        self.waiting.append(bytes(data))
        self.written += len(data)
        return len(data)

    def tell(self) -> int:
        """How much was written."""
        return self.written

    def flush(self) -> None:
        """Nothing waits elsewhere."""

    def take(self) -> bytes:
        """What was written since the last time."""
        taken, self.waiting = b"".join(self.waiting), []
        return taken


def kept_objects(connection: sa.Connection) -> sa.Row[Any]:
    """How many objects are kept for download, and from when to when they came."""
    return connection.execute(
        sa.select(
            sa.func.count().label("number"),
            sa.func.min(O.received_at).label("first"),
            sa.func.max(O.received_at).label("last"),
        ).where(O.kept_for_download)
    ).one()


@router.get("/admin/reading/kept.zip")
def download_kept(session: Admin, here: Here) -> Response:
    """All objects that are kept, as they came: with whatever they tell of patients, so only for the group pid."""
    if "pid" not in session.account.may:
        raise HTTPException(403, _("These objects may hold patient data: that needs the group pid."))
    with here.database.transaction() as tx:
        number = kept_objects(tx.connection).number
        if not number:
            raise HTTPException(404, _("No object is kept for download."))
        audit.note(tx, session.account.username, "reading.kept.downloaded", details={"objects": number})
    name = f"dosebus-kept-{datetime.now(UTC):%Y%m%d-%H%M%S}.zip"
    headers = {"content-disposition": attachment(name)}
    return StreamingResponse(zipped(here.database, here.blobs), media_type="application/zip", headers=headers)


@router.post("/admin/reading/kept/delete")
def delete_kept(session: AdminWrites, here: Here, received_until: Annotated[datetime, Form()]) -> Response:
    """Ask to delete the kept objects that the page told of; later ones stay."""
    username = session.account.username
    with here.database.transaction() as tx:
        tx.publish(KeptObjectsDeletionRequested(received_until=received_until, requested_by=username))
        details = {"received_until": received_until.isoformat()}
        audit.note(tx, username, "reading.kept.deleted", details=details)
    return here.pages.redirect("/admin/reading", {"done": "requested"})


def zipped(database: Database, blobs: Blobs) -> Iterator[bytes]:
    """A zip of the kept objects, oldest first, a piece at a time. One that has gone meanwhile is left out."""
    pipe = Pipe()
    with zipfile.ZipFile(cast("IO[bytes]", pipe), "w", zipfile.ZIP_DEFLATED) as archive:
        for row in _kept(database):
            when = row.received_at.astimezone().timetuple()[:6]
            info = zipfile.ZipInfo(
                f"{row.sop_instance_uid or row.object_id}-{str(row.object_id)[-6:]}.dcm", when
            )
            info.compress_type = zipfile.ZIP_DEFLATED
            try:
                file = blobs.open(row.blob_key)
            except BlobMissingError:
                continue
            with archive.open(info, "w", force_zip64=True) as entry:
                for chunk in chunks(file):
                    entry.write(chunk)
                    yield pipe.take()
    yield pipe.take()


def _kept(database: Database) -> Iterator[Any]:
    select = sa.select(O.object_id, O.sop_instance_uid, O.blob_key, O.received_at).where(O.kept_for_download)
    after: tuple[Any, Any] | None = None
    while True:
        page = select if after is None else select.where(sa.tuple_(O.received_at, O.object_id) > after)
        with database.reading() as connection:
            rows = connection.execute(page.order_by(O.received_at, O.object_id).limit(AT_A_TIME)).all()
        yield from rows
        if len(rows) < AT_A_TIME:
            return
        after = (rows[-1].received_at, rows[-1].object_id)
