"""The pages of re-derivation: choose studies, see in shadow what would change, put it in place."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import Response

from dosebus.events.identity import uuid7
from dosebus.events.rederivation import (
    RederivationApplyRequested,
    RederivationCancelRequested,
    RederivationRequested,
    Selection,
)
from dosebus.version import VERSION
from dosebus_web.auth import audit
from dosebus_web.auth.gate import Admin, AdminWrites
from dosebus_web.auth.sessions import Session
from dosebus_web.language import gettext as _
from dosebus_web.pages.admin import rederivation_view as view
from dosebus_web.web import Here, Web

router = APIRouter()
ROOT = "/admin/rederivation"
MODALITIES = ("CT", "RF", "MG", "DX", "CR", "PX", "NM")
VERSION_FORM = re.compile(r"\d{1,9}(\.\d{1,9})*")
LARGEST_ID = 2**63


@router.get(ROOT)
def show_rederivations(request: Request, session: Admin, here: Here) -> Response:  # noqa: ARG001 - the gate
    """A form to begin with, and the runs there were."""
    return here.pages.render(request, "pages/admin/rederivation.html", _runs(here))


@router.get(f"{ROOT}/rows")
def show_rows(request: Request, session: Admin, here: Here) -> Response:  # noqa: ARG001
    """The list of runs alone."""
    return here.pages.render(request, "pages/admin/rederivation_rows.html", _runs(here))


@router.post(ROOT)
def request_rederivation(
    *,
    session: AdminWrites,
    here: Here,
    device_id: Annotated[str, Form(max_length=19, pattern=r"^\d*$")] = "",
    modality_type: Annotated[str, Form(max_length=2)] = "",
    date_from: Annotated[str, Form(max_length=10)] = "",
    date_to: Annotated[str, Form(max_length=10)] = "",
    extractor_below: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Ask extract for a shadow. Raises HTTPException 400 for a selection that makes no sense."""
    if modality_type and modality_type not in MODALITIES:
        raise HTTPException(400, _("There is no such modality."))
    if device_id and not 0 < int(device_id) < LARGEST_ID:
        raise HTTPException(400, _("There is no such device."))
    if extractor_below.strip() and not VERSION_FORM.fullmatch(extractor_below.strip()):
        raise HTTPException(400, _("A version is written like 1.2.0."))
    first, last = _day(date_from), _day(date_to)
    if first and last and first > last:
        raise HTTPException(400, _("The first day is after the last."))
    selection = Selection(
        device_id=int(device_id) if device_id else None,
        modality_type=modality_type or None,
        date_from=first,
        date_to=last,
        extractor_below=extractor_below.strip() or None,
    )
    rederivation_id, username = uuid7(), session.account.username
    with here.database.transaction() as tx:
        tx.publish(
            RederivationRequested(
                rederivation_id=rederivation_id, selection=selection, requested_by=username
            ),
            subject=str(rederivation_id),
        )
        details = selection.model_dump(mode="json", exclude_none=True)
        audit.note(tx, username, "rederivation.request", str(rederivation_id), details=details)
    return here.pages.redirect(ROOT, {"done": "requested"})


@router.get(f"{ROOT}/{{rederivation_id}}")
def show_rederivation(request: Request, session: Admin, here: Here, rederivation_id: UUID) -> Response:  # noqa: ARG001
    """One run: how far it is, and what differs by field and device. Raises HTTPException 404."""
    values = _run(here, rederivation_id)
    return here.pages.render(request, "pages/admin/rederivation_run.html", values)


@router.get(f"{ROOT}/{{rederivation_id}}/progress")
def show_progress(request: Request, session: Admin, here: Here, rederivation_id: UUID) -> Response:  # noqa: ARG001
    """The part of a run that changes while it goes on."""
    values = _run(here, rederivation_id)
    return here.pages.render(request, "pages/admin/rederivation_progress.html", values)


@router.get(f"{ROOT}/{{rederivation_id}}/studies")
def show_studies(
    *,
    request: Request,
    session: Admin,  # noqa: ARG001
    here: Here,
    rederivation_id: UUID,
    state: Annotated[str, Query(max_length=20)] = "differs",
    device: Annotated[int | None, Query(ge=1, lt=LARGEST_ID)] = None,
    after: Annotated[int, Query(ge=0, lt=LARGEST_ID)] = 0,
) -> Response:
    """The studies of a run in one state, with their differences. Raises HTTPException 404."""
    if state not in view.STUDY_STATES:
        raise HTTPException(404)
    with here.database.reading() as connection:
        job = view.run(connection, rederivation_id)
        if job is None:
            raise HTTPException(404, _("There is no such re-derivation."))
        rows, following = view.studies(
            connection, rederivation_id, state=state, device_id=device, after=after
        )
        devices = view.device_names(connection)
    values = {
        "job": job,
        "rows": rows,
        "following": following,
        "devices": devices,
        "state": state,
        "device": device,
        "states": view.STUDY_STATES,
        "reasons": view.REASONS,
        "shown_places": view.SHOWN_PLACES,
    }
    return here.pages.render(request, "pages/admin/rederivation_studies.html", values)


@router.post(f"{ROOT}/{{rederivation_id}}/apply")
def apply_rederivation(session: AdminWrites, here: Here, rederivation_id: UUID) -> Response:
    """Ask extract to put a shadow in place. Raises HTTPException 404, and 409 for one that is not ready."""
    job = _existing(here, rederivation_id)
    if job.state != "ready" or job.discarded_at is not None:
        raise HTTPException(409, _("This re-derivation is not ready to be applied."))
    wish = RederivationApplyRequested(rederivation_id=rederivation_id, requested_by=session.account.username)
    return _asked(here, session, wish, "rederivation.apply")


@router.post(f"{ROOT}/{{rederivation_id}}/cancel")
def cancel_rederivation(session: AdminWrites, here: Here, rederivation_id: UUID) -> Response:
    """Ask extract to stop a run. Raises HTTPException 404."""
    _existing(here, rederivation_id)
    wish = RederivationCancelRequested(rederivation_id=rederivation_id, requested_by=session.account.username)
    return _asked(here, session, wish, "rederivation.cancel")


@router.post(f"{ROOT}/{{rederivation_id}}/discard")
def discard_rederivation(session: AdminWrites, here: Here, rederivation_id: UUID) -> Response:
    """Ask extract to throw a shadow away. Raises HTTPException 404."""
    _existing(here, rederivation_id)
    wish = RederivationCancelRequested(
        rederivation_id=rederivation_id, discard=True, requested_by=session.account.username
    )
    return _asked(here, session, wish, "rederivation.discard")


def _asked(
    here: Web,
    session: Session,
    wish: RederivationApplyRequested | RederivationCancelRequested,
    action: str,
) -> Response:
    with here.database.transaction() as tx:
        tx.publish(wish, subject=str(wish.rederivation_id))
        audit.note(tx, session.account.username, action, str(wish.rederivation_id))
    return here.pages.redirect(f"{ROOT}/{wish.rederivation_id}", {"done": "requested"})


def _existing(here: Web, rederivation_id: UUID) -> Any:
    with here.database.reading() as connection:
        job = view.run(connection, rederivation_id)
    if job is None:
        raise HTTPException(404, _("There is no such re-derivation."))
    return job


def _runs(here: Web) -> dict[str, Any]:
    with here.database.reading() as connection:
        devices = view.device_names(connection)
        rows = view.runs(connection)
    return {
        "rows": rows,
        "devices": devices,
        "selected": {row.id: view.selected(row.selection, devices) for row in rows},
        "states": view.STATES,
        "modalities": [(one, one) for one in MODALITIES],
        "version": VERSION,
    }


def _run(here: Web, rederivation_id: UUID) -> dict[str, Any]:
    with here.database.reading() as connection:
        job = view.run(connection, rederivation_id)
        if job is None:
            raise HTTPException(404, _("There is no such re-derivation."))
        devices = view.device_names(connection)
        found = view.summary(connection, rederivation_id, devices)
    return {
        "job": job,
        "selected": view.selected(job.selection, devices),
        "summary": found,
        "states": view.STATES,
        "version": VERSION,
    }


def _day(raw: str) -> date | None:
    if not raw.strip():
        return None
    try:
        return date.fromisoformat(raw.strip())
    except ValueError:
        raise HTTPException(400, _("A day is written like 2026-01-31.")) from None
