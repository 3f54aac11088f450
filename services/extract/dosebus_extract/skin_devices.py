"""The safelist and the method of skin dose maps, as the published configuration says them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Final

import orjson
import sqlalchemy as sa

from dosebus.store.tables import config
from dosebus_extract.skin.device import DeviceProfile, profile_for
from dosebus_extract.skin.dose_factors import TransmissionTable
from dosebus_extract.skin.method import METHOD_VERSION, Method, Mode
from dosebus_extract.skin.pose import Table

METHOD_SETTING: Final = "skin_method"


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry of the safelist: what it says of a system, whether it is switched on, and which row it is."""

    entry_id: int
    enabled: bool
    profile: DeviceProfile


@dataclass(frozen=True, slots=True)
class SkinSettings:
    """All that decides how a study is mapped, except the study."""

    mode: Mode
    safelist: tuple[Listed, ...]

    @property
    def method(self) -> Method:
        """The method of the mode."""
        return Method.of(self.mode)

    def entry_for(
        self, manufacturer: str | None, model: str | None, software_version: str | None
    ) -> Listed | None:
        """The entry about a system, the most exact one; None if it is not listed."""
        found = profile_for([one.profile for one in self.safelist], manufacturer, model, software_version)
        return next((one for one in self.safelist if one.profile is found), None)

    def input_key(self, entry: Listed | None) -> str:
        """A digest of everything beside the study's record that a map depends on."""
        said = {
            "method": self.method.name,
            "version": METHOD_VERSION,
            "enabled": entry is not None and entry.enabled,
            "device": asdict(entry.profile) if entry is not None else None,
        }
        return sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def skin_settings(connection: sa.Connection) -> SkinSettings:
    """The settings that hold now. Raises ValueError or TypeError for an entry that web should not have taken."""
    setting = config.setting.c
    said = connection.execute(sa.select(setting.value).where(setting.key == METHOD_SETTING)).scalar()
    rows = connection.execute(sa.select(config.skin_device).order_by(config.skin_device.c.id))
    return SkinSettings("reference" if said == "reference" else "corrected", listed(rows.mappings().all()))


def listed(rows: Iterable[Mapping[Any, Any]]) -> tuple[Listed, ...]:
    """The safelist of rows of `config.skin_device`. Raises ValueError or TypeError for what cannot be a profile."""
    return tuple(Listed(row["id"], row["enabled"], profile_of(row)) for row in rows)


def profile_of(row: Mapping[Any, Any]) -> DeviceProfile:
    """The profile that a row of `config.skin_device` makes. Raises ValueError or TypeError."""
    transmission, position = row["transmission"], row["default_position_cm"]
    return DeviceProfile(
        manufacturer=row["manufacturer"],
        model=row["model"],
        software_version=row["software_version"],
        is_validated=row["is_validated"],
        position_sign=_triple(row["position_sign"]),
        position_offset_cm=_triple(row["position_offset_cm"]),
        default_position_cm=_triple(position) if position is not None else None,
        angles_are_relative_to=row["angles_are_relative_to"],
        orientation_default=row["orientation_default"],
        table_type=row["table_type"],
        table=Table(**row["table_cm"]),
        mattress_share=row["mattress_share"],
        transmission=_transmission(transmission) if transmission is not None else None,
        calibration_factor=row["calibration_factor"],
        kerma_uncertainty=row["kerma_uncertainty"],
    )


def _triple(values: Iterable[float]) -> tuple[float, float, float]:
    first, second, third = values
    return float(first), float(second), float(third)


def _transmission(said: Mapping[str, Any]) -> TransmissionTable:
    return TransmissionTable(
        name=str(said["name"]),
        kvp=tuple(said["kvp"]),
        copper_mm=tuple(said["copper_mm"]),
        values=tuple(tuple(row) for row in said["values"]),
        uncertainty=float(said["uncertainty"]),
    )
