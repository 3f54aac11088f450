"""What is known of one X-ray system: where its table's origin is, how its table attenuates, how well it measures.

A safelist is a sequence of profiles that a physicist has accepted, kept as data outside the program.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import TypeAdapter

from dosebus_extract.skin.dose_factors import TransmissionTable
from dosebus_extract.skin.pose import Orientation, Table

TableType = Literal["fixed", "tilting", "none"]
"""As Table Type (0018,113A): one that tilts must tell its tilt, and without one no position means anything."""


@dataclass(frozen=True, slots=True)
class DeviceProfile:
    """A model's settings; the defaults are those of a system about which nothing is known.

    Positions become `sign * reported + offset` (cm; longitudinal, lateral, height in DICOM's sense of
    PS3.3 C.8.19.6.11). `calibration_factor` multiplies the reported air kerma and dose area product.
    Maker, model and version are patterns with `*` and `?`; an empty version is any. `orientation_default` is how
    patients lie whose reports do not say it.
    """

    manufacturer: str = ""
    model: str = ""
    software_version: str = ""
    is_validated: bool = False
    position_sign: tuple[float, float, float] = (1.0, 1.0, 1.0)
    position_offset_cm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    default_position_cm: tuple[float, float, float] | None = None
    angles_are_relative_to: Literal["patient", "gantry"] = "patient"
    orientation_default: Orientation | None = None
    table_type: TableType = "fixed"
    table: Table = field(default_factory=Table)
    mattress_share: float = 0.2
    """Share of the mattress in the attenuation of table and mattress; an assumption."""
    transmission: TransmissionTable | None = None
    calibration_factor: float | None = None
    kerma_uncertainty: float = 0.175
    """1 sigma relative; ±35 % is the manufacturers' limit of IEC 60601-2-43. About 0.05 after local calibration."""

    def __post_init__(self) -> None:
        if not 0 <= self.mattress_share <= 1:
            raise ValueError(f"mattress_share {self.mattress_share} is not between 0 and 1")
        if self.calibration_factor is not None and self.calibration_factor <= 0:
            raise ValueError(f"calibration_factor {self.calibration_factor} is not positive")

    def covers(self, manufacturer: str | None, model: str | None, software_version: str | None) -> bool:
        """Whether this entry is about a system, upper and lower case alike."""
        return (
            bool(self.manufacturer and self.model)
            and _fits(manufacturer, self.manufacturer)
            and _fits(model, self.model)
            and _fits(software_version, self.software_version or "*")
        )

    @property
    def exactness(self) -> tuple[int, int, int]:
        """What puts one fitting entry before another: letters of its version, then its model, then its maker."""
        parts = (self.software_version, self.model, self.manufacturer)
        version, model, maker = (sum(letter not in "*?" for letter in part) for part in parts)
        return version, model, maker


def _fits(said: str | None, pattern: str) -> bool:
    return fnmatchcase((said or "").strip().casefold(), pattern.strip().replace("[", "[[]").casefold())


def profile_for(
    safelist: Iterable[DeviceProfile],
    manufacturer: str | None,
    model: str | None,
    software_version: str | None,
) -> DeviceProfile | None:
    """The safelist's entry for a system, the most exact of those that fit; None if it is not listed."""
    found = [entry for entry in safelist if entry.covers(manufacturer, model, software_version)]
    return max(found, key=lambda entry: entry.exactness, default=None)


def read_safelist(document: bytes | str) -> tuple[DeviceProfile, ...]:
    """A safelist from its JSON: objects with the names of `DeviceProfile`. Raises pydantic.ValidationError."""
    return TypeAdapter(tuple[DeviceProfile, ...]).validate_json(document)
