"""The tasks page: what runs, what ran, what failed; stop it or ask for it again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from fastapi.responses import Response

from dosebus.store.transaction import Transaction
from dosebus_web.auth import audit
from dosebus_web.auth.gate import Viewer, ViewerWrites
from dosebus_web.auth.sessions import Session
from dosebus_web.language import gettext as _
from dosebus_web.pages.alerts.listing import lost_messages
from dosebus_web.pages.tasks.board import Asked, tasks
from dosebus_web.pages.tasks.kinds import KINDS, PHASE_OF, PHASES, UNDER_WAY, Kind
from dosebus_web.web import Here, Web

router = APIRouter()
Phase = Annotated[str, Query(max_length=20)]
Name = Annotated[str, Path(max_length=20)]


@dataclass(frozen=True)
class Wanted:
    """What the address asks for."""

    phase: Phase = ""
    kind: Phase = ""
    before: datetime | None = None

    def items(self) -> list[tuple[str, str]]:
        """It as query-string items."""
        before = self.before.isoformat() if self.before else ""
        return [("phase", self.phase), ("kind", self.kind), ("before", before)]


Asks = Annotated[Wanted, Depends(Wanted)]


def _render(request: Request, session: Session, here: Web, template: str, wanted: Wanted) -> Response:
    may = session.account.may
    phase = wanted.phase if wanted.phase in PHASES else ""
    asked = Asked(session.account.username, may, phase, wanted.kind, wanted.before)
    with here.database.reading() as connection:
        found, further = tasks(connection, asked)
        lost = lost_messages(connection)
    values = {
        "tasks": found,
        "messages_lost": lost,
        "further": further,
        "phase": phase,
        "kind": wanted.kind,
        "phases": PHASES,
        "kinds": [one for one in KINDS.values() if one.group in may],
        "own_items": wanted.items(),
    }
    return here.pages.render(request, template, values)


@router.get("/tasks")
def show_tasks(request: Request, session: Viewer, here: Here, wanted: Asks) -> Response:
    """All tasks that one may see."""
    return _render(request, session, here, "pages/tasks/tasks.html", wanted)


@router.get("/tasks/rows")
def show_task_rows(request: Request, session: Viewer, here: Here, wanted: Asks) -> Response:
    """The list alone, fetched again when something goes on."""
    return _render(request, session, here, "pages/tasks/rows.html", wanted)


def _own(tx: Transaction, session: Session, name: str, task_id: UUID) -> tuple[Kind, Any]:
    """The task, if it is one's own or one administers. Raises HTTPException 403 and 404."""
    kind = KINDS.get(name)
    if kind is None:
        raise HTTPException(404)
    if kind.group not in session.account.may:
        raise HTTPException(403, _("This needs the group %(group)s.", group=kind.group))
    row = tx.execute(kind.find(task_id)).first()
    if row is None:
        raise HTTPException(404)
    if row.requested_by != session.account.username and "admin" not in session.account.may:
        raise HTTPException(403, _("This task is somebody else's."))
    if getattr(row, "include_patient", False) and "pid" not in session.account.may:
        raise HTTPException(403, _("This task holds patient data."))
    return kind, row


@router.post("/tasks/{name}/{task_id}/cancel")
def cancel_task(session: ViewerWrites, here: Here, name: Name, task_id: UUID) -> Response:
    """Ask its service to stop a task. Raises HTTPException 409 for one that has ended."""
    username = session.account.username
    with here.database.transaction() as tx:
        kind, row = _own(tx, session, name, task_id)
        if kind.cancel is None or PHASE_OF.get(row.state) not in UNDER_WAY:
            raise HTTPException(409, _("This task cannot be stopped any more."))
        tx.publish(kind.cancel(row, username))
        audit.note(tx, username, "task.cancel", str(task_id), details={"kind": kind.key})
    return here.pages.redirect("/tasks", {"done": "cancelling"})


@router.post("/tasks/{name}/{task_id}/retry")
def retry_task(session: ViewerWrites, here: Here, name: Name, task_id: UUID) -> Response:
    """Ask for the same work as a new task. Raises HTTPException 409 for one that has not ended."""
    username = session.account.username
    with here.database.transaction() as tx:
        kind, row = _own(tx, session, name, task_id)
        if kind.retry is None or PHASE_OF.get(row.state) in UNDER_WAY:
            raise HTTPException(409, _("This task cannot be repeated."))
        tx.publish(kind.retry(row, username))
        audit.note(tx, username, "task.retry", str(task_id), details={"kind": kind.key})
    return here.pages.redirect("/tasks", {"done": "requested"})
