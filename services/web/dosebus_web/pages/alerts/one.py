"""One alert as data: what happened, the evidence, the rule as it was, its history and messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from dosebus.domain.quantities import QUANTITIES
from dosebus.store.tables import alerts as tables
from dosebus.store.tables import dose
from dosebus.store.tables.config import alert_note, alert_rule, alert_rule_version
from dosebus_web.language import gettext as _
from dosebus_web.language import marked, ngettext
from dosebus_web.pages.alerts import listing
from dosebus_web.pages.alerts.history import Context, Moment, moment
from dosebus_web.pages.alerts.quantities import label_of, level_of, value_of
from dosebus_web.pages.alerts.trend import Point, Trend, trend

A = tables.alert.c
S = dose.study.c
CHAIN = 30
"""Alerts of the same chain that are shown."""


@dataclass(frozen=True)
class Piece:
    """One study of the evidence."""

    study: Any
    """Its row with date and device; None when the study is gone."""
    value: float
    total: float | None
    raised_here: bool
    at_most: bool = False
    """Whether the value is only a bound."""


@dataclass(frozen=True)
class RuleThen:
    """The rule as it was when it raised the alert."""

    rule_id: int | None
    version: int
    version_now: int | None
    said: dict[str, Any]
    """Its values then; where that version is not kept, what the alert knows of it."""


@dataclass(frozen=True)
class View:
    """Everything that the page of an alert shows."""

    alert: Any
    sentence: str
    pieces: tuple[Piece, ...]
    trend: Trend | None
    adds_up: bool
    rule: RuleThen
    chain: Sequence[Any]
    history: tuple[Moment, ...]
    mails: Sequence[Any]
    has_map: bool


def view(connection: sa.Connection, alert_id: UUID) -> View | None:
    """The page of an alert; None where there is none."""
    alert = connection.execute(listing.selected().where(A.id == alert_id)).first()
    if alert is None:
        return None
    quantity = QUANTITIES.get(alert.quantity)
    adds_up = alert.scope == "sum" and not (quantity is not None and quantity.mapped)
    pieces = _pieces(connection, alert, adds_up=adds_up)
    dated = [
        Point(piece.study.study_date, piece.value, piece.total, piece.at_most)
        for piece in pieces
        if piece.study is not None and piece.study.study_date is not None
    ]
    mails = listing.mails_of(connection, [alert_id]).get(alert_id, [])
    context = Context(alert.quantity, {str(mail.id): mail for mail in mails}, _notes(connection, alert_id))
    entries = connection.execute(
        sa.select(tables.audit).where(tables.audit.c.alert_id == alert_id).order_by(tables.audit.c.seq)
    )
    return View(
        alert=alert,
        sentence=sentence(alert),
        pieces=pieces,
        trend=trend(dated, alert.level) if dated else None,
        adds_up=adds_up,
        rule=_rule_then(connection, alert),
        chain=_chain(connection, alert),
        history=tuple(moment(entry, context) for entry in entries),
        mails=mails,
        has_map=_has_map(connection, alert.known_study),
    )


SCOPES = {
    "event": marked("%(quantity)s of one exposure was %(value)s. That reaches the level of %(level)s."),
    "study": marked("%(quantity)s of this study was %(value)s. That reaches the level of %(level)s."),
}
"""What happened, by what the rule watches."""
DOUBTS = {
    "study": marked("%(quantity)s of this study was %(value)s. The level of %(level)s cannot be excluded."),
    "sum": marked(
        "%(quantity)s of %(studies)s of one patient within %(weeks)s weeks was %(value)s. The level of %(level)s"
        " cannot be excluded."
    ),
}
"""What may have happened, where only a bound reaches the level."""


def sentence(alert: Any) -> str:
    """What happened, in a sentence."""
    value, level, quantity = value_of(alert), level_of(alert), label_of(alert.quantity)
    if alert.scope != "sum":
        told = DOUBTS["study"] if alert.at_most else SCOPES[alert.scope]
        return _(told, quantity=quantity, value=value, level=level)
    studies = ngettext("%(n)s study", "%(n)s studies", len(alert.evidence))
    if alert.at_most:
        told = DOUBTS["sum"]
        return _(told, quantity=quantity, studies=studies, weeks=alert.weeks, value=value, level=level)
    return _(
        "%(quantity)s of %(studies)s of one patient within %(weeks)s weeks was %(value)s. That reaches the level of"
        " %(level)s.",
        quantity=quantity,
        studies=studies,
        weeks=alert.weeks,
        value=value,
        level=level,
    )


def _notes(connection: sa.Connection, alert_id: UUID) -> dict[str, str]:
    """What people wrote about an alert, by the hash of it."""
    texts = connection.execute(
        sa.select(alert_note.c.text).where(alert_note.c.alert_id == alert_id)
    ).scalars()
    return {sha256(text.encode()).hexdigest(): text for text in texts}


def _pieces(connection: sa.Connection, alert: Any, *, adds_up: bool) -> tuple[Piece, ...]:
    ids = [int(part["study_id"]) for part in alert.evidence]
    statement = (
        sa.select(
            S.id, S.study_instance_uid, S.study_date, S.study_time, S.study_at, S.study_description,
            S.modality_types, dose.device.c.display_name,
        )
        .select_from(dose.study.outerjoin(dose.device))
        .where(S.id.in_(ids))
    )  # fmt: skip
    studies = {row.id: row for row in connection.execute(statement)}

    def place(part: dict[str, Any]) -> tuple[str, str, int]:
        row = studies.get(int(part["study_id"]))
        return (
            (str(row.study_date or ""), str(row.study_time or ""), row.id) if row is not None else ("", "", 0)
        )

    pieces, total = [], 0.0
    for part in sorted(alert.evidence, key=place):
        total += float(part["value"])
        row = studies.get(int(part["study_id"]))
        here = int(part["study_id"]) == alert.study_id
        running = total if adds_up else None
        pieces.append(Piece(row, float(part["value"]), running, here, bool(part.get("at_most"))))
    return tuple(pieces)


FILTERS = (
    "step", "modality_types", "device_ids", "standard_names", "age_years_from", "age_years_below", "weight_kg_from",
    "weight_kg_below",
)  # fmt: skip


def _rule_then(connection: sa.Connection, alert: Any) -> RuleThen:
    known = {key: getattr(alert, key) for key in ("quantity", "scope", "weeks", "level", "severity")}
    unknown = dict.fromkeys(FILTERS) | known
    row = connection.execute(sa.select(alert_rule).where(alert_rule.c.key == alert.rule_key)).first()
    if row is None:
        return RuleThen(None, alert.rule_version, None, unknown)
    if row.version == alert.rule_version:
        return RuleThen(row.id, row.version, row.version, dict(row._mapping))
    former = alert_rule_version.c
    said = connection.execute(
        sa.select(former.rule).where(former.rule_id == row.id, former.version == alert.rule_version)
    ).scalar()
    return RuleThen(row.id, alert.rule_version, row.version, unknown | (said or {}))


def _chain(connection: sa.Connection, alert: Any) -> Sequence[Any]:
    """Other alerts of the same rule about this study or this patient: escalations, and later ones."""
    same = A.study_instance_uid == alert.study_instance_uid
    if alert.patient is not None:
        same = sa.or_(same, A.patient == alert.patient)
    statement = (
        listing.selected()
        .where(A.rule_key == alert.rule_key, A.id != alert.id, same)
        .order_by(None)
        .order_by(A.raised_at, A.id)
        .limit(CHAIN)
    )
    return connection.execute(statement).all()


def _has_map(connection: sa.Connection, study_id: int | None) -> bool:
    if study_id is None:
        return False
    m = dose.skin_map.c
    outcome = connection.execute(sa.select(m.outcome).where(m.study_id == study_id)).scalar()
    return outcome in {"computed", "partial"}
