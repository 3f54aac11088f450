"""The alert rules: which there are, switched on, off and on trial; the other alert pages hang on here."""

from __future__ import annotations

from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import Response

from dosebus.domain.quantities import QUANTITIES
from dosebus.store.tables.alerts import alert
from dosebus.store.tables.config import alert_recipient, alert_rule
from dosebus_web.alerting.rules import revise
from dosebus_web.auth import audit
from dosebus_web.auth.gate import Admin, AdminWrites
from dosebus_web.language import gettext as _
from dosebus_web.pages.admin import (
    alert_recalculations,
    alert_recipients,
    alert_rules,
    alert_sets,
    alert_steps,
    alert_trials,
)
from dosebus_web.pages.admin.alert_rule_form import MODES, mode_of
from dosebus_web.pages.alerts.listing import WAITING
from dosebus_web.pages.alerts.quantities import written
from dosebus_web.pages.alerts.reach import gaps_of, has_address, hears
from dosebus_web.web import Here

router = APIRouter()
MODE_VALUES = {
    "off": {"enabled": False, "trial": False},
    "trial": {"enabled": True, "trial": True},
    "on": {"enabled": True, "trial": False},
}


@router.get("/admin/alerts")
def show_rules(request: Request, session: Admin, here: Here) -> Response:  # noqa: ARG001 - the gate
    """The rules, what they raised, and who hears of them."""
    with here.database.reading() as connection:
        rules = connection.execute(
            sa.select(alert_rule).order_by(alert_rule.c.set_key.nulls_first(), alert_rule.c.id)
        ).all()
        recipients = connection.execute(sa.select(alert_recipient).order_by(alert_recipient.c.name)).all()
        raised = connection.execute(
            sa.select(
                alert.c.rule_key, sa.func.count().label("raised"), sa.func.count().filter(WAITING).label("waiting")
            )
            .where(alert.c.withdrawn_at.is_(None))
            .group_by(alert.c.rule_key)
        ).all()  # fmt: skip
    told = {
        rule.id: [one.name for one in recipients if one.enabled and has_address(one) and hears(one, rule)]
        for rule in rules
    }
    values = {
        "rules": rules,
        "told": told,
        "raised": {row.rule_key: row for row in raised},
        "gaps": gaps_of(rules, recipients),
        "modes": {rule.id: mode_of(rule) for rule in rules},
        "mode_labels": MODES,
        "quantities": QUANTITIES,
        "written": written,
    }
    return here.pages.render(request, "pages/admin/alerts.html", values)


@router.post("/admin/alerts/rules/{rule_id}/mode")
def switch_rule(
    session: AdminWrites, here: Here, rule_id: int, mode: Annotated[Literal["off", "trial", "on"], Form()]
) -> Response:
    """Switch a rule off, on, or on trial. Raises HTTPException 404."""
    username = session.account.username
    with here.database.transaction() as tx:
        changed = revise(tx, rule_id, MODE_VALUES[mode], username)
        if changed is None:
            raise HTTPException(404, _("There is no such rule."))
        audit.note(tx, username, "alert_rule.switched", str(rule_id), details={"mode": mode})
    return here.pages.redirect("/admin/alerts", {"done": "saved"})


for part in (alert_rules, alert_steps, alert_sets, alert_trials, alert_recipients, alert_recalculations):
    router.include_router(part.router)
