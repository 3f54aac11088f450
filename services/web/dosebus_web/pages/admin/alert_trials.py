"""Rules tried on past days: progress, what they would have raised, week by week and study by study."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response

from dosebus.domain.quantities import QUANTITIES
from dosebus.events.alerts import AlertRuleTrialCancelRequested
from dosebus.store.tables import dose
from dosebus.store.tables.alerts import trial, trial_alert
from dosebus.store.tables.config import alert_rule
from dosebus_web.auth import audit
from dosebus_web.auth.gate import Admin, AdminWrites
from dosebus_web.language import gettext as _
from dosebus_web.pages.alerts.quantities import number_of, unit_of, written
from dosebus_web.pages.alerts.sheet import sheet
from dosebus_web.web import Here, Web

router = APIRouter()
ROOT = "/admin/alerts/trials"
T, TA, S, D = trial.c, trial_alert.c, dose.study.c, dose.device.c
SHOWN = 100
FILTERS = (
    "step", "device_ids", "standard_names", "age_years_from", "age_years_below", "weight_kg_from", "weight_kg_below",
    "weeks", "severity",
)  # fmt: skip
Asked = Annotated[str, Query(max_length=1, pattern=r"^1?$")]
After = Annotated[str, Query(max_length=120, pattern=r"^(\d{4}-\d\d-\d\d_[0-9.]{1,64})?$")]


@router.get(f"{ROOT}/{{trial_id}}")
def show_trial(
    *,
    request: Request,
    session: Admin,  # noqa: ARG001 - the gate
    here: Here,
    trial_id: UUID,
    asked: Asked = "",
    after: After = "",
) -> Response:
    """A trial. Raises HTTPException 404, unless it was asked for a moment ago."""
    return here.pages.render(
        request, "pages/admin/alert_trial.html", _values(here, trial_id, asked=asked, after=after)
    )


@router.get(f"{ROOT}/{{trial_id}}/progress")
def show_trial_progress(
    *,
    request: Request,
    session: Admin,  # noqa: ARG001
    here: Here,
    trial_id: UUID,
    asked: Asked = "",
    after: After = "",
) -> Response:
    """The part of a trial that changes. Raises HTTPException 404."""
    return here.pages.render(
        request, "pages/admin/alert_trial_progress.html", _values(here, trial_id, asked=asked, after=after)
    )


@router.get(f"{ROOT}/{{trial_id}}/studies.csv")
def send_studies(session: Admin, here: Here, trial_id: UUID) -> Response:  # noqa: ARG001
    """What a trial found, as a file; values and levels are in the shown unit. Raises HTTPException 404."""
    with here.database.reading() as connection:
        row = connection.execute(sa.select(trial).where(T.id == trial_id)).first()
    if row is None:
        raise HTTPException(404, _("There is no such trial."))
    head = (
        "study_instance_uid", "study_date", "week", "device", "study_description", "value", "level", "unit",
        "number_of_studies",
    )  # fmt: skip
    return sheet(f"dosebus-trial-{row.created_at:%Y%m%d}.csv", head, _lines(here, row))


def _lines(here: Web, row: Any) -> Iterator[tuple[Any, ...]]:
    quantity = row.rule["quantity"]
    with here.database.reading() as connection:
        found = connection.execution_options(yield_per=1000).execute(_found(row.id))
        for one in found:
            yield (
                one.study_instance_uid, one.study_date, one.week, one.display_name, one.study_description,
                number_of(quantity, one.value), number_of(quantity, one.level), unit_of(quantity),
                one.number_of_studies,
            )  # fmt: skip


@router.post(f"{ROOT}/{{trial_id}}/cancel")
def cancel_trial(session: AdminWrites, here: Here, trial_id: UUID) -> Response:
    """Stop a trial; what it found so far stays."""
    username = session.account.username
    with here.database.transaction() as tx:
        wish = AlertRuleTrialCancelRequested(trial_id=trial_id, requested_by=username)
        tx.publish(wish, subject=str(trial_id))
        audit.note(tx, username, "alert_rule.trial_cancelled", str(trial_id))
    return here.pages.redirect(f"{ROOT}/{trial_id}", {"done": "cancelling", "asked": "1"})


def weeks_of(first: date, last: date, counted: dict[date, int]) -> list[tuple[date, int]]:
    """Every week of a period by its Monday, with its number of alerts."""
    monday, found = first - timedelta(days=first.weekday()), []
    while monday <= last:
        found.append((monday, counted.get(monday, 0)))
        monday += timedelta(weeks=1)
    return found


def _found(trial_id: UUID) -> sa.Select[Any]:
    return (
        sa.select(trial_alert, S.id.label("known_study"), S.study_description, D.display_name)
        .select_from(
            trial_alert.outerjoin(dose.study, S.study_instance_uid == TA.study_instance_uid).outerjoin(
                dose.device, S.device_id == D.id
            )
        )
        .where(TA.trial_id == trial_id)
        .order_by(TA.study_date.desc(), TA.study_instance_uid.desc())
    )


def _page(connection: sa.Connection, trial_id: UUID, after: str) -> tuple[Sequence[Any], str]:
    statement = _found(trial_id).limit(SHOWN + 1)
    if after:
        day, uid = after.split("_", 1)
        try:
            place = sa.tuple_(sa.literal(date.fromisoformat(day)), sa.literal(uid))
        except ValueError as error:
            raise HTTPException(400, _("There is no such day.")) from error
        statement = statement.where(sa.tuple_(TA.study_date, TA.study_instance_uid) < place)
    rows = connection.execute(statement).all()
    last = rows[SHOWN - 1] if len(rows) > SHOWN else None
    return rows[:SHOWN], "" if last is None else f"{last.study_date}_{last.study_instance_uid}"


def _values(here: Web, trial_id: UUID, *, asked: str, after: str) -> dict[str, Any]:
    known: dict[str, Any] = {"trial_id": trial_id, "asked": asked, "after": after, "known": QUANTITIES}
    with here.database.reading(snapshot=True) as connection:
        row = connection.execute(sa.select(trial).where(T.id == trial_id)).first()
        if row is None:
            if not asked:
                raise HTTPException(404, _("There is no such trial."))
            # The alerts service makes the row when it takes the wish; until then there is nothing else to show.
            return known | {"trial": None, "rule": None}
        counted = {
            one.week: one.alerts
            for one in connection.execute(
                sa.select(TA.week, sa.func.count().label("alerts"))
                .where(TA.trial_id == trial_id)
                .group_by(TA.week)
            )
        }
        rows, following = _page(connection, trial_id, after)
        rule = connection.execute(
            sa.select(alert_rule.c.id, alert_rule.c.title).where(alert_rule.c.key == row.rule_key)
        ).first()
    return known | {
        "trial": row,
        "rule": rule,
        "proposal": dict.fromkeys(FILTERS) | row.rule,
        "weeks": weeks_of(row.date_from, row.date_until, counted),
        "rows": rows,
        "following": following,
        "written": written,
    }
