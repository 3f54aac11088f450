"""The page of one alert, and what people do there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import Response

from dosebus.domain.alerting import BEFORE, JUSTIFICATIONS
from dosebus.domain.quantities import QUANTITIES
from dosebus.events.alerts import AlertMailConfirmationRequested, AlertMailRequested, AlertStateRequested
from dosebus.events.identity import uuid7
from dosebus.store.tables import alerts as tables
from dosebus.store.tables.config import alert_note
from dosebus_web.auth import audit
from dosebus_web.auth.gate import AlertHandlerWrites, Viewer
from dosebus_web.auth.seen import note_seen
from dosebus_web.auth.sessions import Session
from dosebus_web.http.show import instant
from dosebus_web.language import gettext as _
from dosebus_web.language import marked
from dosebus_web.pages.alerts import one
from dosebus_web.pages.alerts.bounces import why_back
from dosebus_web.pages.alerts.people import patient_of
from dosebus_web.pages.alerts.quantities import level_of, value_of, written
from dosebus_web.web import Here, Web

router = APIRouter()
Deed = Literal["acknowledged", "justified", "closed", "reopened"]
Asked = Literal["", "acknowledged", "justified", "closed", "reopened", "sent", "arrived"]
AGAIN = ("failed", "bounced", "in_doubt")
"""States of messages that a person may have sent once more."""
WORDED = ("justified", "reopened")
"""What people do with words of their own."""
DONE: dict[str, tuple[str, str]] = {
    "acknowledged": (
        marked("You acknowledged this alert."),
        marked("%(who)s acknowledged it before you, on %(when)s."),
    ),
    "justified": (
        marked("You justified this alert."),
        marked("%(who)s justified it before you, on %(when)s."),
    ),
    "closed": (marked("You closed this alert."), marked("%(who)s closed it before you, on %(when)s.")),
    "reopened": (
        marked("You opened this alert again. It waits until somebody deals with it."),
        marked("%(who)s opened it again before you, on %(when)s."),
    ),
}
"""What is said to who did it, and to who was too late."""
NOTED = {
    "sent": marked("Asked for. The message is sent again."),
    "arrived": marked("Noted: the message arrived."),
}
"""What is said to who decided about a message."""


def _values(
    here: Web, session: Session, alert_id: UUID, *, asked: str = "", problem: str = "", note: str = ""
) -> dict[str, Any]:
    with here.database.reading(snapshot=True) as connection:
        found = one.view(connection, alert_id)
    if found is None:
        raise HTTPException(404, _("There is no such alert."))
    return {
        "view": found,
        "alert": found.alert,
        "patient": patient_of(found.alert, allow_pid="pid" in session.account.may),
        "asked": asked,
        "outcome": _outcome(found.alert, asked, session.account.username),
        "problem": problem,
        "note": note,
        "may_deal": "alerts" in session.account.may,
        "deeds": [deed for deed, before in BEFORE.items() if found.alert.state in before],
        "reasons": JUSTIFICATIONS,
        "again": AGAIN,
        "why_back": why_back,
        "value_of": value_of,
        "level_of": level_of,
        "written": written,
        "known": QUANTITIES,
    }


def _outcome(alert: Any, asked: str, username: str) -> tuple[str, str]:
    """What became of what was asked for: a sentence and its tone. The alerts service decides who was first."""
    if asked in NOTED:
        return _(NOTED[asked]), "good"
    if asked not in DONE:
        return "", ""
    who, when = getattr(alert, f"{asked}_by"), getattr(alert, f"{asked}_at")
    mine, others = DONE[asked]
    if alert.state in BEFORE[asked] and (who is None or asked == "reopened"):
        return _("It is being written down …"), ""
    if who is None:
        return _too_late(alert), "warn"
    if who == username:
        return _(mine), "good"
    return _(others, who=who, when=instant(when)) + " " + _("What you asked for changed nothing."), "warn"


def _too_late(alert: Any) -> str:
    """Who was faster. What a person did last counts."""
    for deed in ("closed", "justified", "acknowledged", "reopened"):
        who = getattr(alert, f"{deed}_by")
        if who is not None:
            told = _(DONE[deed][1], who=who, when=instant(getattr(alert, f"{deed}_at")))
            return told + " " + _("What you asked for changed nothing.")
    return _("The alert is in another state by now. What you asked for changed nothing.")


@router.get("/alerts/{alert_id}")
def show_alert(request: Request, session: Viewer, here: Here, alert_id: UUID, asked: Asked = "") -> Response:
    """One alert. Raises HTTPException 404."""
    values = _values(here, session, alert_id, asked=asked)
    if "pid" in session.account.may and values["patient"]:
        note_seen(here.database, session.account.username, f"alert {alert_id}")
    return here.pages.render(request, "pages/alerts/alert.html", values)


@router.get("/alerts/{alert_id}/body")
def show_body(request: Request, session: Viewer, here: Here, alert_id: UUID, asked: Asked = "") -> Response:
    """The part that changes. Raises HTTPException 404."""
    values = _values(here, session, alert_id, asked=asked)
    if "pid" in session.account.may and values["patient"]:
        note_seen(here.database, session.account.username, f"alert {alert_id}", refreshed=True)
    return here.pages.render(request, "pages/alerts/alert_body.html", values)


@router.post("/alerts/{alert_id}/state")
def deal_with_alert(
    *,
    request: Request,
    session: AlertHandlerWrites,
    here: Here,
    alert_id: UUID,
    state: Annotated[Deed, Form()],
    justification_code: Annotated[str, Form(max_length=50)] = "",
    note: Annotated[str, Form(max_length=4000)] = "",
) -> Response:
    """Acknowledge, justify or close an alert, or open it again. Raises HTTPException 404.

    Answers 409 with the page where somebody was faster, 400 where the reason is missing.
    """
    with here.database.reading() as connection:
        known = connection.execute(sa.select(tables.alert).where(tables.alert.c.id == alert_id)).first()
    if known is None:
        raise HTTPException(404, _("There is no such alert."))
    if known.state not in BEFORE[state]:
        values = _values(here, session, alert_id, problem=_too_late(known), note=note)
        return here.pages.render(request, "pages/alerts/alert.html", values, status_code=409)
    problem = _missing(state, justification_code, note)
    if problem:
        values = _values(here, session, alert_id, problem=problem, note=note)
        return here.pages.render(request, "pages/alerts/alert.html", values, status_code=400)
    username, text = session.account.username, note.strip()
    note_id = uuid7() if text and state in WORDED else None
    wish = AlertStateRequested(
        alert_id=alert_id,
        state=state,
        justification_code=justification_code if state == "justified" else None,
        note_id=note_id,
        requested_by=username,
    )
    with here.database.transaction() as tx:
        if note_id is not None:
            row = {"id": note_id, "alert_id": alert_id, "text": text, "written_by": username}
            tx.execute(sa.insert(alert_note).values(**row, written_at=datetime.now(UTC)))
        tx.publish(wish, subject=str(alert_id))
        details = {"reason": wish.justification_code} if wish.justification_code else {}
        audit.note(tx, username, f"alert.{state}", str(alert_id), details=details)
    return here.pages.redirect(f"/alerts/{alert_id}", {"asked": state})


def _missing(state: str, code: str, note: str) -> str:
    """What a justification, or the opening of an alert, lacks; empty where it is whole."""
    if state == "reopened":
        return "" if note.strip() else _("Say why the alert is opened again.")
    if state != "justified":
        return ""
    if code not in JUSTIFICATIONS:
        return _("Choose a reason before you justify the alert.")
    if code == "other" and not note.strip():
        return _("Say in your own words what the other reason is.")
    return ""


@router.post("/alerts/{alert_id}/mails/{mail_id}/arrived")
def confirm_arrival(session: AlertHandlerWrites, here: Here, alert_id: UUID, mail_id: UUID) -> Response:
    """Say that a message in doubt did arrive. Raises HTTPException 404, and 409 for one that is in no doubt."""
    if _mail_state(here, alert_id, mail_id) != "in_doubt":
        raise HTTPException(409, _("This message is in doubt no more: somebody was faster."))
    with here.database.transaction() as tx:
        username = session.account.username
        tx.publish(
            AlertMailConfirmationRequested(mail_id=mail_id, requested_by=username), subject=str(alert_id)
        )
        audit.note(tx, username, "alert.mail_arrived", str(alert_id), details={"mail": str(mail_id)})
    return here.pages.redirect(f"/alerts/{alert_id}", {"asked": "arrived"})


def _mail_state(here: Web, alert_id: UUID, mail_id: UUID) -> str:
    mail = tables.mail.c
    with here.database.reading() as connection:
        state = connection.execute(
            sa.select(mail.state).where(mail.id == mail_id, mail.alert_id == alert_id)
        ).scalar()
    if state is None:
        raise HTTPException(404, _("There is no such message."))
    return str(state)


@router.post("/alerts/{alert_id}/mails/{mail_id}/again")
def send_again(session: AlertHandlerWrites, here: Here, alert_id: UUID, mail_id: UUID) -> Response:
    """Have a message sent once more. Raises HTTPException 404, and 409 for one that needs no help."""
    if _mail_state(here, alert_id, mail_id) not in AGAIN:
        raise HTTPException(409, _("This message is on its way or was sent meanwhile: somebody was faster."))
    with here.database.transaction() as tx:
        username = session.account.username
        tx.publish(AlertMailRequested(mail_id=mail_id, requested_by=username), subject=str(alert_id))
        audit.note(tx, username, "alert.mail_again", str(alert_id), details={"mail": str(mail_id)})
    return here.pages.redirect(f"/alerts/{alert_id}", {"asked": "sent"})
