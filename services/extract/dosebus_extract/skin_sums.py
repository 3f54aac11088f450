"""Sums of one patient's skin dose maps, on one body, kept for every window that alerts ask for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, Literal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from dosebus.events.extract import SkinMapComputed
from dosebus.store.tables import config, dose
from dosebus.store.transaction import Transaction
from dosebus_extract.skin_adding import Member, sum_values
from dosebus_extract.skin_devices import SkinSettings, skin_settings
from dosebus_extract.skin_window import Dated, window

S = dose.study.c
M = dose.skin_map.c
SUM = dose.skin_sum.c
SHOWN_WEEKS: Final = 12
"""The window that pages show, whatever the rules ask for."""
PATIENT_LOCK: Final = 0x736B696E
"""Seed of the advisory locks under which one patient's sums are written."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """A study of fluoroscopy with the stamp of its map; None where it was not looked at yet."""

    dated: Dated
    stamp: str | None
    outcome: Literal["computed", "partial", "not_computed"] | None


def weeks_in_use(connection: sa.Connection) -> tuple[int, ...]:
    """The windows of the rules on peak skin dose that are switched on or tried, and the one that pages show."""
    rule = config.alert_rule.c
    select = (
        sa.select(rule.weeks)
        .distinct()
        .where(rule.quantity == "peak_skin_dose_gy", rule.scope == "sum", rule.enabled)
    )
    return tuple(sorted({SHOWN_WEEKS, *connection.execute(select).scalars()}))


def sum_maps(tx: Transaction, study_ids: Iterable[int]) -> list[int]:
    """Bring every sum up to date that these studies are or were in; gives the studies whose sums changed.

    A sum depends on what is recorded alone, not on the order in which it came.
    """
    wanted = set(study_ids)
    weeks = weeks_in_use(tx.connection)
    for key in sorted(_patient_keys(tx, wanted | _having(tx, wanted))):
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(key, PATIENT_LOCK))))
    settings = skin_settings(tx.connection)
    having = _having(tx, wanted)
    groups = [_of_patient(tx, one) for one in _dated(tx, wanted | having)]
    studies = {one.dated.study_id: (one, group) for group in groups for one in group}
    changed = []
    for study_id, (one, group) in sorted(studies.items()):
        touches = study_id in wanted | having or any(
            other.dated.study_id in wanted for other in _window(one, group, max(weeks))
        )
        if touches and one.stamp is not None and _sum_one(tx, one, group, weeks, settings=settings):
            changed.append(study_id)
            _tell(tx, one)
    gone = sorted(wanted - {key for key, (one, _) in studies.items() if one.stamp is not None})
    if gone:
        tx.execute(sa.delete(dose.skin_sum).where(SUM.study_id.in_(gone)))
    return changed


def _sum_one(
    tx: Transaction,
    one: Mapped,
    group: Sequence[Mapped],
    weeks: Sequence[int],
    *,
    settings: SkinSettings,
) -> bool:
    """Write the sums that end with a study where they changed."""
    study_id = one.dated.study_id
    rows = tx.execute(sa.select(SUM.weeks, SUM.input_key).where(SUM.study_id == study_id))
    known = {row.weeks: row.input_key for row in rows}
    changed = False
    for count in weeks:
        members = _window(one, group, count)
        key = _input_key(members, settings)
        if known.get(count) == key:
            continue
        values = sum_values([_member(tx, member) for member in members], settings)
        row = values | {
            "study_id": study_id,
            "weeks": count,
            "member_ids": [member.dated.study_id for member in members],
            "input_key": key,
            "computed_at": datetime.now(UTC),
        }
        statement = insert(dose.skin_sum).values(row)
        tx.execute(statement.on_conflict_do_update(index_elements=["study_id", "weeks"], set_=row))
        changed = True
    tx.execute(sa.delete(dose.skin_sum).where(SUM.study_id == study_id, SUM.weeks.not_in(weeks)))
    return changed


def _window(one: Mapped, group: Sequence[Mapped], weeks: int) -> list[Mapped]:
    by_id = {other.dated.study_id: other for other in group}
    members = window(one.dated, (other.dated for other in group), weeks)
    return [by_id[member.study_id] for member in members]


def _input_key(members: Sequence[Mapped], settings: SkinSettings) -> str:
    said = [settings.mode, *(f"{member.dated.study_id} {member.stamp}" for member in members)]
    return sha256("\n".join(said).encode()).hexdigest()[:32]


def _having(tx: Transaction, study_ids: set[int]) -> set[int]:
    """Studies whose sums have one of these as a member now."""
    select = sa.select(SUM.study_id).where(SUM.member_ids.overlap(sorted(study_ids)))
    return set(tx.execute(select).scalars())


def _dated(tx: Transaction, study_ids: set[int]) -> list[Dated]:
    select = _studies().where(S.id.in_(sorted(study_ids)))
    found = {
        one.dated.patient_id or one.dated.study_id: one.dated for one in map(_mapped, tx.execute(select))
    }
    return list(found.values())


def _patient_keys(tx: Transaction, study_ids: set[int]) -> set[str]:
    return {one.patient_id or f"study {one.study_id}" for one in _dated(tx, study_ids)}


def _of_patient(tx: Transaction, one: Dated) -> list[Mapped]:
    """All studies of fluoroscopy of a study's patient, or the study alone where nothing says whose it is."""
    mine = S.id == one.study_id if one.patient_id is None else S.patient_id == one.patient_id
    return [
        found
        for found in map(_mapped, tx.execute(_studies().where(mine)))
        if found.dated.patient_id == one.patient_id
    ]


def _studies() -> sa.Select[Any]:
    return (
        sa.select(
            S.id, S.study_instance_uid, S.patient_id, S.not_patient_indicator, S.study_date, S.study_time,
            M.study_revision, M.input_key, M.computed_at, M.outcome,
        )
        .select_from(dose.study.outerjoin(dose.skin_map, M.study_id == S.id))
        .where(S.modality_types.contains(["RF"]))
    )  # fmt: skip


def _mapped(row: sa.Row[Any]) -> Mapped:
    """A study marked as not of a patient belongs to nobody."""
    said = (row.patient_id or "").strip()
    patient = row.patient_id if said and row.not_patient_indicator is None else None
    dated = Dated(row.id, row.study_instance_uid, patient, row.study_date, row.study_time)
    if row.input_key is None:
        return Mapped(dated, None, None)
    stamp = f"{row.study_revision} {row.input_key} {row.computed_at.isoformat()}"
    return Mapped(dated, stamp, row.outcome)


def _member(tx: Transaction, one: Mapped) -> Member:
    columns = (
        M.outcome, M.method, M.method_version, M.peak_skin_dose_gy, M.peak_bound_gy, M.row_count,
        M.column_count, M.dose_map, M.provenance,
    )  # fmt: skip
    device = dose.device.c
    row = tx.execute(
        sa.select(S.id, S.record, S.software_version, device.manufacturer, device.model, *columns)
        .select_from(dose.study.outerjoin(dose.device).outerjoin(dose.skin_map, M.study_id == S.id))
        .where(S.id == one.dated.study_id)
    ).one()
    return Member(**row._mapping)


def _tell(tx: Transaction, one: Mapped) -> None:
    if one.outcome is None:
        return
    tx.publish(
        SkinMapComputed(
            study_id=one.dated.study_id,
            study_instance_uid=one.dated.study_instance_uid,
            outcome=one.outcome,
        ),
        subject=one.dated.study_instance_uid,
    )
