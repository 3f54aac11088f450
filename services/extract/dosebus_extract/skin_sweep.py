"""Finds studies whose skin dose map, or sums, are not what the settings and the record would make now."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.sql.expression import Values

from dosebus.events.extract import SkinMapRequested, SkinSumsRequested
from dosebus.runtime.service import Context
from dosebus.store.tables import dose
from dosebus.store.transaction import Transaction
from dosebus_extract.settings import ExtractSettings
from dosebus_extract.skin.method import METHOD_VERSION
from dosebus_extract.skin_devices import SkinSettings, skin_settings
from dosebus_extract.skin_requests import SYSTEM
from dosebus_extract.skin_sums import weeks_in_use

S = dose.study.c
M = dose.skin_map.c
SWEEP_SECONDS: Final = 120.0
AT_A_TIME: Final = 200
QUEUE: Final = "extract.map_skin_dose"
RF = sa.text(f"study.{dose.RF}")
NOT_RF = sa.text(f"NOT study.{dose.RF}")


def sweep(context: Context[ExtractSettings]) -> None:
    """Ask for what is stale, unless the queue is still full of the last time."""
    waiting = {depth.queue: depth.ready + depth.delayed for depth in context.bus.depths()}
    if waiting.get(QUEUE, 0) < AT_A_TIME // 4:
        with context.database.transaction() as tx:
            ask_for_stale(tx)


def ask_for_stale(tx: Transaction, limit: int = AT_A_TIME) -> int:
    """Ask for the next stale maps, newest studies first, and for missing sums; gives how many."""
    settings = skin_settings(tx.connection)
    stale = stale_maps(tx.connection, settings, limit)
    for uid, reason in stale:
        tx.publish(
            SkinMapRequested.model_validate(
                {"study_instance_uid": uid, "reason": reason, "requested_by": SYSTEM}
            ),
            subject=uid,
        )
    missing = studies_without_sums(tx.connection, limit)
    for study_id in missing:
        tx.publish(SkinSumsRequested(study_ids=(study_id,)), subject=str(study_id))
    return len(stale) + len(missing)


def stale_maps(connection: sa.Connection, settings: SkinSettings, limit: int) -> list[tuple[str, str]]:
    """Study UIDs whose map is missing or made from something else, each with the reason of its request.

    A map of a study that is no fluoroscopy any more is stale too.
    """
    expected = _expected(connection, settings)
    other = sa.or_(M.study_id.is_(None), M.study_revision != S.revision)
    reason = sa.case(
        (other, "arrival"),
        (sa.or_(M.method != settings.mode, M.method_version != METHOD_VERSION), "method"),
        else_="device",
    )
    found: list[tuple[str, str]] = []
    if expected is not None:
        same_system = sa.and_(
            S.device_id.is_not_distinct_from(expected.c.device_id),
            S.software_version.is_not_distinct_from(expected.c.software_version),
        )
        select = (
            sa.select(S.study_instance_uid, reason)
            .select_from(dose.study.outerjoin(dose.skin_map, M.study_id == S.id).join(expected, same_system))
            .where(RF, sa.or_(other, M.input_key != expected.c.input_key))
            .order_by(S.id.desc())
            .limit(limit)
        )
        found = [(uid, why) for uid, why in connection.execute(select)]
    left_over = (
        sa.select(S.study_instance_uid).join(dose.skin_map, M.study_id == S.id).where(NOT_RF).limit(limit)
    )
    return found + [(uid, "arrival") for uid in connection.execute(left_over).scalars()]


def studies_without_sums(connection: sa.Connection, limit: int) -> list[int]:
    """Studies that were looked at and lack the sum of some window in use."""
    weeks = weeks_in_use(connection)
    sums = dose.skin_sum.c
    counted = (
        sa.select(sa.func.count()).where(sums.study_id == M.study_id, sums.weeks.in_(weeks)).scalar_subquery()
    )
    select = sa.select(M.study_id).where(counted < len(weeks)).order_by(M.study_id.desc()).limit(limit)
    return list(connection.execute(select).scalars())


def _expected(connection: sa.Connection, settings: SkinSettings) -> Values | None:
    """What the `input_key` of each system's maps must be now."""
    device = dose.device.c
    systems = connection.execute(
        sa.select(S.device_id, S.software_version, device.manufacturer, device.model)
        .distinct()
        .select_from(dose.study.outerjoin(dose.device))
        .where(RF)
    ).all()
    rows: list[tuple[Any, ...]] = [
        (
            row.device_id,
            row.software_version,
            settings.input_key(settings.entry_for(row.manufacturer, row.model, row.software_version)),
        )
        for row in systems
    ]
    if not rows:
        return None
    columns = (
        sa.column("device_id", sa.BigInteger),
        sa.column("software_version", sa.Text),
        sa.column("input_key", sa.Text),
    )
    return sa.values(*columns, name="expected").data(rows)
