"""The list of alerts as data: its filters, counts and pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Annotated, Any, Literal
from uuid import UUID

import sqlalchemy as sa
from fastapi import Query

from dosebus.store.tables import alerts as tables
from dosebus.store.tables import dose
from dosebus_web.language import marked

A = tables.alert.c
S = dose.study.c
D = dose.device.c
PAGE = 50
LARGEST_ID = 2**63
WAITING: sa.ColumnElement[bool] = sa.literal_column(
    # Literals, so that the partial index of waiting alerts is found.
    "(alerts.alert.state IN ('detected', 'queued', 'sent', 'failed') AND alerts.alert.withdrawn_at IS NULL"
    " AND NOT alerts.alert.trial)",
    sa.Boolean,
)
"""Alerts that nobody has dealt with and that somebody should."""
STANDING = sa.and_(A.withdrawn_at.is_(None), sa.not_(A.trial))
State = Literal[
    "", "waiting", "failed", "acknowledged", "justified", "closed", "withdrawn", "trial"
]  # fmt: skip
STATES: Mapping[str, tuple[str, sa.ColumnElement[bool]]] = MappingProxyType(
    {
        "": (marked("All"), STANDING),
        "waiting": (marked("Waiting"), WAITING),
        "failed": (marked("Message failed"), sa.and_(STANDING, A.state == "failed")),
        "acknowledged": (marked("Acknowledged"), sa.and_(STANDING, A.state == "acknowledged")),
        "justified": (marked("Justified"), sa.and_(STANDING, A.state == "justified")),
        "closed": (marked("Closed"), sa.and_(STANDING, A.state == "closed")),
        "withdrawn": (marked("Withdrawn"), sa.and_(A.withdrawn_at.is_not(None), sa.not_(A.trial))),
        "trial": (marked("On trial"), A.trial),
    }
)
"""The choices above the list and what they mean. Withdrawn ones and those of rules on trial only when asked for."""
RANK = sa.case((WAITING, 1), else_=0)
SOURCE = tables.alert.outerjoin(dose.study, S.study_instance_uid == A.study_instance_uid).outerjoin(
    dose.device, S.device_id == D.id
)


@dataclass(frozen=True)
class Wanted:
    """What the address of the list asks for."""

    state: State = ""
    severity: str = ""
    rule: str = ""
    modality: str = ""
    device: str = ""
    date_from: str = ""
    date_until: str = ""
    after: str = ""

    def items(self) -> dict[str, str]:
        """The filters as they stand in an address, without state and place."""
        return {
            "severity": self.severity,
            "rule": self.rule,
            "modality": self.modality,
            "device": self.device,
            "date_from": self.date_from,
            "date_until": self.date_until,
        }

    @property
    def narrowed(self) -> bool:
        """Whether some filter beside the state is set."""
        return any(self.items().values())

    def clauses(self) -> list[sa.ColumnElement[bool]]:
        """The filters beside the state. Days that cannot be read filter nothing."""
        first, last = _day(self.date_from), _day(self.date_until)
        found: list[tuple[object, sa.ColumnElement[bool]]] = [
            (self.severity, A.severity == self.severity),
            (self.rule, A.rule_key == self.rule),
            (self.modality, S.modality_types.contains([self.modality])),
            (self.device, S.device_id == int(self.device or 0)),
            (first, A.raised_at >= (first or date.min)),
            (last, A.raised_at < (last or date.min) + timedelta(days=1)),
        ]
        return [clause for given, clause in found if given]


def read_wanted(
    *,
    state: State = "",
    severity: Literal["", "notice", "warning", "critical"] = "",
    rule: Annotated[str, Query(max_length=100)] = "",
    modality: Literal["", "CT", "RF", "MG", "DX", "CR", "PX", "NM"] = "",
    device: Annotated[str, Query(max_length=18, pattern=r"^\d*$")] = "",
    date_from: Annotated[str, Query(max_length=10)] = "",
    date_until: Annotated[str, Query(max_length=10)] = "",
    after: Annotated[str, Query(max_length=40, pattern=r"^([01]-[0-9a-f-]{36})?$")] = "",
) -> Wanted:
    """The filters of an address."""
    return Wanted(state, severity, rule, modality, device, date_from, date_until, after)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def selected() -> sa.Select[Any]:
    """Alerts with what is known of their study, waiting ones first, the newest first."""
    columns = (
        tables.alert, S.id.label("known_study"), S.study_date, S.study_at, S.study_description, S.modality_types,
        S.patient_name, S.patient_id, S.patient_name_is_hashed, S.patient_id_is_hashed, S.patient_sex,
        S.patient_age_years, D.display_name, RANK.label("rank"),
    )  # fmt: skip
    return sa.select(*columns).select_from(SOURCE).order_by(RANK.desc(), A.raised_at.desc(), A.id.desc())


def page(connection: sa.Connection, wanted: Wanted) -> tuple[Sequence[Any], str]:
    """The alerts of a page, and where the next one begins (empty: there is none)."""
    statement = selected().where(*wanted.clauses(), STATES[wanted.state][1]).limit(PAGE + 1)
    if wanted.after:
        rank, _, alert_id = wanted.after.partition("-")
        place = sa.select(A.raised_at).where(A.id == _uuid(alert_id)).scalar_subquery()
        here = sa.tuple_(RANK, A.raised_at, A.id)
        statement = statement.where(here < sa.tuple_(int(rank), place, sa.cast(_uuid(alert_id), sa.Uuid)))
    rows = connection.execute(statement).all()
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return rows[:PAGE], "" if last is None else f"{last.rank}-{last.id}"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def counts(connection: sa.Connection, wanted: Wanted) -> Mapping[str, int]:
    """How many alerts each choice has under the other filters."""
    counted = [sa.func.count().filter(clause).label(key or "all") for key, (_, clause) in STATES.items()]
    row = connection.execute(sa.select(*counted).select_from(SOURCE).where(*wanted.clauses())).one()
    return {key: getattr(row, key or "all") for key in STATES}


def lost_messages(connection: sa.Connection) -> int:
    """How many alerts wait although somebody should have been told: the message failed, came back, or is in doubt."""
    lost = sa.select(sa.func.count()).select_from(tables.alert).where(WAITING, A.state == "failed")
    return int(connection.execute(lost).scalar_one())


def mails_of(connection: sa.Connection, ids: Sequence[Any]) -> dict[Any, list[Any]]:
    """The messages of alerts, by alert."""
    mail = tables.mail.c
    statement = (
        sa.select(tables.mail).where(mail.alert_id.in_(ids)).order_by(mail.created_at, mail.recipient_name)
    )
    found: dict[Any, list[Any]] = {}
    for row in connection.execute(statement):
        found.setdefault(row.alert_id, []).append(row)
    return found


def devices(connection: sa.Connection) -> Sequence[Any]:
    """The devices that can be chosen."""
    return connection.execute(sa.select(D.id, D.display_name).order_by(sa.func.lower(D.display_name))).all()
