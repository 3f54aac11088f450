"""Administration of alert levels and recipients."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import Response

from dosebus.domain.quantities import QUANTITIES
from dosebus.events.alerts import AlertSettingsChanged, AlertTestMailRequested
from dosebus.store.tables.config import alert_recipient, alert_rule
from dosebus.store.transaction import Transaction
from dosebus_web.alerting.rules import revise
from dosebus_web.auth import audit
from dosebus_web.auth.gate import Admin, AdminWrites
from dosebus_web.web import Here

router = APIRouter()
Line = Annotated[str, Form(max_length=200)]
Severity = Literal["notice", "warning", "critical"]
LOCALES = (("en", "English"), ("de", "Deutsch"), ("es", "Español"))


@router.get("/admin/alerts")
def show_alert_settings(request: Request, session: Admin, here: Here) -> Response:  # noqa: ARG001 - the gate
    """The rules and who is told."""
    with here.database.reading() as connection:
        rules = connection.execute(sa.select(alert_rule).order_by(alert_rule.c.id)).all()
        recipients = connection.execute(sa.select(alert_recipient).order_by(alert_recipient.c.name)).all()
    values = {"rules": rules, "recipients": recipients, "quantities": QUANTITIES, "locales": LOCALES}
    return here.pages.render(request, "pages/admin/alerts.html", values)


def _changed(tx: Transaction, username: str, action: str, subject: str, details: dict[str, Any]) -> None:
    tx.publish(AlertSettingsChanged())
    audit.note(tx, username, action, subject, details=details)


@router.post("/admin/alerts/rules/{rule_id}")
def change_rule(
    *,
    session: AdminWrites,
    here: Here,
    rule_id: int,
    level: Annotated[float, Form(gt=0, lt=1e12)],
    severity: Annotated[Severity, Form()],
    weeks: Annotated[int | None, Form(ge=1, le=520)] = None,
    enabled: Annotated[bool, Form()] = False,
) -> Response:
    """Change a level (in the shown unit), its weeks, or switch it off."""
    rule = alert_rule.c
    with here.database.transaction() as tx:
        known = tx.execute(sa.select(alert_rule).where(rule.id == rule_id).with_for_update()).first()
        if known is None:
            raise HTTPException(404)
        if (known.scope == "sum") != (weeks is not None):
            raise HTTPException(400, "A sum needs weeks, and nothing else has them.")
        factor = QUANTITIES[known.quantity].factor if known.quantity in QUANTITIES else 1.0
        # Ten digits hide the binary dust of the change of units, so that 20 000 cGy·cm² stays 0.02 Gy·m².
        values = {
            "level": float(f"{level / factor:.10g}"),
            "severity": severity,
            "weeks": weeks,
            "enabled": enabled,
        }
        username = session.account.username
        changed = revise(tx, rule_id, values, username)
        audit.note(tx, username, "alert_rule.changed", known.key, details=changed or {})
    return here.pages.redirect("/admin/alerts", {"done": "saved"})


@router.post("/admin/alerts/recipients")
def add_recipient(
    *,
    session: AdminWrites,
    here: Here,
    name: Annotated[str, Form(min_length=1, max_length=200)],
    email: Annotated[str, Form(max_length=200, pattern=r"^([^@\s]+@[^@\s]+)?$")] = "",
    locale: Annotated[str, Form(max_length=10)] = "en",
) -> Response:
    """Add somebody who is told."""
    chosen = locale if locale in dict(LOCALES) else "en"
    values = {"name": name.strip(), "email": email.strip() or None, "locale": chosen}
    with here.database.transaction() as tx:
        new = tx.execute(
            sa.insert(alert_recipient).values(values).returning(alert_recipient.c.id)
        ).scalar_one()
        _changed(tx, session.account.username, "alert_recipient.added", str(new), {})
    return here.pages.redirect("/admin/alerts", {"done": "added"})


@router.post("/admin/alerts/recipients/{recipient_id}")
def change_recipient(
    *,
    session: AdminWrites,
    here: Here,
    recipient_id: int,
    name: Annotated[str, Form(min_length=1, max_length=200)],
    email: Annotated[str, Form(max_length=200, pattern=r"^([^@\s]+@[^@\s]+)?$")] = "",
    rules: Annotated[list[str] | None, Form()] = None,
    enabled: Annotated[bool, Form()] = False,
) -> Response:
    """Change somebody's address, rules (none: all), or tell them no more."""
    values = {
        "name": name.strip(),
        "email": email.strip() or None,
        "enabled": enabled,
        "rules": rules or None,
    }
    where = alert_recipient.c.id == recipient_id
    with here.database.transaction() as tx:
        tx.execute(sa.update(alert_recipient).where(where).values(values))
        _changed(
            tx, session.account.username, "alert_recipient.changed", str(recipient_id), {"enabled": enabled}
        )
    return here.pages.redirect("/admin/alerts", {"done": "saved"})


@router.post("/admin/alerts/recipients/{recipient_id}/delete")
def delete_recipient(session: AdminWrites, here: Here, recipient_id: int) -> Response:
    """Delete a recipient."""
    with here.database.transaction() as tx:
        tx.execute(sa.delete(alert_recipient).where(alert_recipient.c.id == recipient_id))
        _changed(tx, session.account.username, "alert_recipient.deleted", str(recipient_id), {})
    return here.pages.redirect("/admin/alerts", {"done": "deleted"})


@router.post("/admin/alerts/recipients/{recipient_id}/test")
def request_test_mail(session: AdminWrites, here: Here, recipient_id: int) -> Response:
    """Ask for a test mail."""
    with here.database.transaction() as tx:
        username = session.account.username
        tx.publish(AlertTestMailRequested(recipient_id=recipient_id, requested_by=username))
        audit.note(tx, username, "alert_recipient.test_mail", str(recipient_id))
    return here.pages.redirect("/admin/alerts", {"done": "mail"})
