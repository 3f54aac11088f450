"""The doors of the administration, and the audit log."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from dosebus.store.tables.web import audit
from dosebus_web.auth.gate import Admin
from dosebus_web.language import marked
from dosebus_web.web import Here

router = APIRouter()
PAGE = 100
DOORS = (
    ("/admin/users", marked("Users and tokens"), marked("Who may sign in, and what they may do.")),
    ("/admin/nodes", marked("DICOM nodes"), marked("Archives that can be asked for studies.")),
    ("/names", marked("Standard names"), marked("One name for what devices and people call differently.")),
    ("/admin/devices", marked("Devices"), marked("What they are called, and which modality they count as.")),
    (
        "/admin/reading",
        marked("Rules on reading"),
        marked("Devices that are ignored, names by UID, what is deleted after reading."),
    ),
    ("/admin/people", marked("Patients"), marked("What is kept of them, and who is none.")),
    (
        "/admin/rederivation",
        marked("Re-derivation"),
        marked("Read archived objects again, and compare before anything changes."),
    ),
    (
        "/admin/skin",
        marked("Skin dose maps"),
        marked("Which systems are mapped, with which offsets, by which method."),
    ),
    ("/admin/alerts", marked("Alert levels and recipients"), marked("When to warn, and whom.")),
    ("/admin/home", marked("Home page"), marked("Which periods it counts, and when a device is silent.")),
    ("/objects", marked("Objects set aside"), marked("What gave no record, and why.")),
    ("/services", marked("Services and queues"), marked("How every part is; dead letters.")),
    ("/admin/audit", marked("Audit log"), marked("Who did what.")),
)


@router.get("/admin")
def show_doors(request: Request, session: Admin, here: Here) -> Response:  # noqa: ARG001 - the gate
    """Where things are administered."""
    return here.pages.render(request, "pages/admin/overview.html", {"doors": DOORS})


@router.get("/admin/audit")
def show_audit(
    *,
    request: Request,
    session: Admin,  # noqa: ARG001
    here: Here,
    user: Annotated[str, Query(max_length=80)] = "",
    action: Annotated[str, Query(max_length=80)] = "",
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> Response:
    """The audit log, newest first."""
    line = audit.c
    where: list[sa.ColumnElement[bool]] = []
    if user:
        where.append(line.username == user)
    if action:
        where.append(line.action.startswith(action, autoescape=True))
    if before is not None:
        where.append(line.id < before)
    with here.database.reading() as connection:
        rows = connection.execute(
            sa.select(audit).where(*where).order_by(line.id.desc()).limit(PAGE + 1)
        ).all()
    values = {"rows": rows[:PAGE], "further": len(rows) > PAGE, "user": user, "action": action}
    return here.pages.render(request, "pages/admin/audit.html", values)
