"""What a person decides about a device: its name, and which modality its projection studies are listed under."""

from __future__ import annotations

import sqlalchemy as sa

from dosebus.bus.message import Reject
from dosebus.events.extract import (
    DeviceChangeRequested,
    DeviceNamingRequested,
    DeviceRecombinationRequested,
)
from dosebus.store.tables import dose
from dosebus.store.transaction import Transaction
from dosebus_extract.record import put_together, write_combined
from dosebus_extract.store_history import keep_history, publish_changed
from dosebus_extract.store_object import contributions_of, settle_contributions
from dosebus_extract.store_study import lock_all_studies, lock_study, standing

D = dose.device.c
S = dose.study.c
LONGEST_NAME = 200
AT_A_TIME = 50
"""Studies that one transaction puts together again: few, because objects that arrive for them wait."""
OVERRIDABLE = ["RF", "DX"]


def change_device(tx: Transaction, wish: DeviceChangeRequested) -> None:
    """Write a device's new name and modality; a changed modality has its studies put together again.

    Raises Reject for an unknown device and for a name that is blank or too long.
    """
    if wish.modality_override is not None:
        # Whoever records now has read the old modality; what is recorded later reads the new one.
        lock_all_studies(tx)
    known = tx.execute(sa.select(D.modality_override).where(D.id == wish.device_id).with_for_update()).first()
    if known is None:
        raise Reject("unknown_device", f"There is no device {wish.device_id}.")
    values: dict[str, str | None] = {}
    if wish.display_name is not None:
        values["display_name"] = _checked_name(wish.display_name)
    if wish.modality_override is not None:
        values["modality_override"] = None if wish.modality_override == "none" else wish.modality_override
    if values:
        tx.execute(sa.update(dose.device).where(D.id == wish.device_id).values(values))
    if values.get("modality_override", known.modality_override) != known.modality_override:
        tx.publish(
            DeviceRecombinationRequested(
                device_id=wish.device_id, after_study_id=0, requested_by=wish.requested_by
            ),
            subject=str(wish.device_id),
        )


def name_devices(tx: Transaction, wish: DeviceNamingRequested) -> None:
    """Give every known device of a Device Observer UID its name. Raises Reject for a name that cannot be."""
    name = _checked_name(wish.display_name)
    where = sa.and_(D.device_observer_uid == wish.device_observer_uid, D.display_name != name)
    tx.execute(sa.update(dose.device).where(where).values(display_name=name))


def recombine_some(tx: Transaction, wish: DeviceRecombinationRequested) -> None:
    """Put the next few of a device's projection studies together again, and ask for those that follow."""
    override = tx.execute(sa.select(D.modality_override).where(D.id == wish.device_id)).scalar()
    reason = f"modality of the device set to {override or 'what the content says'} by {wish.requested_by}"
    chosen = list(
        tx.execute(
            sa.select(S.id)
            .where(
                S.device_id == wish.device_id,
                S.id > wish.after_study_id,
                S.modality_types.overlap(OVERRIDABLE),
            )
            .order_by(S.id)
            .limit(AT_A_TIME)
        ).scalars()
    )
    for study_id in chosen:
        recombine_study(tx, study_id, reason)
    if len(chosen) == AT_A_TIME:
        follows = wish.model_copy(update={"after_study_id": chosen[-1]})
        tx.publish(follows, subject=str(wish.device_id))


def recombine_study(tx: Transaction, study_id: int, reason: str) -> bool:
    """Put a study together again from what its objects contribute; says whether its modality changed."""
    uid = tx.execute(sa.select(S.study_instance_uid).where(S.id == study_id)).scalar_one_or_none()
    if uid is None:
        return False
    lock_study(tx, uid)
    before = standing(tx, uid)
    if before is None:
        return False
    contributions = contributions_of(tx, before.id)
    if not contributions:
        return False
    old = tx.execute(sa.select(dose.study).where(S.id == before.id)).mappings().one()
    combined = put_together(tx, contributions, old["first_received_at"])
    if combined.study.modality_types == before.modality_types:
        return False
    keep_history(tx, old, reason)
    write_combined(tx, combined, before, old["first_received_at"])
    settle_contributions(tx, before.id, contributions, combined.kept)
    publish_changed(tx, combined.study, before.id, combined.device.id)
    return True


def _checked_name(name: str) -> str:
    stripped = " ".join(name.split())
    if not stripped:
        raise Reject("blank_name", "A device needs a name.")
    if len(stripped) > LONGEST_NAME:
        raise Reject("long_name", f"A device's name has at most {LONGEST_NAME} characters.")
    return stripped
