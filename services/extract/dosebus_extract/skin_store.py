"""Reads a study for its skin dose map and writes what came of it, if the study is still the same."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from dosebus.bus.fault import describe
from dosebus.domain.study import Study
from dosebus.events.extract import SkinMapComputed, SkinSumsRequested
from dosebus.store.packed import unpack
from dosebus.store.tables import dose
from dosebus.store.transaction import Transaction
from dosebus_extract.skin_devices import SkinSettings, skin_settings
from dosebus_extract.skin_mapping import System, failed_values, map_values
from dosebus_extract.skin_metrics import SKIN_MAPS, SKIN_SECONDS
from dosebus_extract.store_study import lock_study

S = dose.study.c
M = dose.skin_map.c
ATTEMPTS: Final = 5
"""How often a study that changes while it is mapped is mapped again at once; after that the message comes again."""


class StudyKeepsChanging(Exception):
    """A study that was another each time its map was ready."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A study as it is to be mapped, and what stands of its map."""

    study_id: int
    revision: int
    is_fluoroscopy: bool
    system: System
    record: bytes
    map_revision: int | None
    map_key: str | None
    map_at: datetime | None


def map_study(
    tx: Transaction, study_instance_uid: str, *, seconds: float, asked_at: datetime | None = None
) -> bool:
    """Map a study unless its map is up to date; says whether anything was written.

    `asked_at`: a person wants it again; only a map that was made later counts as up to date then. The study is locked
    while the map is written, never while it is computed. Raises StudyKeepsChanging.
    """
    for _ in range(ATTEMPTS):
        standing = _standing(tx, study_instance_uid)
        if standing is None:
            return False
        if not standing.is_fluoroscopy:
            return _take_away(tx, standing)
        settings = skin_settings(tx.connection)
        if _is_current(standing, settings, asked_at):
            return False
        started = time.monotonic()
        values = _computed(standing, settings, seconds) | {"compute_seconds": time.monotonic() - started}
        if _write(tx, study_instance_uid, standing, values):
            SKIN_SECONDS.observe(values["compute_seconds"])
            tx.after_commit(SKIN_MAPS.labels(values["outcome"]).inc)
            _tell(tx, standing.study_id, study_instance_uid, values["outcome"])
            return True
    raise StudyKeepsChanging


def _standing(tx: Transaction, study_instance_uid: str) -> Standing | None:
    device = dose.device.c
    select = (
        sa.select(
            S.id, S.revision, S.modality_types, S.record, S.software_version, device.manufacturer, device.model,
            M.study_revision, M.input_key, M.computed_at,
        )
        .select_from(dose.study.outerjoin(dose.device).outerjoin(dose.skin_map, M.study_id == S.id))
        .where(S.study_instance_uid == study_instance_uid)
    )  # fmt: skip
    row = tx.execute(select).first()
    if row is None:
        return None
    return Standing(
        study_id=row.id,
        revision=row.revision,
        is_fluoroscopy="RF" in row.modality_types,
        system=System(row.manufacturer, row.model, row.software_version),
        record=row.record,
        map_revision=row.study_revision,
        map_key=row.input_key,
        map_at=row.computed_at,
    )


def _is_current(standing: Standing, settings: SkinSettings, asked_at: datetime | None) -> bool:
    if standing.map_at is None or standing.map_revision != standing.revision:
        return False
    if asked_at is not None and standing.map_at < asked_at:
        return False
    return standing.map_key == _key(standing, settings)


def _key(standing: Standing, settings: SkinSettings) -> str:
    system = standing.system
    return settings.input_key(settings.entry_for(system.manufacturer, system.model, system.software_version))


def _computed(standing: Standing, settings: SkinSettings, seconds: float) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    try:
        study = unpack(Study, standing.record)
        return map_values(study, standing.system, settings, lambda: time.monotonic() > deadline)
    except SQLAlchemyError:
        raise
    except Exception as error:  # noqa: BLE001 - the calculation is pure: what fails once fails always
        structlog.get_logger("dosebus.extract").error(
            "skin dose map failed", study_id=standing.study_id, error=describe(error)
        )
        return failed_values(settings, standing.system, describe(error))


def _write(tx: Transaction, study_instance_uid: str, standing: Standing, values: dict[str, Any]) -> bool:
    """Write a map if study and settings are still those it was made from; if not, nothing stays locked."""
    savepoint = tx.connection.begin_nested()
    lock_study(tx, study_instance_uid)
    now = _standing(tx, study_instance_uid)
    same = (
        now is not None
        and (now.study_id, now.revision, now.system)
        == (standing.study_id, standing.revision, standing.system)
        and _key(now, skin_settings(tx.connection)) == values["input_key"]
    )
    if not same:
        savepoint.rollback()
        return False
    row = values | {
        "study_id": standing.study_id,
        "study_revision": standing.revision,
        "computed_at": datetime.now(UTC),
        "reason_code": values.get("reason_code"),
        "reason": values.get("reason"),
    }
    statement = insert(dose.skin_map).values(row)
    tx.execute(statement.on_conflict_do_update(index_elements=["study_id"], set_=row))
    savepoint.commit()
    return True


def _take_away(tx: Transaction, standing: Standing) -> bool:
    """A study that is no fluoroscopy any more has no map, and is in no sum."""
    if standing.map_at is None:
        return False
    tx.execute(sa.delete(dose.skin_map).where(M.study_id == standing.study_id))
    tx.publish(SkinSumsRequested(study_ids=(standing.study_id,)), subject=str(standing.study_id))
    return True


def _tell(tx: Transaction, study_id: int, study_instance_uid: str, outcome: Any) -> None:
    tx.publish(
        SkinMapComputed(study_id=study_id, study_instance_uid=study_instance_uid, outcome=outcome),
        subject=study_instance_uid,
    )
    tx.publish(SkinSumsRequested(study_ids=(study_id,)), subject=str(study_id))
