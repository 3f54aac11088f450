"""Removing what was recorded: one study, or all of a device."""

from __future__ import annotations

import sqlalchemy as sa

from dosebus.events.extract import DeviceStudiesRemovalRequested, StudyRemoved
from dosebus.store.tables import dose
from dosebus.store.transaction import Transaction
from dosebus_extract.store_study import lock_study, remove_study, standing

D = dose.device.c
S = dose.study.c
AT_A_TIME = 50
"""Studies that one transaction removes: few, because objects that arrive for them wait."""


def remove_by_uid(tx: Transaction, study_instance_uid: str) -> bool:
    """Remove a study's record; its objects may be sent and recorded again. Says whether there was one."""
    lock_study(tx, study_instance_uid)
    found = standing(tx, study_instance_uid)
    if found is None:
        return False
    remove_study(tx, found.id)
    removed = StudyRemoved(
        study_id=found.id, study_instance_uid=study_instance_uid, modality_types=found.modality_types
    )
    tx.publish(removed, subject=study_instance_uid)
    return True


def latest_study(tx: Transaction, device_id: int) -> int:
    """The id of the newest record of a device, 0 where there is none: what comes later was not asked to go."""
    return int(tx.execute(sa.select(sa.func.max(S.id)).where(S.device_id == device_id)).scalar() or 0)


def remove_some_of_device(tx: Transaction, wish: DeviceStudiesRemovalRequested) -> None:
    """Remove the next few of a device's studies and ask for the rest.

    After the last one the device goes too, unless something new of it has come.
    """
    within = sa.and_(S.device_id == wish.device_id, S.id <= wish.up_to_study_id)
    uids = list(
        tx.execute(sa.select(S.study_instance_uid).where(within).order_by(S.id).limit(AT_A_TIME)).scalars()
    )
    for uid in uids:
        remove_by_uid(tx, uid)
    if len(uids) == AT_A_TIME:
        tx.publish(wish, subject=str(wish.device_id))
        return
    unused = ~sa.exists().where(S.device_id == wish.device_id)
    tx.execute(sa.delete(dose.device).where(D.id == wish.device_id, unused))
