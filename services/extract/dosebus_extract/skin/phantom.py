"""The patient as a simple body: a box with a half cylinder on each side, and an upright cylinder for a head."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, pi, sqrt
from typing import Final, Literal

STANDARD_HEIGHT_CM: Final = 178.6
STANDARD_MASS_KG: Final = 73.2
HEAD_CELLS: Final = 58
HEAD_RADIUS_CM: Final = HEAD_CELLS / (2.0 * pi)

HEIGHTS_M: Final = (0.25, 2.6)
MASSES_KG: Final = (0.4, 400.0)
"""What a patient can have; another figure is a mistake in its unit, and would only make a monstrous body."""

SizeSource = Literal["extracted", "assumed"]


def nearest_integer(number: float) -> int:
    """The nearest integer, halves away from zero, of the exact binary value of a number."""
    whole = floor(abs(number))
    rounded = whole + (abs(number) - whole >= 0.5)
    return rounded if number >= 0 else -rounded


@dataclass(frozen=True, slots=True)
class Size:
    """Height (cm) and mass (kg) of a patient, each with its source: a missing or zero figure is an assumed one."""

    height_cm: float = STANDARD_HEIGHT_CM
    mass_kg: float = STANDARD_MASS_KG
    height_source: SizeSource = "assumed"
    mass_source: SizeSource = "assumed"

    @classmethod
    def of(cls, height_m: float | None, mass_kg: float | None) -> Size:
        """The size from a record's metres and kilograms."""
        return cls(
            height_m * 100 if height_m and height_m > 0 else STANDARD_HEIGHT_CM,
            mass_kg if mass_kg and mass_kg > 0 else STANDARD_MASS_KG,
            "extracted" if height_m and height_m > 0 else "assumed",
            "extracted" if mass_kg and mass_kg > 0 else "assumed",
        )


@dataclass(frozen=True, slots=True)
class Phantom:
    """Dimensions of the body, in cells of nominally 1 cm and in cm."""

    scale: float
    flat: int
    curved: int
    torso_rows: int
    head_rows: int

    @classmethod
    def of(cls, size: Size) -> Phantom:
        """The body of a patient: cross-section by mass over height, length by height."""
        scale = size.height_cm / STANDARD_HEIGHT_CM
        radius = 10 / sqrt(scale) * sqrt(size.mass_kg / STANDARD_MASS_KG)
        return cls(
            scale=scale,
            flat=nearest_integer((14.4 / 10) * radius),
            curved=nearest_integer(pi * radius),
            torso_rows=nearest_integer(70 * scale),
            head_rows=nearest_integer(24 * scale),
        )

    @property
    def columns(self) -> int:
        """Cells round the torso."""
        return 2 * self.curved + 2 * self.flat

    @property
    def rows(self) -> int:
        """Cells from the crown to the lower end of the torso."""
        return self.torso_rows + self.head_rows

    @property
    def radius_cm(self) -> float:
        """Radius of the curved sides, half the depth of the torso."""
        return self.curved / pi

    @property
    def width_cm(self) -> float:
        """Width of the torso."""
        return self.flat + 2 * self.radius_cm

    @property
    def depth_cm(self) -> float:
        """Depth of the torso."""
        return 2 * self.radius_cm
