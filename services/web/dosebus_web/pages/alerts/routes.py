"""The list of alerts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from dosebus.domain.alerting import SEVERITIES
from dosebus.events.alerts import AlertRecalculationRequested
from dosebus.store.tables import alerts as tables
from dosebus_web.auth import audit
from dosebus_web.auth.gate import AdminWrites, Exporter, Viewer
from dosebus_web.auth.seen import note_seen
from dosebus_web.auth.sessions import Session
from dosebus_web.pages.alerts import listing, one_routes
from dosebus_web.pages.alerts.bounces import why_back
from dosebus_web.pages.alerts.listing import STATES, Wanted, read_wanted
from dosebus_web.pages.alerts.people import patient_of
from dosebus_web.pages.alerts.quantities import level_of, number_of, unit_of, value_of
from dosebus_web.pages.alerts.reach import gaps
from dosebus_web.pages.alerts.sheet import sheet
from dosebus_web.web import Here, Web

router = APIRouter()
Asked = Annotated[Wanted, Depends(read_wanted)]
MODALITIES = ("CT", "RF", "MG", "DX", "CR", "PX", "NM")
MOST_LINES = 100_000
"""Lines of a CSV file; beyond, the filters must narrow."""
HEAD = (
    "alert", "raised_at", "severity", "rule", "rule_version", "title", "quantity", "scope", "weeks", "value", "at_most",
    "level", "unit", "state", "withdrawn_at", "acknowledged_at", "acknowledged_by", "justified_at", "justified_by",
    "justification_code", "closed_at", "closed_by", "study_instance_uid", "study_date", "modalities", "device",
    "study_description",
)  # fmt: skip


def _render(
    request: Request, session: Session, here: Web, template: str, wanted: Wanted, *, refreshed: bool = False
) -> Response:
    allow_pid, run = "pid" in session.account.may, tables.recalculation.c
    with here.database.reading(snapshot=True) as connection:
        rows, following = listing.page(connection, wanted)
        values: dict[str, Any] = {
            "rows": rows,
            "following": following,
            "mails": listing.mails_of(connection, [row.id for row in rows]),
            "counts": listing.counts(connection, wanted),
            "devices": listing.devices(connection),
            "rules": connection.execute(
                sa.select(listing.A.rule_key, sa.func.max(listing.A.rule_title).label("title"))
                .group_by(listing.A.rule_key)
                .order_by(sa.text("title"))
            ).all(),
            "gaps": gaps(connection),
            "run": connection.execute(
                sa.select(tables.recalculation).order_by(run.created_at.desc()).limit(1)
            ).first(),
        }
    patients = {row.id: patient_of(row, allow_pid=allow_pid) for row in rows}
    if allow_pid and any(patients.values()):
        ids = [key for key, patient in patients.items() if patient]
        note_seen(here.database, session.account.username, "alerts", ids, refreshed=refreshed)
    values |= {
        "patients": patients,
        "wanted": wanted,
        "states": {key: label for key, (label, _) in STATES.items()},
        "severities": SEVERITIES,
        "modalities": MODALITIES,
        "value_of": value_of,
        "level_of": level_of,
        "why_back": why_back,
    }
    return here.pages.render(request, template, values)


@router.get("/alerts")
def show_alerts(request: Request, session: Viewer, here: Here, wanted: Asked) -> Response:
    """The alerts with their messages."""
    return _render(request, session, here, "pages/alerts/alerts.html", wanted)


@router.get("/alerts/rows")
def show_rows(request: Request, session: Viewer, here: Here, wanted: Asked) -> Response:
    """The list alone."""
    return _render(request, session, here, "pages/alerts/rows.html", wanted, refreshed=True)


@router.get("/alerts/list.csv")
def send_list(session: Exporter, here: Here, wanted: Asked) -> Response:  # noqa: ARG001 - the gate
    """The list as a file, without anything of patients; values and levels are in the shown unit."""
    return sheet("dosebus-alerts.csv", HEAD, _lines(here, wanted))


def _lines(here: Web, wanted: Wanted) -> Iterator[tuple[Any, ...]]:
    statement = listing.selected().where(*wanted.clauses(), STATES[wanted.state][1]).limit(MOST_LINES)
    with here.database.reading() as connection:
        for row in connection.execution_options(yield_per=1000).execute(statement):
            yield (
                row.id, row.raised_at.isoformat(), row.severity, row.rule_key, row.rule_version, row.rule_title,
                row.quantity, row.scope, row.weeks, number_of(row.quantity, row.value), row.at_most,
                number_of(row.quantity, row.level), unit_of(row.quantity), row.state, row.withdrawn_at,
                row.acknowledged_at, row.acknowledged_by, row.justified_at, row.justified_by, row.justification_code,
                row.closed_at, row.closed_by, row.study_instance_uid, row.study_date, row.modality_types,
                row.display_name, row.study_description,
            )  # fmt: skip


@router.post("/alerts/recalculate")
def recalculate(session: AdminWrites, here: Here) -> Response:
    """Ask for every sum to be computed again."""
    with here.database.transaction() as tx:
        tx.publish(AlertRecalculationRequested(requested_by=session.account.username))
        audit.note(tx, session.account.username, "alerts.recalculate")
    return here.pages.redirect("/admin/alerts/recalculations", {"done": "requested"})


router.include_router(one_routes.router)
