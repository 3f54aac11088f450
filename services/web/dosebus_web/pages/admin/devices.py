"""The devices that sent something: their names, and which modality their studies are listed under."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import Response

from dosebus.catalogue.listings import LISTINGS
from dosebus.events.extract import DeviceChangeRequested, DeviceRemovalRequested
from dosebus.store.tables import dose
from dosebus_web.auth import audit
from dosebus_web.auth.gate import Admin, AdminWrites
from dosebus_web.language import marked
from dosebus_web.web import Here

router = APIRouter()
D = dose.device.c
PAGE = 100
LATEST = 10
WEIGHED = 500
"""Studies of which findings and unread content are counted: the latest, so that the page stays fast."""
LARGEST_ID = 2**63
MODALITIES = (
    ("none", marked("By the content of each study")),
    ("RF", marked("Always fluoroscopy")),
    ("DX", marked("Always radiography")),
    ("dual", marked("Both: by the content of each study")),
)
SEARCHED = (D.display_name, D.manufacturer, D.model, D.institution, D.station_name, D.device_serial_number)


@router.get("/admin/devices")
def show_devices(
    *,
    request: Request,
    session: Admin,  # noqa: ARG001 - the gate
    here: Here,
    text: Annotated[str, Query(max_length=100)] = "",
    page: Annotated[int, Query(ge=0, le=10_000)] = 0,
) -> Response:
    """The devices whose name, maker, place or serial number contains a text."""
    found = sa.select(dose.device).order_by(sa.func.lower(D.display_name), D.id)
    if text.strip():
        found = found.where(sa.or_(*(one.icontains(text.strip(), autoescape=True) for one in SEARCHED)))
    with here.database.reading() as connection:
        rows = connection.execute(found.limit(PAGE + 1).offset(page * PAGE)).all()
    values = {"rows": rows[:PAGE], "further": len(rows) > PAGE, "text": text, "page": page}
    return here.pages.render(request, "pages/admin/devices.html", values)


@router.get("/admin/devices/{device_id}")
def show_device(request: Request, session: Admin, here: Here, device_id: int) -> Response:  # noqa: ARG001
    """One device, its software over time, and its latest studies. Raises HTTPException 404."""
    software, study = dose.device_software, dose.study
    if not 0 < device_id < LARGEST_ID:
        raise HTTPException(404, "There is no such device.")
    with here.database.reading() as connection:
        device = connection.execute(sa.select(dose.device).where(D.id == device_id)).first()
        if device is None:
            raise HTTPException(404, "There is no such device.")
        versions = connection.execute(
            sa.select(software).where(software.c.device_id == device_id).order_by(software.c.first_seen_at)
        ).all()
        latest = connection.execute(
            sa.select(study.c.id, study.c.study_at, study.c.modality_types, study.c.study_description)
            .where(study.c.device_id == device_id)
            .order_by(sa.text(f"{dose.STUDY_AT_KEY} DESC"), study.c.id.desc())
            .limit(LATEST)
        ).all()
        odd = oddities(connection, device_id)
        lists = _lists(connection, device_id)
        studies = connection.execute(
            sa.select(sa.func.count()).select_from(study).where(study.c.device_id == device_id)
        ).scalar_one()
    values = {
        "studies": studies,
        "device": device,
        "versions": versions,
        "latest": latest,
        "modalities": MODALITIES,
        "weighed": WEIGHED,
        "lists": lists,
        "listings": LISTINGS,
        **odd,
    }
    return here.pages.render(request, "pages/admin/device.html", values)


def _lists(connection: sa.Connection, device_id: int) -> list[tuple[str, int]]:
    """The listings that hold studies of a device, with how many."""
    study = dose.study.c
    counted = [
        sa.func.count().filter(sa.text(predicate)).label(name) for name, predicate in dose.LISTED.items()
    ]
    row = connection.execute(sa.select(*counted).where(study.device_id == device_id)).mappings().one()
    return [(name, number) for name, number in row.items() if number]


def oddities(connection: sa.Connection, device_id: int) -> dict[str, Any]:
    """What was found in a device's latest studies, and what no table of the reader reads, each counted."""
    study, finding, concept = dose.study, dose.finding.c, dose.unread_concept.c
    latest = (
        sa.select(study.c.id)
        .where(study.c.device_id == device_id)
        .order_by(sa.text(f"{dose.STUDY_AT_KEY} DESC"), study.c.id.desc())
        .limit(WEIGHED)
    )
    studies = sa.func.count(finding.study_id.distinct()).label("studies")
    findings = connection.execute(
        sa.select(finding.code, finding.severity, studies, sa.func.max(finding.study_id).label("newest"))
        .where(finding.study_id.in_(latest))
        .group_by(finding.code, finding.severity)
        .order_by(studies.desc(), finding.code)
    ).all()
    named = (concept.code_value, concept.coding_scheme_designator, concept.code_meaning)
    times = sa.func.sum(concept.count).label("times")
    unread = connection.execute(
        sa.select(*named, times, sa.func.max(concept.study_id).label("newest"))
        .where(concept.study_id.in_(latest))
        .group_by(*named)
        .order_by(times.desc(), concept.code_value)
    ).all()
    return {"findings": findings, "unread": unread}


@router.post("/admin/devices/{device_id}")
def change_device(
    *,
    session: AdminWrites,
    here: Here,
    device_id: int,
    display_name: Annotated[str, Form(max_length=200)],
    modality_override: Annotated[Literal["RF", "DX", "dual", "none"], Form()],
) -> Response:
    """Ask extract for what differs. Raises HTTPException 404, and 400 for a blank name."""
    name = " ".join(display_name.split())
    if not name:
        raise HTTPException(400, "A device needs a name.")
    if not 0 < device_id < LARGEST_ID:
        raise HTTPException(404, "There is no such device.")
    username = session.account.username
    with here.database.transaction() as tx:
        known = tx.execute(sa.select(D.display_name, D.modality_override).where(D.id == device_id)).first()
        if known is None:
            raise HTTPException(404, "There is no such device.")
        wish = DeviceChangeRequested(
            device_id=device_id,
            display_name=name if name != known.display_name else None,
            modality_override=(
                modality_override if modality_override != (known.modality_override or "none") else None
            ),
            requested_by=username,
        )
        changes = {
            key: value
            for key, value in wish.model_dump(include={"display_name", "modality_override"}).items()
            if value is not None
        }
        if changes:
            tx.publish(wish, subject=str(device_id))
            audit.note(tx, username, "device.change", str(device_id), details=changes)
    return here.pages.redirect(f"/admin/devices/{device_id}", {"done": "device"})


@router.post("/admin/devices/{device_id}/remove")
def remove_device(
    session: AdminWrites,
    here: Here,
    device_id: int,
    typed: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Ask extract to remove all of a device. Raises HTTPException 404, and 400 where the name is not typed as asked."""
    if not 0 < device_id < LARGEST_ID:
        raise HTTPException(404, "There is no such device.")
    with here.database.transaction() as tx:
        name = tx.execute(sa.select(D.display_name).where(D.id == device_id)).scalar()
        if name is None:
            raise HTTPException(404, "There is no such device.")
        if typed.split() != name.split():
            raise HTTPException(400, "Nothing was deleted: the name that you typed is not the device's name.")
        username = session.account.username
        tx.publish(DeviceRemovalRequested(device_id=device_id, requested_by=username), subject=str(device_id))
        audit.note(tx, username, "device.remove", str(device_id))
    return here.pages.redirect("/admin/devices", {"done": "device-removing"})
