"""Gathers what the mail of an alert tells; nothing of it identifies a patient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from dosebus.store.tables import dose
from dosebus.store.tables.alerts import alert, study_dose, study_sum
from dosebus_alerts.configuration import read_configuration
from dosebus_alerts.letter import AlertFacts, SumRow
from dosebus_alerts.quantities import QUANTITIES
from dosebus_alerts.rules import Rule

MODALITIES = {
    "CT": "Computed tomography",
    "RF": "Fluoroscopy",
    "MG": "Mammography",
    "DX": "Radiography",
    "CR": "Radiography",
    "PX": "Radiography",
    "NM": "Nuclear medicine",
}


def alert_facts(connection: Connection, alert_id: UUID, public_url: str) -> dict[str, Any]:
    """The facts of an alert as they stand now. Raises LookupError when there is no such alert."""
    row = connection.execute(sa.select(alert).where(alert.c.id == alert_id)).first()
    if row is None:
        raise LookupError(f"there is no alert {alert_id}")
    study = _study(connection, row.study_instance_uid)
    quantity = QUANTITIES[row.quantity]
    rules = read_configuration(connection).rules
    base = public_url.rstrip("/")
    facts = AlertFacts(
        title=row.rule_title,
        severity=row.severity,
        quantity=quantity.label,
        value=quantity.shown(row.value),
        level=quantity.shown(row.level),
        share=f"{row.value / row.level:.0%}",
        scope=row.scope,
        weeks=row.weeks,
        number_of_studies=len(row.evidence),
        modality=", ".join(dict.fromkeys(MODALITIES.get(one, one) for one in study["modality_types"])),
        device=study["device"],
        sums=tuple(_sums(connection, row, study["modality_types"], rules)),
        study_link=f"{base}/study/{row.study_instance_uid}",
        alert_link=f"{base}/alerts",
    )
    return asdict(facts)


def _study(connection: Connection, uid: str) -> Mapping[str, Any]:
    row = connection.execute(
        sa.select(dose.study.c.modality_types, dose.device.c.display_name.label("device"))
        .select_from(dose.study.outerjoin(dose.device, dose.device.c.id == dose.study.c.device_id))
        .where(dose.study.c.study_instance_uid == uid)
    ).first()
    return {"modality_types": [], "device": None} if row is None else dict(row._mapping)


def _sums(
    connection: Connection, row: Row[Any], modality_types: list[str], rules: tuple[Rule, ...]
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
    watching = [rule for rule in rules if rule.modality_types & set(modality_types)]
    summed = {rule.quantity for rule in watching if rule.scope == "sum"}
    for rule in watching:
        value = (doses or {}).get(rule.quantity)
        if value is None or rule.scope == "event" or (rule.scope == "study" and rule.quantity in summed):
            continue
        total = sums.get((rule.quantity, rule.weeks or 0))
        quantity = QUANTITIES[rule.quantity]
        yield SumRow(
            quantity=quantity.label,
            study=quantity.shown(value),
            weeks=rule.weeks if total else None,
            total=quantity.shown(total.total if total else value),
            number_of_studies=total.number_of_studies if total else 1,
            level=quantity.shown(rule.level),
            passed=(total.total if total else value) >= rule.level,
        )
