"""Who is told of alerts: people and programs, when, of what; and what is told at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from zoneinfo import available_timezones

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import Response
from pydantic import ValidationError

from dosebus.domain.alerting import TELLABLE
from dosebus.events.alerts import AlertSettingsChanged, AlertTestMailRequested
from dosebus.store.tables.alerts import address, mail
from dosebus.store.tables.config import alert_follow_up, alert_recipient, alert_rule
from dosebus.store.transaction import Transaction
from dosebus_web.auth import audit
from dosebus_web.auth.gate import Admin, AdminWrites
from dosebus_web.configured import configure, configured
from dosebus_web.language import gettext as _
from dosebus_web.pages.admin.alert_recipient_form import (
    CHANNELS,
    FRESH,
    LOCALES,
    RecipientForm,
    complaints,
    read_form,
    shown,
)
from dosebus_web.pages.alerts.bounces import unread_mailboxes, why_back
from dosebus_web.pages.alerts.reach import gaps_of, has_address
from dosebus_web.web import Here, Web

router = APIRouter()
ROOT = "/admin/alerts/recipients"
P = alert_recipient.c
Given = Annotated[dict[str, Any], Depends(read_form)]
ZONE = "site.time_zone"
AFTER_RECALCULATION = "alerts.mail_after_recalculation"
MAIL_FIELDS = "alerts.mail_fields"
LATEST = 10


@router.get(ROOT)
def show_recipients(request: Request, session: Admin, here: Here) -> Response:  # noqa: ARG001 - the gate
    """Everybody who is told, the steps when nobody acknowledges, and what is told."""
    with here.database.reading() as connection:
        rules = connection.execute(sa.select(alert_rule).order_by(alert_rule.c.id)).all()
        rows = connection.execute(sa.select(alert_recipient).order_by(sa.func.lower(P.name), P.id)).all()
        steps = connection.execute(
            sa.select(alert_follow_up)
            .where(alert_follow_up.c.rule_id.is_(None))
            .order_by(alert_follow_up.c.after_hours)
        ).all()
        addresses = {row.address: row for row in connection.execute(sa.select(address))}
        zone, after, fields = (
            configured(connection, key) for key in (ZONE, AFTER_RECALCULATION, MAIL_FIELDS)
        )
        unread = unread_mailboxes(connection)
    values = {
        "rows": rows,
        "gaps": gaps_of(rules, rows),
        "steps": steps,
        "standing": {row.id: addresses.get(_address(row)) for row in rows},
        "reached": {row.id for row in rows if has_address(row)},
        "zone": zone or "UTC",
        "zones": sorted(available_timezones()),
        "mail_after_recalculation": after is True,
        "mail_fields": fields or [],
        "tellable": TELLABLE,
        "unread": unread,
    }
    return here.pages.render(request, "pages/admin/alert_recipients.html", values)


def _address(row: Any) -> str:
    """The address as the alerts service keeps it."""
    return f"webhook:{row.id}" if row.channel == "webhook" else (row.email or "").strip().lower()


@router.get(f"{ROOT}/new")
def show_new_recipient(request: Request, session: Admin, here: Here) -> Response:  # noqa: ARG001
    """The form of another recipient."""
    return _page(request, here, FRESH, None)


@router.get(f"{ROOT}/{{recipient_id}}")
def show_recipient(request: Request, session: Admin, here: Here, recipient_id: int) -> Response:  # noqa: ARG001
    """One recipient. Raises HTTPException 404."""
    row = _recipient(here, recipient_id)
    return _page(request, here, shown(row), row)


@router.get(f"{ROOT}/{{recipient_id}}/messages")
def show_messages(request: Request, session: Admin, here: Here, recipient_id: int) -> Response:  # noqa: ARG001
    """The latest messages to a recipient, alone. Raises HTTPException 404."""
    row = _recipient(here, recipient_id)
    with here.database.reading() as connection:
        values = _deliveries(connection, row)
    return here.pages.render(request, "pages/admin/alert_messages.html", values | {"row": row})


@router.post(ROOT)
def add_recipient(request: Request, session: AdminWrites, here: Here, given: Given) -> Response:
    """Add somebody who is told. Answers 400 with the form where something is wrong in it."""
    try:
        values = RecipientForm.model_validate(given).row()
    except ValidationError as error:
        return _page(request, here, given, None, complaints(error))
    with here.database.transaction() as tx:
        new = tx.execute(sa.insert(alert_recipient).values(values).returning(P.id)).scalar_one()
        _changed(tx, session.account.username, "alert_recipient.added", str(new))
    return here.pages.redirect(f"{ROOT}/{new}", {"done": "added"})


@router.post(f"{ROOT}/{{recipient_id}}")
def change_recipient(
    request: Request, session: AdminWrites, here: Here, recipient_id: int, given: Given
) -> Response:
    """Change a recipient. Raises HTTPException 404."""
    row = _recipient(here, recipient_id)
    try:
        values = RecipientForm.model_validate(given).row()
    except ValidationError as error:
        return _page(request, here, given, row, complaints(error))
    with here.database.transaction() as tx:
        tx.execute(sa.update(alert_recipient).where(P.id == recipient_id).values(values))
        _changed(tx, session.account.username, "alert_recipient.changed", str(recipient_id))
    return here.pages.redirect(f"{ROOT}/{recipient_id}", {"done": "saved"})


@router.post(f"{ROOT}/{{recipient_id}}/delete")
def delete_recipient(session: AdminWrites, here: Here, recipient_id: int) -> Response:
    """Delete a recipient; what was sent stays in the history of its alerts."""
    with here.database.transaction() as tx:
        tx.execute(sa.delete(alert_recipient).where(P.id == recipient_id))
        _changed(tx, session.account.username, "alert_recipient.deleted", str(recipient_id))
    return here.pages.redirect(ROOT, {"done": "deleted"})


@router.post(f"{ROOT}/{{recipient_id}}/test")
def request_test(session: AdminWrites, here: Here, recipient_id: int) -> Response:
    """Ask for a test message. Raises HTTPException 404, and 409 for a recipient without an address."""
    row = _recipient(here, recipient_id)
    if not has_address(row):
        raise HTTPException(409, _("This recipient has no address: save one first."))
    with here.database.transaction() as tx:
        username = session.account.username
        tx.publish(AlertTestMailRequested(recipient_id=recipient_id, requested_by=username))
        audit.note(tx, username, "alert_recipient.test_mail", str(recipient_id))
    return here.pages.redirect(f"{ROOT}/{recipient_id}", {"done": "mail"})


@router.post("/admin/alerts/settings")
def change_settings(
    *,
    session: AdminWrites,
    here: Here,
    time_zone: Annotated[str, Form(max_length=100)] = "UTC",
    mail_after_recalculation: Annotated[bool, Form()] = False,
    mail_fields: Annotated[list[str] | None, Form(max_length=50)] = None,
) -> Response:
    """Set the site's time zone, and what messages tell. Raises HTTPException 400 for what is not known."""
    told = mail_fields or []
    if time_zone not in available_timezones() or any(one not in TELLABLE for one in told):
        raise HTTPException(400, _("There is no such time zone, or no such entry."))
    values = {ZONE: time_zone, AFTER_RECALCULATION: mail_after_recalculation, MAIL_FIELDS: told}
    with here.database.transaction() as tx:
        for key, value in values.items():
            configure(tx, key, value)
        # No study is checked again: these settings only say when and what is told.
        audit.note(tx, session.account.username, "alert_settings.changed", details=values)
    return here.pages.redirect(ROOT, {"done": "saved"})


def _changed(tx: Transaction, username: str, action: str, subject: str) -> None:
    tx.publish(AlertSettingsChanged())
    audit.note(tx, username, action, subject)


def _recipient(here: Web, recipient_id: int) -> Any:
    with here.database.reading() as connection:
        row = connection.execute(sa.select(alert_recipient).where(P.id == recipient_id)).first()
    if row is None:
        raise HTTPException(404, _("There is no such recipient."))
    return row


def _deliveries(connection: sa.Connection, row: Any) -> dict[str, Any]:
    m = mail.c
    latest = sa.select(mail).where(m.recipient_id == row.id).order_by(m.created_at.desc()).limit(LATEST)
    known = sa.select(address).where(address.c.address == _address(row))
    return {
        "messages": connection.execute(latest).all(),
        "address": connection.execute(known).first(),
        "reachable": has_address(row),
        "why_back": why_back,
    }


def _page(
    request: Request,
    here: Web,
    entry: Mapping[str, Any],
    row: Any,
    problems: Mapping[str, str] | None = None,
) -> Response:
    with here.database.reading() as connection:
        rules = connection.execute(sa.select(alert_rule).order_by(alert_rule.c.id)).all()
        values = _deliveries(connection, row) if row is not None else {}
        values["zone"] = configured(connection, ZONE) or "UTC"
    values |= {
        "entry": entry,
        "row": row,
        "problems": problems or {},
        "rules": rules,
        "locales": LOCALES,
        "channels": CHANNELS,
    }
    return here.pages.render(
        request, "pages/admin/alert_recipient.html", values, status_code=400 if problems else 200
    )
