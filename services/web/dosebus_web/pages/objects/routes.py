"""The objects that gave no record, with the reason."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response

from dosebus.events.extract import ObjectRereadRequested
from dosebus.store.tables import dose
from dosebus.store.tables.ingest import object_ as received
from dosebus_web.auth import audit
from dosebus_web.auth.gate import Admin, AdminWrites
from dosebus_web.language import gettext as _
from dosebus_web.web import Here, Web

router = APIRouter()
O = dose.dicom_object.c  # noqa: E741 - the object table
PAGE = 50
Outcome = Literal["", "rejected", "ignored"]


def _filtered(outcome: str, reason: str) -> tuple[sa.ColumnElement[bool], ...]:
    found = [O.outcome != "recorded"]
    if outcome:
        found.append(O.outcome == outcome)
    if reason:
        found.append(O.reason_code == reason)
    return tuple(found)


def _render(request: Request, here: Web, template: str, *, outcome: str, reason: str, page: int) -> Response:
    where = _filtered(outcome, reason)
    columns = [column for column in O if column.name != "contribution"]
    statement = (
        sa.select(
            *columns, received.c.calling_ae_title, received.c.peer_address, received.c.door,
            received.c.size_bytes,
        )
        .select_from(dose.dicom_object.outerjoin(received, received.c.object_id == O.object_id))
        .where(*where)
        .order_by(O.recorded_at.desc(), O.object_id)
        .limit(PAGE + 1)
        .offset(page * PAGE)
    )  # fmt: skip
    number = sa.func.count().label("number")
    reasons = (
        sa.select(O.reason_code, O.outcome, number)
        .where(O.outcome != "recorded")
        .group_by(O.reason_code, O.outcome)
        .order_by(number.desc())
    )
    with here.database.reading() as connection:
        rows = connection.execute(statement).all()
        summary = connection.execute(reasons).all()
    values: dict[str, Any] = {
        "rows": rows[:PAGE],
        "summary": summary,
        "outcome": outcome,
        "reason": reason,
        "page": page,
        "further": len(rows) > PAGE,
    }
    return here.pages.render(request, template, values)


@router.get("/objects")
def show_objects(
    *,
    request: Request,
    session: Admin,  # noqa: ARG001 - the gate
    here: Here,
    outcome: Outcome = "",
    reason: Annotated[str, Query(max_length=100)] = "",
    page: Annotated[int, Query(ge=0, le=10_000)] = 0,
) -> Response:
    """What was set aside, newest first."""
    return _render(request, here, "pages/objects/objects.html", outcome=outcome, reason=reason, page=page)


@router.get("/objects/rows")
def show_rows(
    *,
    request: Request,
    session: Admin,  # noqa: ARG001
    here: Here,
    outcome: Outcome = "",
    reason: Annotated[str, Query(max_length=100)] = "",
    page: Annotated[int, Query(ge=0, le=10_000)] = 0,
) -> Response:
    """The list alone."""
    return _render(request, here, "pages/objects/rows.html", outcome=outcome, reason=reason, page=page)


@router.post("/objects/{object_id}/reread")
def reread(session: AdminWrites, here: Here, object_id: UUID) -> Response:
    """Ask extract to read an object again. Raises HTTPException 400 for one that was deleted after reading."""
    with here.database.transaction() as tx:
        deleted = tx.execute(sa.select(O.deleted_at).where(O.object_id == object_id)).scalar()
        if deleted is not None:
            raise HTTPException(
                400, _("The object was deleted after reading: there is nothing to read again.")
            )
        tx.publish(ObjectRereadRequested(object_id=object_id, requested_by=session.account.username))
        audit.note(tx, session.account.username, "object.reread", str(object_id))
    return here.pages.redirect("/objects", {"done": "reread"})
