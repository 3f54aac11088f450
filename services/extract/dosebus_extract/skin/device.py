"""What is known of one X-ray system: where its table's origin is, how its table attenuates, how well it measures.

A safelist is a sequence of profiles that a physicist has accepted, kept as data outside the program.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from pydantic import TypeAdapter

from dosebus_extract.skin.dose_factors import TransmissionTable
from dosebus_extract.skin.pose import Table


@dataclass(frozen=True, slots=True)
class DeviceProfile:
    """A model's settings; the defaults are those of a system about which nothing is known.

    Positions become `sign * reported + offset` (cm; longitudinal, lateral, height in DICOM's sense of
    PS3.3 C.8.19.6.11). `calibration_factor` multiplies the reported air kerma and dose area product.
    """

    manufacturer: str = ""
    model: str = ""
    software_version: str = ""
    is_validated: bool = False
    position_sign: tuple[float, float, float] = (1.0, 1.0, 1.0)
    position_offset_cm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    default_position_cm: tuple[float, float, float] | None = None
    angles_are_relative_to: Literal["patient", "gantry"] = "patient"
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
        """Whether this entry is about a system: maker and model exactly, the version unless the entry has none."""
        return (
            bool(self.manufacturer)
            and self.manufacturer == manufacturer
            and self.model == model
            and self.software_version in ("", software_version)
        )


def profile_for(
    safelist: Iterable[DeviceProfile],
    manufacturer: str | None,
    model: str | None,
    software_version: str | None,
) -> DeviceProfile | None:
    """The safelist's entry for a system, one that names its version before one that does not; None if not listed."""
    found = [entry for entry in safelist if entry.covers(manufacturer, model, software_version)]
    return max(found, key=lambda entry: bool(entry.software_version), default=None)


def read_safelist(document: bytes | str) -> tuple[DeviceProfile, ...]:
    """A safelist from its JSON: objects with the names of `DeviceProfile`. Raises pydantic.ValidationError."""
    return TypeAdapter(tuple[DeviceProfile, ...]).validate_json(document)
