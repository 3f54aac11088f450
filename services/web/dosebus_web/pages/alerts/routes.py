"""The alerts page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from dosebus.events.alerts import AlertRecalculationRequested
from dosebus.store.tables import alerts as tables
from dosebus.store.tables import dose
from dosebus_web.auth import audit
from dosebus_web.auth.gate import AdminWrites, Viewer
from dosebus_web.pages.alerts.quantities import level_of, value_of
from dosebus_web.web import Here, Web

router = APIRouter()
A = tables.alert.c
PAGE = 50

Choice = Literal["", "waiting", "failed", "done", "withdrawn"]
CHOICES: Mapping[str, tuple[str, tuple[sa.ColumnElement[bool], ...]]] = {
    "": ("All", ()),
    "waiting": ("Waiting", (A.acknowledged_at.is_(None), A.closed_at.is_(None), A.withdrawn_at.is_(None))),
    "failed": ("Mail failed", (A.state == "failed",)),
    "done": ("Acknowledged", (A.acknowledged_at.is_not(None),)),
    "withdrawn": ("Withdrawn", (A.withdrawn_at.is_not(None),)),
}
"""The choices above the list and what they mean."""


def _alerts(connection: sa.Connection, state: str, page: int) -> Sequence[Any]:
    study = dose.study.c
    statement = (
        sa.select(
            tables.alert, study.study_at, study.study_description, study.modality_types,
            dose.device.c.display_name, study.id.label("known_study"),
        )
        .select_from(
            tables.alert.outerjoin(dose.study, study.study_instance_uid == A.study_instance_uid).outerjoin(
                dose.device, dose.device.c.id == study.device_id
            )
        )
        .where(*CHOICES[state][1])
        .order_by(A.raised_at.desc(), A.id)
        .limit(PAGE + 1)
        .offset(page * PAGE)
    )  # fmt: skip
    return connection.execute(statement).all()


def _mails(connection: sa.Connection, ids: Sequence[Any]) -> dict[Any, list[Any]]:
    statement = (
        sa.select(tables.mail).where(tables.mail.c.alert_id.in_(ids)).order_by(tables.mail.c.created_at)
    )
    found: dict[Any, list[Any]] = {}
    for mail in connection.execute(statement):
        found.setdefault(mail.alert_id, []).append(mail)
    return found


def _render(request: Request, here: Web, template: str, state: str, page: int) -> Response:
    last = tables.recalculation
    with here.database.reading() as connection:
        rows = _alerts(connection, state, page)
        mails = _mails(connection, [row.id for row in rows])
        run = connection.execute(sa.select(last).order_by(last.c.created_at.desc()).limit(1)).first()
    values = {
        "rows": rows[:PAGE],
        "mails": mails,
        "choices": {key: label for key, (label, _) in CHOICES.items()},
        "state": state,
        "page": page,
        "further": len(rows) > PAGE,
        "run": run,
        "value_of": value_of,
        "level_of": level_of,
    }
    return here.pages.render(request, template, values)


@router.get("/alerts")
def show_alerts(
    request: Request,
    session: Viewer,  # noqa: ARG001 - the gate
    here: Here,
    state: Choice = "",
    page: Annotated[int, Query(ge=0, le=10_000)] = 0,
) -> Response:
    """The alerts with their mails."""
    return _render(request, here, "pages/alerts/alerts.html", state, page)


@router.get("/alerts/rows")
def show_rows(
    request: Request,
    session: Viewer,  # noqa: ARG001
    here: Here,
    state: Choice = "",
    page: Annotated[int, Query(ge=0, le=10_000)] = 0,
) -> Response:
    """The list alone."""
    return _render(request, here, "pages/alerts/rows.html", state, page)


@router.post("/alerts/recalculate")
def recalculate(session: AdminWrites, here: Here) -> Response:
    """Ask for every sum to be computed again."""
    with here.database.transaction() as tx:
        tx.publish(AlertRecalculationRequested(requested_by=session.account.username))
        audit.note(tx, session.account.username, "alerts.recalculate")
    return here.pages.redirect("/alerts", {"done": "requested"})
