"""The ledger: what alerts keeps of every study, brought up to date from the published dose schema."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row
from sqlalchemy.dialects.postgresql import insert

from dosebus.domain.quantities import QUANTITIES, Quantity
from dosebus.store.tables import dose
from dosebus.store.tables.alerts import study_dose, study_sum
from dosebus.store.transaction import Transaction
from dosebus_alerts.cumulative import SkinPeak, StudyDose, WindowSum
from dosebus_alerts.names import standard_names
from dosebus_alerts.skin import PEAK, joint_peaks, peaks


def patient_digest(patient_id: str | None) -> str | None:
    """A digest of the stored patient ID (plain or pseudonym), spaces around it aside; None without one."""
    stripped = (patient_id or "").strip()
    return sha256(f"dosebus:patient:{stripped}".encode()).hexdigest() if stripped else None


def studies_as_recorded(
    tx: Transaction, uids: Collection[str], event_quantities: Collection[str]
) -> dict[str, StudyDose]:
    """What the dose schema says now, by UID; studies marked as not of a patient are left out."""
    rows = tx.execute(
        sa.select(dose.study).where(
            dose.study.c.study_instance_uid.in_(uids), dose.study.c.not_patient_indicator.is_(None)
        )
    ).all()
    ids = [row.id for row in rows]
    event_peaks, skin = _event_peaks(tx, ids, event_quantities), peaks(tx, ids)
    joint, names = joint_peaks(tx, ids), standard_names(tx, ids)
    return {
        row.study_instance_uid: replace(
            _from_study(row),
            doses=_doses(row) | _certain(skin.get(row.id)),
            skin=skin.get(row.id),
            event_peaks=event_peaks.get(row.id, {}),
            joint=joint.get(row.id, {}),
            standard_names=names.get(row.id, frozenset()),
        )
        for row in rows
    }


def studies_in_ledger(tx: Transaction, uids: Collection[str]) -> dict[str, StudyDose]:
    """What the ledger says, by UID."""
    rows = tx.execute(sa.select(study_dose).where(study_dose.c.study_instance_uid.in_(uids)))
    return {row.study_instance_uid: _from_ledger(row) for row in rows}


def history(tx: Transaction, patient: str, days: tuple[date, date]) -> list[StudyDose]:
    """A patient's studies of these days, first and last included, with the peaks of their skin maps and of the sums
    of these as they are now."""
    rows = tx.execute(
        sa.select(study_dose)
        .where(study_dose.c.patient == patient, study_dose.c.study_date.between(*days))
        .order_by(study_dose.c.study_date, study_dose.c.study_id)
    )
    known = [_from_ledger(row) for row in rows]
    ids = [study.study_id for study in known]
    skin, joint = peaks(tx, ids), joint_peaks(tx, ids)
    return [
        replace(study, skin=skin.get(study.study_id), joint=joint.get(study.study_id, {})) for study in known
    ]


def write(tx: Transaction, studies: Iterable[StudyDose]) -> None:
    """Bring the ledger's rows of these studies up to date."""
    rows = [
        {
            "study_instance_uid": study.study_instance_uid,
            "study_id": study.study_id,
            "patient": study.patient,
            "study_date": study.study_date,
            "study_time": study.study_time,
            "modality_types": sorted(study.modality_types),
            "doses": dict(study.doses),
            "event_peaks": dict(study.event_peaks),
            "device_id": study.device_id,
            "standard_names": sorted(study.standard_names),
            "age_years": study.age_years,
            "weight_kg": study.weight_kg,
        }
        for study in studies
    ]
    if not rows:
        return
    statement = insert(study_dose).values(rows)
    kept = {
        column.name: statement.excluded[column.name]
        for column in study_dose.columns
        if not column.primary_key
    }
    tx.execute(statement.on_conflict_do_update(index_elements=[study_dose.c.study_instance_uid], set_=kept))


def strike(tx: Transaction, uids: Collection[str]) -> None:
    """Take studies out of the ledger; their sums go with them."""
    if uids:
        tx.execute(sa.delete(study_dose).where(study_dose.c.study_instance_uid.in_(uids)))


def write_sums(tx: Transaction, sums: Mapping[str, Sequence[WindowSum]]) -> None:
    """Let the sums of these studies be the given ones; what is so already is not written again."""
    wanted = {uid: {_sum_row(uid, one) for one in found} for uid, found in sums.items()}
    known: defaultdict[str, set[tuple[Any, ...]]] = defaultdict(set)
    for row in tx.execute(sa.select(study_sum).where(study_sum.c.study_instance_uid.in_(wanted))):
        known[row.study_instance_uid].add(tuple(row))
    changed = [uid for uid, rows in wanted.items() if rows != known[uid]]
    if any(known[uid] for uid in changed):
        tx.execute(sa.delete(study_sum).where(study_sum.c.study_instance_uid.in_(changed)))
    names = [column.name for column in study_sum.columns]
    rows = [dict(zip(names, row, strict=True)) for uid in changed for row in sorted(wanted[uid])]
    if rows:
        tx.execute(sa.insert(study_sum), rows)


def _sum_row(uid: str, one: WindowSum) -> tuple[Any, ...]:
    modalities = "+".join(sorted(one.window.modality_types))
    number = len(one.contributions)
    return (uid, one.window.quantity, one.window.weeks, modalities, one.total, number, one.bound)


def _doses(row: Row[Any]) -> dict[str, float]:
    values = {quantity.key: _study_value(row, quantity) for quantity in QUANTITIES.values()}
    return {key: value for key, value in values.items() if value is not None}


def _certain(skin: SkinPeak | None) -> dict[str, float]:
    return {} if skin is None or skin.certain is None else {PEAK: skin.certain}


def _from_study(row: Row[Any]) -> StudyDose:
    return StudyDose(
        study_id=row.id,
        study_instance_uid=row.study_instance_uid,
        patient=patient_digest(row.patient_id),
        study_date=row.study_date,
        study_time=row.study_time,
        modality_types=frozenset(row.modality_types),
        device_id=row.device_id,
        age_years=row.patient_age_years,
        weight_kg=row.patient_weight_kg,
    )


def _study_value(row: Row[Any], quantity: Quantity) -> float | None:
    whole = None if quantity.whole_total is None else row._mapping[quantity.whole_total]
    parts = [part for part in (row._mapping[name] for name in quantity.totals) if part is not None]
    value = whole if whole is not None else (sum(parts) if parts else None)
    return None if value is None else float(value)


def _from_ledger(row: Row[Any]) -> StudyDose:
    return StudyDose(
        study_id=row.study_id,
        study_instance_uid=row.study_instance_uid,
        patient=row.patient,
        study_date=row.study_date,
        study_time=row.study_time,
        modality_types=frozenset(row.modality_types),
        doses=row.doses,
        event_peaks=row.event_peaks,
        device_id=row.device_id,
        standard_names=frozenset(row.standard_names),
        age_years=row.age_years,
        weight_kg=row.weight_kg,
    )


def _event_peaks(
    tx: Transaction, study_ids: Collection[int], keys: Collection[str]
) -> dict[int, dict[str, float]]:
    found: dict[int, dict[str, float]] = {}
    for key in sorted(keys):
        place = QUANTITIES[key].event
        if place is None or not study_ids:
            continue
        table = dose.metadata.tables[f"{dose.SCHEMA}.{place[0]}"]
        rows = tx.execute(
            sa.select(table.c.study_id, sa.func.max(table.c[place[1]]).label("peak"))
            .where(table.c.study_id.in_(study_ids), table.c[place[1]].is_not(None))
            .group_by(table.c.study_id)
        )
        for row in rows:
            found.setdefault(row.study_id, {})[key] = float(row.peak)
    return found
