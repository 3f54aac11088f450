"""What the home page counts: two periods, and when a device counts as silent."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import Response

from dosebus_web.auth import audit
from dosebus_web.auth.gate import Admin, AdminWrites
from dosebus_web.configured import configure
from dosebus_web.language import gettext as _
from dosebus_web.pages.home.overview import PERIODS_KEY, SILENT_DAYS_KEY, periods, silent_days
from dosebus_web.web import Here

router = APIRouter()
Days = Annotated[int, Form(ge=1, le=3660)]


@router.get("/admin/home")
def show_home_options(request: Request, session: Admin, here: Here) -> Response:  # noqa: ARG001 - the gate
    """The options as they are."""
    with here.database.reading() as connection:
        values = {"periods": periods(connection), "silent_days": silent_days(connection)}
    return here.pages.render(request, "pages/admin/home.html", values)


@router.post("/admin/home")
def change_home_options(
    session: AdminWrites, here: Here, short_days: Days, long_days: Days, silent: Days
) -> Response:
    """Keep them; they count from the next look at the home page.

    Raises HTTPException 400 for periods the wrong way round.
    """
    if short_days >= long_days:
        raise HTTPException(400, _("The second period must be longer than the first."))
    values = {PERIODS_KEY: [short_days, long_days], SILENT_DAYS_KEY: silent}
    with here.database.transaction() as tx:
        for key, value in values.items():
            configure(tx, key, value)
        audit.note(tx, session.account.username, "home.change", details=values)
    return here.pages.redirect("/admin/home", {"done": "saved"})
