"""Which device made a study: its identity, its default name, and what software it ran when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from dosebus.domain.study import Equipment
from dosebus.store.prepared import Prepared
from dosebus.store.tables import dose
from dosebus.store.transaction import Transaction
from dosebus_extract.reading_rules import name_by_rule

D = dose.device.c
SEEN_PRECISION = timedelta(minutes=10)
"""How exact "last seen" is kept: writing it for every study would make all studies of a device wait for each other."""
DESCRIPTIVE = (
    "manufacturer", "model", "institution", "department", "station_name", "device_serial_number",
    "device_observer_uid", "gantry_id",
)  # fmt: skip
NO_SERIAL = re.compile(
    r"(0*|1234?5?6?7?8?9?|none|null|unknown|n/?a|not (available|set)|serial( ?number)?|x+|-+|\.+)"
)

KNOWN = Prepared(sa.select(dose.device).where(D.identity_key == sa.bindparam("key")))
KNOWN_COLUMNS = tuple(dose.device.c.keys())
V = dose.device_software.c
SOFTWARE = Prepared(
    sa.select(V.first_seen_at, V.last_seen_at).where(
        V.device_id == sa.bindparam("device_id"), V.software_version == sa.bindparam("version")
    )
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found of a device by its identity: its row, and when it used a version of its software."""

    key: str
    row: tuple[Any, ...] | None
    version: str | None
    used: tuple[datetime, datetime] | None


@dataclass(frozen=True, slots=True)
class Device:
    """A known device."""

    id: int
    display_name: str
    modality_override: Literal["RF", "DX", "dual"] | None
    is_changed: bool = False
    """Whether its row was written just now."""


def identity_key(equipment: Equipment) -> str:
    """What makes two studies be of one device: manufacturer, model and serial number.

    Without a serial number, or with one that is none, the Device Observer UID, else the place: institution, department,
    station and gantry. The software version is no part of it: an upgrade does not make a new device.
    """
    maker, model = _folded(equipment.manufacturer), _folded(equipment.model)
    serial = _folded(equipment.device_serial_number)
    if serial and not NO_SERIAL.fullmatch(serial):
        return "\x1f".join(("serial", maker, model, serial))
    if equipment.device_observer_uid:
        return "\x1f".join(("observer", maker, model, equipment.device_observer_uid.strip()))
    place = (equipment.institution, equipment.department, equipment.station_name, equipment.gantry_id)
    return "\x1f".join(("place", maker, model, *map(_folded, place)))


def default_display_name(equipment: Equipment) -> str:
    """Institution and station, or the one that is known, or manufacturer and model, or "Unknown device"."""
    place = [part for part in (equipment.institution, equipment.station_name) if part]
    made = [part for part in (equipment.manufacturer, equipment.model) if part]
    return " ".join(place or made) or "Unknown device"


def see_device(
    tx: Transaction, equipment: Equipment, received_at: datetime, seen: Seen | None = None
) -> Device:
    """The device of a study, made known if it is new. `seen`: what was found before, perhaps of another.

    A new one with a known observer UID takes over its name, unless a rule names that UID.
    """
    key = identity_key(equipment)
    row = seen.row if seen is not None and seen.key == key else next(iter(tx.run(KNOWN, key=key)), None)
    is_new = row is None
    if row is None:
        tx.execute(insert(dose.device).values(_new(tx, equipment, key, received_at)).on_conflict_do_nothing())
        row = tx.run(KNOWN, key=key)[0]
    known = dict(zip(KNOWN_COLUMNS, row, strict=True))
    changes = _changes(known, equipment, received_at)
    if "device_observer_uid" in changes:
        named = name_by_rule(tx, changes["device_observer_uid"])
        changes |= {"display_name": named} if named else {}
    if changes:
        tx.execute(sa.update(dose.device).where(D.id == known["id"]).values(changes))
    return Device(
        known["id"], known["display_name"], known["modality_override"], is_changed=is_new or bool(changes)
    )


def see_software(
    tx: Transaction, device: Device, version: str | None, at: datetime, seen: Seen | None = None
) -> bool:
    """Enter a software version into the device's timeline, exact to the day; says whether anything was written.

    `at`: the study's time.

    `seen`: what was found before, perhaps of another device or version.
    """
    if not version:
        return False
    if seen is not None and seen.row is not None and (seen.row[0], seen.version) == (device.id, version):
        used = seen.used
    else:
        used = next(iter(tx.run(SOFTWARE, device_id=device.id, version=version)), None)
    if used is not None and used[0] <= at and at.date() <= used[1].date():
        return False
    table = dose.device_software
    row = {"device_id": device.id, "software_version": version, "first_seen_at": at, "last_seen_at": at}
    statement = insert(table).values(row)
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=["device_id", "software_version"],
            set_={
                "first_seen_at": sa.func.least(table.c.first_seen_at, statement.excluded.first_seen_at),
                "last_seen_at": sa.func.greatest(table.c.last_seen_at, statement.excluded.last_seen_at),
            },
        )
    )
    return True


def _new(tx: Transaction, equipment: Equipment, key: str, received_at: datetime) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(equipment, name) for name in DESCRIPTIVE}
    row |= {"identity_key": key, "display_name": default_display_name(equipment)}
    row |= {"first_seen_at": received_at, "last_seen_at": received_at}
    if equipment.device_observer_uid:
        twin = tx.execute(
            sa.select(D.display_name, D.modality_override)
            .where(D.device_observer_uid == equipment.device_observer_uid)
            .order_by(D.id.desc())
            .limit(1)
        ).first()
        if twin is not None:
            row |= {"display_name": twin.display_name, "modality_override": twin.modality_override}
        named = name_by_rule(tx, equipment.device_observer_uid)
        row |= {"display_name": named} if named else {}
    return row


def _changes(known: Mapping[str, Any], equipment: Equipment, received_at: datetime) -> dict[str, Any]:
    """What is to be written: times beyond the precision, and what the newest object says otherwise."""
    changes: dict[str, Any] = {}
    if received_at < known["first_seen_at"]:
        changes["first_seen_at"] = received_at
    if received_at > known["last_seen_at"] + SEEN_PRECISION:
        changes["last_seen_at"] = received_at
    newest = received_at > known["last_seen_at"]
    for name in DESCRIPTIVE:
        said = getattr(equipment, name)
        if said and said != known[name] and (newest or not known[name]):
            changes[name] = said
    return changes


def _folded(text: str | None) -> str:
    return " ".join((text or "").casefold().split())
