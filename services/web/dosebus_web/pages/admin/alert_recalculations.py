"""Recalculations of all sums: how far they are, and what they changed."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response

from dosebus.store.tables.alerts import recalculation, recalculation_change
from dosebus_web.auth.gate import Admin
from dosebus_web.language import gettext as _
from dosebus_web.pages.alerts.quantities import written
from dosebus_web.web import Here, Web

router = APIRouter()
ROOT = "/admin/alerts/recalculations"
R, C = recalculation.c, recalculation_change.c
RUNS = 50
CHANGES = 100
LARGEST_ID = 2**63
After = Annotated[int, Query(ge=0, lt=LARGEST_ID)]


@router.get(ROOT)
def show_runs(request: Request, session: Admin, here: Here) -> Response:  # noqa: ARG001 - the gate
    """The latest recalculations."""
    return here.pages.render(request, "pages/admin/alert_recalculations.html", _runs(here))


@router.get(f"{ROOT}/rows")
def show_run_rows(request: Request, session: Admin, here: Here) -> Response:  # noqa: ARG001
    """The list alone."""
    return here.pages.render(request, "pages/admin/alert_recalculation_rows.html", _runs(here))


@router.get(f"{ROOT}/{{run_id}}")
def show_run(request: Request, session: Admin, here: Here, run_id: UUID, after: After = 0) -> Response:  # noqa: ARG001
    """One recalculation with what it changed. Raises HTTPException 404."""
    values = _run(here, run_id, after)
    return here.pages.render(request, "pages/admin/alert_recalculation.html", values)


@router.get(f"{ROOT}/{{run_id}}/progress")
def show_run_progress(
    *,
    request: Request,
    session: Admin,  # noqa: ARG001
    here: Here,
    run_id: UUID,
    after: After = 0,
) -> Response:
    """The part of a recalculation that changes while it goes on. Raises HTTPException 404."""
    values = _run(here, run_id, after)
    return here.pages.render(request, "pages/admin/alert_recalculation_progress.html", values)


def _runs(here: Web) -> dict[str, Any]:
    with here.database.reading() as connection:
        rows = connection.execute(sa.select(recalculation).order_by(R.created_at.desc()).limit(RUNS)).all()
    return {"rows": rows}


def _run(here: Web, run_id: UUID, after: int) -> dict[str, Any]:
    with here.database.reading(snapshot=True) as connection:
        run = connection.execute(sa.select(recalculation).where(R.id == run_id)).first()
        if run is None:
            raise HTTPException(404, _("There is no such recalculation."))
        rows = connection.execute(
            sa.select(recalculation_change)
            .where(C.recalculation_id == run_id, C.id > after)
            .order_by(C.id)
            .limit(CHANGES + 1)
        ).all()
    following = rows[CHANGES - 1].id if len(rows) > CHANGES else 0
    return {"run": run, "rows": rows[:CHANGES], "following": following, "after": after, "written": written}
