"""Gathers what messages tell of an alert; nothing of it identifies a patient unless the site's policy lets it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from dosebus.domain.alerting import TELLABLE
from dosebus.domain.quantities import QUANTITIES
from dosebus.store.tables import dose
from dosebus.store.tables.alerts import alert, mail, study_dose, study_sum
from dosebus_alerts.configuration import Configuration, read_configuration
from dosebus_alerts.letter import AlertFacts, SumRow
from dosebus_alerts.picture import TrendPoint, trend_picture
from dosebus_alerts.skin import PEAK
from dosebus_alerts.speech import MODALITIES, SEVERITIES, Speech

DIGEST_LENGTH = 200
"""How many alerts a digest lists; of more it tells the number."""


@dataclass(frozen=True)
class Links:
    """Where pages are."""

    public_url: str

    def study(self, uid: str) -> str:
        """The page of a study."""
        return f"{self.public_url.rstrip('/')}/study/{uid}"

    def alert(self, alert_id: UUID) -> str:
        """The page of an alert."""
        return f"{self.public_url.rstrip('/')}/alerts/{alert_id}"

    @property
    def alerts(self) -> str:
        """The page of all alerts."""
        return f"{self.public_url.rstrip('/')}/alerts"


def row_of(connection: Connection, alert_id: UUID) -> Row[Any]:
    """An alert. Raises LookupError when there is none."""
    row = connection.execute(sa.select(alert).where(alert.c.id == alert_id)).first()
    if row is None:
        raise LookupError(f"there is no alert {alert_id}")
    return row


def alert_facts(connection: Connection, row: Row[Any], links: Links, say: Speech) -> dict[str, Any]:
    """The facts of an alert as they stand now, and when a reminder needs it, how long nobody acknowledged it."""
    configuration = read_configuration(connection)
    study = study_facts(connection, row.study_instance_uid)
    trend = trend_of(connection, row)
    facts = AlertFacts(
        title=say(row.rule_title),
        severity=say(SEVERITIES[row.severity]),
        quantity=say(QUANTITIES[row.quantity].label),
        value=value_of(row, say),
        level=say.quantity(row.quantity, row.level),
        share=say.percent(row.value / row.level),
        scope=row.scope,
        weeks=row.weeks,
        number_of_studies=len(row.evidence),
        modality=", ".join(dict.fromkeys(say(MODALITIES.get(one, one)) for one in study["modality_types"])),
        device=study["device"],
        sums=tuple(_sums(connection, row, study["modality_types"], configuration, say)),
        told=tuple((say(TELLABLE[key]), _written(value, say)) for key, value in told(configuration, study)),
        study_link=links.study(row.study_instance_uid),
        alert_link=links.alert(row.id),
        at_most=row.at_most,
        trend_weeks=None if trend is None else trend.weeks,
        trend_doubts=trend is not None and any(point.bound is not None for point in trend.points),
    )
    waited = (datetime.now(UTC) - row.raised_at) / timedelta(hours=1)
    return asdict(facts) | {"hours": max(1, int(waited))}


def value_of(row: Row[Any], say: Speech) -> str:
    """The value of an alert, or what it cannot be excluded to be."""
    return say.value(row.quantity, None if row.at_most else row.value, row.value if row.at_most else None)


def digest_facts(connection: Connection, digest: Row[Any], links: Links, say: Speech) -> dict[str, Any]:
    """What a digest lists. Raises LookupError when none of its alerts stands any more."""
    rows = connection.execute(
        sa.select(alert, mail.c.id.label("mail_id"))
        .join(mail, mail.c.alert_id == alert.c.id)
        .where(mail.c.digest_id == digest.id, mail.c.state.in_(("gathered", "sending")))
        .order_by(sa.case({"critical": 0, "warning": 1}, value=alert.c.severity, else_=2), alert.c.raised_at)
    ).all()
    if not rows:
        raise LookupError("nothing to tell")
    return {
        "day": say.day(digest.digest_day),
        "count": len(rows),
        "further": max(0, len(rows) - DIGEST_LENGTH),
        "link": links.alerts,
        "alerts": [
            {
                "title": say(row.rule_title),
                "severity": say(SEVERITIES[row.severity]),
                "value": value_of(row, say),
                "level": say.quantity(row.quantity, row.level),
                "device": study_facts(connection, row.study_instance_uid)["device"],
                "link": links.alert(row.id),
            }
            for row in rows[:DIGEST_LENGTH]
        ],
    }


def study_facts(connection: Connection, uid: str) -> Mapping[str, Any]:
    """Modalities and device of a study, and what a policy may let be told of it."""
    s = dose.study.c
    row = connection.execute(
        sa.select(
            s.modality_types,
            dose.device.c.display_name.label("device"),
            s.patient_name_is_hashed,
            s.patient_id_is_hashed,
            s.patient_birth_date_is_hashed,
            *(s[key] for key in TELLABLE),
        )
        .select_from(dose.study.outerjoin(dose.device, dose.device.c.id == s.device_id))
        .where(s.study_instance_uid == uid)
    ).first()
    return {"modality_types": [], "device": None} if row is None else dict(row._mapping)


def told(configuration: Configuration, study: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What the policy lets a message tell of a study; pseudonyms are left out."""
    for key in configuration.mail_fields:
        if study.get(key) is not None and not study.get(f"{key}_is_hashed"):
            yield key, study[key]


@dataclass(frozen=True)
class Trend:
    """The patient's sums around an alert, and over how many weeks they are shown."""

    points: tuple[TrendPoint, ...]
    level: float
    weeks: int

    def picture(self) -> bytes:
        """The trend as PNG."""
        return trend_picture(self.points, self.level)


def trend_of(connection: Connection, row: Row[Any]) -> Trend | None:
    """The sums of the alert's quantity over twice its weeks; None for fewer than two studies, or without sums."""
    d, s = study_dose.c, study_sum.c
    own = connection.execute(
        sa.select(d.patient, d.study_date, s.weeks, s.modalities)
        .join(study_sum, s.study_instance_uid == d.study_instance_uid)
        .where(d.study_instance_uid == row.study_instance_uid, s.quantity == row.quantity)
        .order_by(s.weeks != (row.weeks or 0), s.weeks)
    ).first()
    if own is None or own.patient is None or own.study_date is None:
        return None
    weeks = 2 * own.weeks
    found = connection.execute(
        sa.select(d.study_date, d.doses, s.total, s.bound)
        .join(study_sum, s.study_instance_uid == d.study_instance_uid)
        .where(
            d.patient == own.patient,
            d.study_date.between(own.study_date - timedelta(weeks=weeks), own.study_date),
            s.quantity == row.quantity,
            s.weeks == own.weeks,
            s.modalities == own.modalities,
        )
        .order_by(d.study_date, d.study_time, d.study_id)
    ).all()
    if len(found) < 2:
        return None
    points = tuple(
        TrendPoint(one.study_date, one.doses.get(row.quantity, 0.0), one.total, one.bound) for one in found
    )
    return Trend(points, row.level, weeks)


def _sums(
    connection: Connection,
    row: Row[Any],
    modality_types: list[str],
    configuration: Configuration,
    say: Speech,
) -> Iterator[SumRow]:
    """A line for every rule that watches the study or its sums, one for equal quantity and window."""
    doses = connection.execute(
        sa.select(study_dose.c.doses).where(study_dose.c.study_instance_uid == row.study_instance_uid)
    ).scalar()
    sums = {
        (one.quantity, one.weeks): one
        for one in connection.execute(
            sa.select(study_sum).where(study_sum.c.study_instance_uid == row.study_instance_uid)
        )
    }
    bounds = _bounds(connection, row.study_id)
    watching = [
        rule for rule in configuration.rules if rule.modality_types & set(modality_types) and not rule.trial
    ]
    summed = {rule.quantity for rule in watching if rule.scope == "sum"}
    for rule in watching:
        value, bound = (doses or {}).get(rule.quantity), bounds.get(rule.quantity)
        if (
            (value is None and bound is None)
            or rule.scope == "event"
            or (rule.scope == "study" and rule.quantity in summed)
        ):
            continue
        total = sums.get((rule.quantity, rule.weeks or 0))
        reached = total.total if total else value or 0.0
        yield SumRow(
            quantity=say(QUANTITIES[rule.quantity].label),
            study=say.value(rule.quantity, value, bound),
            weeks=rule.weeks if total else None,
            total=say.value(rule.quantity, reached, total.bound if total else bound),
            number_of_studies=total.number_of_studies if total else 1,
            level=say.quantity(rule.quantity, rule.level),
            passed=reached >= rule.level,
        )


def _bounds(connection: sa.Connection, study_id: int) -> dict[str, float]:
    """How far a study's values may reach where a part of them is not known: that of its skin dose."""
    m = dose.skin_map.c
    select = sa.select(m.peak_bound_gy).where(m.study_id == study_id, m.outcome != "computed")
    bound = connection.execute(select).scalar()
    return {} if bound is None else {PEAK: bound}


def _written(value: Any, say: Speech) -> str:
    if isinstance(value, date):
        return say.day(value)
    return say.number(value) if isinstance(value, float) else str(value)
