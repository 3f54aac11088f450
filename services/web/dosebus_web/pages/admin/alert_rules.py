"""One alert rule: its form, its history, and the wish to try it on past days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import uuid4

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import Response
from pydantic import ValidationError

from dosebus.domain.alerting import SEVERITIES
from dosebus.domain.quantities import QUANTITIES
from dosebus.domain.rule_sets import RULE_SETS
from dosebus.events.alerts import AlertRuleTrialRequested, RuleProposal
from dosebus.events.identity import uuid7
from dosebus.store.tables import config, dose
from dosebus.store.tables.alerts import trial
from dosebus_web.alerting.rules import EDITABLE, add, noted, revise
from dosebus_web.auth import audit
from dosebus_web.auth.gate import Admin, AdminWrites
from dosebus_web.auth.sessions import Session
from dosebus_web.language import gettext as _
from dosebus_web.pages.admin.alert_rule_form import (
    FRESH,
    MODALITIES,
    MODES,
    SCOPES,
    RuleForm,
    complaints,
    read_form,
    shown,
)
from dosebus_web.pages.alerts.quantities import written
from dosebus_web.pages.alerts.rule_words import Names, change, read_names
from dosebus_web.web import Here, Web

router = APIRouter()
ROOT = "/admin/alerts/rules"
R = config.alert_rule.c
Given = Annotated[dict[str, Any], Depends(read_form)]
Day = Annotated[str, Form(max_length=10)]
PERIOD = timedelta(days=364)
LATEST_TRIALS = 10


@router.get(f"{ROOT}/new")
def show_new_rule(request: Request, session: Admin, here: Here) -> Response:  # noqa: ARG001 - the gate
    """The form of another rule."""
    return _page(request, here, FRESH, None)


@router.get(f"{ROOT}/{{rule_id}}")
def show_rule(request: Request, session: Admin, here: Here, rule_id: int) -> Response:  # noqa: ARG001
    """One rule. Raises HTTPException 404."""
    row = _rule(here, rule_id)
    return _page(request, here, shown(row), row)


@router.post(ROOT)
def add_rule(request: Request, session: AdminWrites, here: Here, given: Given) -> Response:
    """Add a rule of the site's own. Answers 400 with the form where something is wrong in it."""
    try:
        values = RuleForm.model_validate(given).row()
    except ValidationError as error:
        return _page(request, here, given, None, complaints(error))
    key, username = f"site-{uuid4().hex[:12]}", session.account.username
    with here.database.transaction() as tx:
        rule_id = add(tx, {**values, "key": key}, username)
        audit.note(tx, username, "alert_rule.added", key, details=values)
    return here.pages.redirect(f"{ROOT}/{rule_id}", {"done": "added"})


@router.post(f"{ROOT}/{{rule_id}}")
def change_rule(request: Request, session: AdminWrites, here: Here, rule_id: int, given: Given) -> Response:
    """Change a rule; what it said before is kept as its former version. Raises HTTPException 404."""
    row = _rule(here, rule_id)
    try:
        values = RuleForm.model_validate(given).row()
    except ValidationError as error:
        return _page(request, here, given, row, complaints(error))
    username = session.account.username
    with here.database.transaction() as tx:
        changed = revise(tx, rule_id, values, username)
        audit.note(tx, username, "alert_rule.changed", row.key, details=noted(changed or {}, row.quantity))
    return here.pages.redirect(f"{ROOT}/{rule_id}", {"done": "saved"})


@router.post("/admin/alerts/trials")
def try_new_rule(
    *,
    request: Request,
    session: AdminWrites,
    here: Here,
    given: Given,
    date_from: Day = "",
    date_until: Day = "",
) -> Response:
    """Try a rule that is not saved yet on past days."""
    return _try(request, session, here, given, None, (date_from, date_until))


@router.post(f"{ROOT}/{{rule_id}}/try")
def try_rule(
    *,
    request: Request,
    session: AdminWrites,
    here: Here,
    rule_id: int,
    given: Given,
    date_from: Day = "",
    date_until: Day = "",
) -> Response:
    """Try a rule as it stands in the form, saved or not, on past days. Raises HTTPException 404."""
    return _try(request, session, here, given, _rule(here, rule_id), (date_from, date_until))


def _try(  # noqa: PLR0917 - who asks for what
    request: Request, session: Session, here: Web, given: Mapping[str, Any], row: Any, days: tuple[str, str]
) -> Response:
    try:
        values = RuleForm.model_validate(given).row()
    except ValidationError as error:
        return _page(request, here, given, row, complaints(error), days=days)
    try:
        first, last = (date.fromisoformat(day) for day in days)
    except ValueError:
        return _page(request, here, given, row, {"date_until": _("Choose both days.")}, days=days)
    if first > last:
        return _page(
            request, here, given, row, {"date_until": _("The first day is after the last.")}, days=days
        )
    trial_id, username = uuid7(), session.account.username
    wish = AlertRuleTrialRequested(
        trial_id=trial_id,
        rule_key=None if row is None else row.key,
        rule=RuleProposal.model_validate(values),
        date_from=first,
        date_until=last,
        requested_by=username,
    )
    with here.database.transaction() as tx:
        tx.publish(wish, subject=str(trial_id))
        audit.note(tx, username, "alert_rule.tried", wish.rule_key, details={"trial": str(trial_id)})
    return here.pages.redirect(f"/admin/alerts/trials/{trial_id}", {"asked": "1"})


def _rule(here: Web, rule_id: int) -> Any:
    with here.database.reading() as connection:
        row = connection.execute(sa.select(config.alert_rule).where(R.id == rule_id)).first()
    if row is None:
        raise HTTPException(404, _("There is no such rule."))
    return row


def _page(  # noqa: PLR0917 - the form, its rule and what is wrong
    request: Request,
    here: Web,
    entry: Mapping[str, Any],
    row: Any,
    problems: Mapping[str, str] | None = None,
    days: tuple[str, str] | None = None,
) -> Response:
    today = date.today()  # noqa: DTZ011 - study dates have no zone
    with here.database.reading() as connection:
        values = _choices(connection) | (_of_rule(connection, row) if row is not None else {})
    values |= {
        "entry": entry,
        "row": row,
        "problems": problems or {},
        "days": days or ((today - PERIOD).isoformat(), today.isoformat()),
        "quantities": QUANTITIES,
        "scopes": SCOPES,
        "modes": MODES,
        "modalities": MODALITIES,
        "severities": SEVERITIES,
        "written": written,
        "rule_set": RULE_SETS.get(row.set_key or "") if row is not None else None,
    }
    return here.pages.render(
        request, "pages/admin/alert_rule.html", values, status_code=400 if problems else 200
    )


def _choices(connection: sa.Connection) -> dict[str, Any]:
    """What can be chosen in the form."""
    device, name, person = dose.device.c, config.standard_name.c, config.alert_recipient.c
    return {
        "devices": connection.execute(
            sa.select(device.id, device.display_name).order_by(sa.func.lower(device.display_name))
        ).all(),
        "names": list(
            connection.execute(
                sa.select(name.name).where(name.kind == "study").distinct().order_by(name.name)
            ).scalars()
        ),
        "recipients": connection.execute(
            sa.select(person.id, person.name, person.enabled).order_by(person.name)
        ).all(),
        "history": (),
        "steps": (),
        "trials": (),
    }


def _of_rule(connection: sa.Connection, row: Any) -> dict[str, Any]:
    """What belongs to a saved rule: its versions, its steps, its trials."""
    version, step = config.alert_rule_version.c, config.alert_follow_up.c
    former = connection.execute(
        sa.select(config.alert_rule_version).where(version.rule_id == row.id).order_by(version.version.desc())
    ).all()
    return {
        "history": versions(row, former, read_names(connection)),
        "steps": connection.execute(
            sa.select(config.alert_follow_up).where(step.rule_id == row.id).order_by(step.after_hours)
        ).all(),
        "trials": connection.execute(
            sa.select(trial)
            .where(trial.c.rule_key == row.key)
            .order_by(trial.c.created_at.desc())
            .limit(LATEST_TRIALS)
        ).all(),
    }


def versions(row: Any, former: Sequence[Any], names: Names) -> list[dict[str, Any]]:
    """The versions of a rule, newest first, each with what it changed."""
    said = [(row.version, row.changed_at, row.changed_by, {name: getattr(row, name) for name in EDITABLE})]
    said.extend((one.version, one.changed_at, one.changed_by, one.rule) for one in former)
    found = []
    for place, (number, at, by, now) in enumerate(said):
        before = said[place + 1][3] if place + 1 < len(said) else None
        changes = [] if before is None else [
            change(name, before.get(name), now.get(name), (before["quantity"], now["quantity"]), names)
            for name in EDITABLE
            if before.get(name) != now.get(name)
        ]  # fmt: skip
        found.append({"version": number, "at": at, "by": by, "changes": changes, "first": before is None})
    return found
