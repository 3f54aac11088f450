"""What happens when nobody acknowledges: the steps of one rule, or of all rules without their own."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Form, HTTPException
from fastapi.responses import Response
from sqlalchemy.dialects.postgresql import insert

from dosebus.events.alerts import AlertSettingsChanged
from dosebus.store.tables.config import alert_follow_up, alert_rule
from dosebus_web.auth import audit
from dosebus_web.auth.gate import AdminWrites
from dosebus_web.language import gettext as _
from dosebus_web.web import Here

router = APIRouter()
F = alert_follow_up.c
MOST_HOURS = 24 * 365


def _back(rule_id: int | None) -> str:
    return "/admin/alerts/recipients" if rule_id is None else f"/admin/alerts/rules/{rule_id}"


@router.post("/admin/alerts/steps")
def add_step(
    session: AdminWrites,
    here: Here,
    after_hours: Annotated[float, Form(gt=0, le=MOST_HOURS, allow_inf_nan=False)],
    rule_id: Annotated[int | None, Form(ge=1, lt=2**63)] = None,
    recipients: Annotated[list[int] | None, Form(max_length=1000)] = None,
) -> Response:
    """Add a step, or say anew who is told in the one at that hour. Raises HTTPException 404."""
    username = session.account.username
    told = recipients or None
    with here.database.transaction() as tx:
        if rule_id is not None and tx.execute(
            sa.select(alert_rule.c.id).where(alert_rule.c.id == rule_id)
        ).scalar() is None:  # fmt: skip
            raise HTTPException(404, _("There is no such rule."))
        row = insert(alert_follow_up).values(rule_id=rule_id, after_hours=after_hours, recipients=told)
        tx.execute(
            row.on_conflict_do_update(
                index_elements=[F.rule_id, F.after_hours], set_={"recipients": row.excluded.recipients}
            )
        )
        tx.publish(AlertSettingsChanged())
        details = {"after_hours": after_hours, "recipients": told}
        audit.note(tx, username, "alert_step.set", None if rule_id is None else str(rule_id), details=details)
    return here.pages.redirect(_back(rule_id), {"done": "saved"})


@router.post("/admin/alerts/steps/{step_id}/delete")
def delete_step(session: AdminWrites, here: Here, step_id: int) -> Response:
    """Delete a step. Raises HTTPException 404."""
    with here.database.transaction() as tx:
        row = tx.execute(sa.delete(alert_follow_up).where(F.id == step_id).returning(F.rule_id)).first()
        if row is None:
            raise HTTPException(404, _("There is no such step."))
        tx.publish(AlertSettingsChanged())
        audit.note(tx, session.account.username, "alert_step.deleted", str(step_id))
    return here.pages.redirect(_back(row.rule_id), {"done": "deleted"})
