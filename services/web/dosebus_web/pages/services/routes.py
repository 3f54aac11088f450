"""The services and queues page."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import Response

from dosebus_web.auth import audit
from dosebus_web.auth.gate import Admin, AdminWrites
from dosebus_web.pages.services.board import SERVICES, board
from dosebus_web.web import Here

router = APIRouter()
ServiceName = Annotated[str, Form(max_length=40)]
MessageId = Annotated[str, Form(max_length=80)]


def event_of(body: bytes) -> str:
    """The data of an envelope as indented JSON; events hold no patient data."""
    try:
        envelope: Any = json.loads(body)
        return json.dumps(envelope.get("data", envelope), indent=1)[:4000]
    except (ValueError, AttributeError):
        return "(cannot be read)"


@router.get("/services")
def show_services(request: Request, session: Admin, here: Here) -> Response:  # noqa: ARG001 - the gate
    """Every service, queue and dead letter."""
    values = {"view": board(here.neighbours, here.bus), "event_of": event_of}
    return here.pages.render(request, "pages/services/services.html", values)


@router.get("/services/rows")
def show_rows(request: Request, session: Admin, here: Here) -> Response:  # noqa: ARG001
    """The same without its frame."""
    values = {"view": board(here.neighbours, here.bus), "event_of": event_of}
    return here.pages.render(request, "pages/services/rows.html", values)


@router.post("/services/replay")
def replay(session: AdminWrites, here: Here, service: ServiceName, message_id: MessageId) -> Response:
    """Send a dead letter to its queue again."""
    if service not in SERVICES or not here.bus.replay(service, message_id):
        raise HTTPException(404, "There is no such dead letter any more.")
    _note(here, session.account.username, "letter.replayed", service, message_id)
    return here.pages.redirect("/services", {"done": "replayed"})


@router.post("/services/discard")
def discard(session: AdminWrites, here: Here, service: ServiceName, message_id: MessageId) -> Response:
    """Delete a dead letter."""
    if service not in SERVICES or not here.bus.discard(service, message_id):
        raise HTTPException(404, "There is no such dead letter any more.")
    _note(here, session.account.username, "letter.discarded", service, message_id)
    return here.pages.redirect("/services", {"done": "discarded"})


def _note(here: Here, username: str, action: str, service: str, message_id: str) -> None:
    with here.database.transaction() as tx:
        audit.note(tx, username, action, message_id, details={"service": service})
