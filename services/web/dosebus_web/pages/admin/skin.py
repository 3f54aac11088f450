"""The systems whose skin dose is mapped, and the method of the maps."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError

from dosebus.events.extract import SkinMapRequested, SkinSettingsChanged
from dosebus.store.tables import config, dose
from dosebus.store.transaction import Transaction
from dosebus_web.auth import audit
from dosebus_web.auth.gate import Admin, AdminWrites
from dosebus_web.configured import configure
from dosebus_web.language import gettext as _
from dosebus_web.language import marked
from dosebus_web.pages.admin.skin_form import (
    FRESH,
    ORIENTATIONS,
    SkinDeviceForm,
    complaint,
    read_form,
    shown,
)
from dosebus_web.web import Here, Web

router = APIRouter()
PAGE = "/admin/skin"
E = config.skin_device.c
M = dose.skin_map.c
S = dose.study.c
D = dose.device.c
METHOD_SETTING = "skin_method"
UNLISTED_SHOWN = 50
LARGEST_ID = 2**63
METHODS = (
    ("corrected", marked("Corrected (recommended)")),
    ("reference", marked("As openSkin and OpenREM compute it")),
)
TABLE_TYPES = (
    ("fixed", marked("A level table")),
    ("tilting", marked("A table that tilts: only events that tell the tilt are mapped")),
    ("none", marked("No table of its own: no event can be placed")),
)
ANGLES = (
    ("patient", marked("The patient, as DICOM defines them")),
    ("gantry", marked("The gantry, as if the patient lay head first and supine")),
)
OUTCOMES = ("computed", "partial", "not_computed")
Given = Annotated[dict[str, Any], Depends(read_form)]


@router.get("/admin/skin")
def show_systems(request: Request, session: Admin, here: Here) -> Response:  # noqa: ARG001 - the gate
    """The safelist, what became of the studies, and the systems that are not listed."""
    with here.database.reading() as connection:
        rows = connection.execute(
            sa.select(config.skin_device).order_by(
                sa.func.lower(E.manufacturer), sa.func.lower(E.model), E.id
            )
        ).all()
        method = connection.execute(
            sa.select(config.setting.c.value).where(config.setting.c.key == METHOD_SETTING)
        ).scalar()
        outcomes = connection.execute(
            sa.select(M.outcome, sa.func.count().label("studies")).group_by(M.outcome)
        ).all()
        unlisted = connection.execute(
            sa.select(D.manufacturer, D.model, sa.func.count().label("studies"))
            .select_from(dose.skin_map.join(dose.study, S.id == M.study_id).join(dose.device))
            .where(M.reason_code == "not_listed")
            .group_by(D.manufacturer, D.model)
            .order_by(sa.desc("studies"))
            .limit(UNLISTED_SHOWN)
        ).all()
    counts = {row.outcome: row.studies for row in outcomes}
    values = {
        "rows": rows,
        "method": method or "corrected",
        "methods": METHODS,
        "counts": [(outcome, counts.get(outcome, 0)) for outcome in OUTCOMES],
        "unlisted": unlisted,
    }
    return here.pages.render(request, "pages/admin/skin.html", values)


@router.get("/admin/skin/new")
def show_new(
    *,
    request: Request,
    session: Admin,  # noqa: ARG001
    here: Here,
    manufacturer: Annotated[str, Query(max_length=100)] = "",
    model: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """The form for another system, begun with what is asked for."""
    return _form(request, here, {**FRESH, "manufacturer": manufacturer, "model": model}, None)


@router.post("/admin/skin")
def add_system(request: Request, session: AdminWrites, here: Here, given: Given) -> Response:
    """Add a system."""
    try:
        row = SkinDeviceForm.model_validate(given).row()
        with here.database.transaction() as tx:
            entry_id = tx.execute(sa.insert(config.skin_device).values(row).returning(E.id)).scalar_one()
            _tell(tx, session.account.username, "skin.system.added", str(entry_id), row)
    except ValidationError as error:
        return _form(request, here, given, None, complaint(error))
    except IntegrityError:
        return _form(request, here, given, None, _("There is an entry with these patterns already."))
    return here.pages.redirect(PAGE, {"done": "added"})


@router.get("/admin/skin/{entry_id}")
def show_system(request: Request, session: Admin, here: Here, entry_id: int) -> Response:  # noqa: ARG001
    """The form of a system. Raises HTTPException 404."""
    return _form(request, here, shown(_entry(here, entry_id)), entry_id)


@router.post("/admin/skin/method")
def set_method(
    session: AdminWrites, here: Here, method: Annotated[Literal["corrected", "reference"], Form()]
) -> Response:
    """Choose the method; every map is computed again in the background."""
    with here.database.transaction() as tx:
        configure(tx, METHOD_SETTING, method)
        _tell(tx, session.account.username, "skin.method", None, {"method": method})
    return here.pages.redirect(PAGE, {"done": "saved"})


@router.post("/admin/skin/map")
def map_again(
    session: AdminWrites, here: Here, study_instance_uid: Annotated[str, Form(max_length=64)]
) -> Response:
    """Ask for a study's map, whatever stands. Raises HTTPException 404."""
    username = session.account.username
    with here.database.transaction() as tx:
        study_id = tx.execute(sa.select(S.id).where(S.study_instance_uid == study_instance_uid)).scalar()
        if study_id is None:
            raise HTTPException(404, _("There is no such study."))
        wish = SkinMapRequested(study_instance_uid=study_instance_uid, reason="person", requested_by=username)
        tx.publish(wish, subject=study_instance_uid)
        audit.note(tx, username, "skin.map.requested", study_instance_uid)
    return here.pages.redirect(f"/studies/rf/{study_id}/skin", {"done": "requested"})


@router.post("/admin/skin/{entry_id}")
def change_system(
    request: Request, session: AdminWrites, here: Here, entry_id: int, given: Given
) -> Response:
    """Change a system; its studies are mapped again in the background. Raises HTTPException 404."""
    _entry(here, entry_id)
    try:
        row = SkinDeviceForm.model_validate(given).row()
        with here.database.transaction() as tx:
            tx.execute(
                sa.update(config.skin_device)
                .where(E.id == entry_id)
                .values({**row, "version": E.version + 1})
            )
            _tell(tx, session.account.username, "skin.system.changed", str(entry_id), row)
    except ValidationError as error:
        return _form(request, here, given, entry_id, complaint(error))
    except IntegrityError:
        return _form(request, here, given, entry_id, _("There is an entry with these patterns already."))
    return here.pages.redirect(PAGE, {"done": "saved"})


@router.post("/admin/skin/{entry_id}/delete")
def delete_system(session: AdminWrites, here: Here, entry_id: int) -> Response:
    """Take a system off the list. Raises HTTPException 404."""
    row = _entry(here, entry_id)
    with here.database.transaction() as tx:
        tx.execute(sa.delete(config.skin_device).where(E.id == entry_id))
        _tell(tx, session.account.username, "skin.system.deleted", str(entry_id), dict(row))
    return here.pages.redirect(PAGE, {"done": "deleted"})


def _entry(here: Web, entry_id: int) -> sa.RowMapping:
    if 0 < entry_id < LARGEST_ID:
        with here.database.reading() as connection:
            select = sa.select(config.skin_device).where(E.id == entry_id)
            row = connection.execute(select).mappings().first()
        if row is not None:
            return row
    raise HTTPException(404, _("There is no such system on the list."))


def _form(
    request: Request, here: Web, values: dict[str, Any], entry_id: int | None, error: str = ""
) -> Response:
    shown_values = {
        "entry": values,
        "entry_id": entry_id,
        "error": error,
        "table_types": TABLE_TYPES,
        "angles": ANGLES,
        "orientations": ORIENTATIONS,
    }
    status = 400 if error else 200
    return here.pages.render(request, "pages/admin/skin_device.html", shown_values, status_code=status)


def _tell(tx: Transaction, username: str, action: str, subject: str | None, details: dict[str, Any]) -> None:
    """Note who changed what, and let the maps that it concerns be found."""
    audit.note(tx, username, action, subject, details=details)
    tx.publish(SkinSettingsChanged())
