"""Alerts with their messages, and the rules that raise them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, HTTPException

from dosebus.store.tables import alerts as tables
from dosebus.store.tables import config
from dosebus_web.api import given, problem
from dosebus_web.api.paging import page
from dosebus_web.api.shape import list_of, model_of, page_of
from dosebus_web.auth.gate import ApiReader
from dosebus_web.web import Here

router = APIRouter(prefix="/api/v1", tags=["alerts"])
A, M, R = tables.alert.c, tables.mail.c, config.alert_rule.c
ALERT = tuple(column for column in A if column.key not in ("identity", "patient"))
MESSAGE = tuple(M[key] for key in ("id", "channel", "kind", "step", "recipient_name", "address", "locale", "state",
                                   "attempts", "next_attempt_at", "reason_code", "created_at", "changed_at",
                                   "sent_at", "bounced_at", "bounce_status"))  # fmt: skip
RULE = tuple(column for column in R if column.key != "set_values")
AlertRow = model_of(
    "Alert", "A level that was reached. `value` and `level` are in the unit of the quantity.", ALERT
)
Message = model_of("AlertMessage", "A mail or webhook of an alert.", MESSAGE)
Alert = model_of("AlertWithMessages", "An alert and who was told.", ALERT, messages=list_of(Message))
Rule = model_of("AlertRule", "When to warn; `level` is in the unit of the quantity.", RULE)
AlertPage, RulePage = page_of("AlertPage", AlertRow, UUID), page_of("AlertRulePage", Rule, int)
State = Literal["detected", "queued", "sent", "failed", "acknowledged", "justified", "closed"]
WAITS = (A.acknowledged_at.is_(None), A.closed_at.is_(None), A.withdrawn_at.is_(None), sa.not_(A.trial))


@router.get("/alerts", response_model=AlertPage, responses=problem.responses(404), summary="Alerts")
def list_alerts(
    *,
    caller: ApiReader,  # noqa: ARG001 - the gate
    here: Here,
    state: State | None = None,
    severity: Literal["notice", "warning", "critical"] | None = None,
    rule_key: given.Words = "",
    study_instance_uid: given.Words = "",
    waiting: bool | None = None,
    trial: bool | None = None,
    raised_from: date | None = None,
    limit: given.Limit = 50,
    after: given.AfterUuid = None,
) -> Any:
    """Alerts, newest first. `waiting`: nobody has acknowledged or closed them and they still hold; days are UTC."""
    asked: Mapping[str, Any] = {
        "state": state, "severity": severity, "rule_key": rule_key or None, "trial": trial,
        "study_instance_uid": study_instance_uid or None,
    }  # fmt: skip
    wanted = sa.select(*ALERT).where(*(A[key] == value for key, value in asked.items() if value is not None))
    if waiting is not None:
        holds = sa.and_(*WAITS)
        wanted = wanted.where(holds if waiting else sa.not_(holds))
    if raised_from is not None:
        wanted = wanted.where(A.raised_at >= sa.func.timezone("UTC", datetime.combine(raised_from, time.min)))
    with here.database.reading() as connection:
        return page(connection, wanted, newest=A.raised_at, key=A.id, after=after, limit=limit)


@router.get("/alerts/{alert_id}", response_model=Alert, responses=problem.responses(404), summary="One alert")
def show_alert(caller: ApiReader, here: Here, alert_id: UUID) -> Any:  # noqa: ARG001
    """An alert and the messages about it."""
    messages = sa.select(*MESSAGE).where(M.alert_id == alert_id).order_by(M.created_at)
    with here.database.reading() as connection:
        row = connection.execute(sa.select(*ALERT).where(A.id == alert_id)).mappings().first()
        if row is None:
            raise HTTPException(404, "There is no such alert.")
        return dict(row) | {"messages": [dict(one) for one in connection.execute(messages).mappings()]}


@router.get(
    "/alert-rules", response_model=RulePage, responses=problem.responses(404), summary="Rules of alerts"
)
def list_rules(
    *,
    caller: ApiReader,  # noqa: ARG001
    here: Here,
    enabled: bool | None = None,
    quantity: given.Words = "",
    limit: given.Limit = 50,
    after: given.AfterId = None,
) -> Any:
    """The rules, the last made first."""
    wanted = sa.select(*RULE)
    if enabled is not None:
        wanted = wanted.where(R.enabled.is_(enabled))
    if quantity:
        wanted = wanted.where(R.quantity == quantity)
    with here.database.reading() as connection:
        return page(connection, wanted, newest=R.id, key=R.id, after=after, limit=limit)


@router.get(
    "/alert-rules/{rule_id}", response_model=Rule, responses=problem.responses(404), summary="One rule"
)
def show_rule(caller: ApiReader, here: Here, rule_id: given.Id) -> Any:  # noqa: ARG001
    """A rule."""
    with here.database.reading() as connection:
        row = connection.execute(sa.select(*RULE).where(R.id == rule_id)).mappings().first()
    if row is None:
        raise HTTPException(404, "There is no such rule.")
    return dict(row)
