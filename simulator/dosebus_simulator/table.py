"""Where the patient lies in the beam: table positions of a procedure, as its system counts them.

Centimetres from the isocentre to the middle of the table top's head end, along the table's axes of DICOM PS3.3
C.8.19.6.11: longitudinal to the left of a supine head-first patient, lateral to the head, height downwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt
from typing import Self

from dosebus.domain.base import Code
from dosebus_simulator import concepts as c
from dosebus_simulator.identity import Chance, Person

CROWN_FROM_TABLE_END_CM = 5.0
MATTRESS_CM = 4.0
HEAD_HALF_DEPTH_CM = 58 / (2 * pi)


@dataclass(frozen=True)
class TableOrigin:
    """How a system counts: position (cm) = sign x what it reports + offset, for the three axes."""

    sign: tuple[float, float, float] = (1.0, 1.0, 1.0)
    offset_cm: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def reported_mm(self, position_cm: tuple[float, float, float]) -> tuple[float, ...]:
        """What the system reports for a position, in mm."""
        return tuple(
            round(sign * (at - offset) * 10, 1)
            for sign, at, offset in zip(self.sign, position_cm, self.offset_cm, strict=True)
        )


@dataclass(frozen=True)
class Region:
    """Where an organ lies: share of the height below the crown, and cm to the left of the mid-line."""

    level: float
    left_cm: float = 0.0


REGIONS = {
    c.HEAD: Region(0.06),
    c.HEART: Region(0.27, 2.0),
    c.CHEST: Region(0.25),
    c.ABDOMEN: Region(0.36, -1.0),
    c.PELVIS: Region(0.47),
}
MIDDLE = Region(0.33)


@dataclass(frozen=True)
class TablePosition:
    """Where the table stands, and where it stood when the organ was brought into the beam."""

    at: tuple[float, float, float]
    set_up: tuple[float, float, float]

    @classmethod
    def of(cls, source: Chance, person: Person, target: Code) -> Self:
        """The table once the organ is in the isocentre, as well as a person at the table side brings it there."""
        region = REGIONS.get(target, MIDDLE)
        height_cm = person.height_m * 100
        half_depth = sqrt(178.6 / height_cm * person.weight_kg / 73.2) * 10
        if target == c.HEAD:
            half_depth = HEAD_HALF_DEPTH_CM
        at = (
            source.gauss(0, 0.5) - region.left_cm,
            source.gauss(0, 1.0) + CROWN_FROM_TABLE_END_CM + region.level * height_cm,
            source.gauss(0, 0.5) + MATTRESS_CM + half_depth,
        )
        return cls(at, at)

    def moved(self, source: Chance) -> TablePosition:
        """The table a little further, as it is panned between two events; it never strays far from the organ."""
        reach = (2.5, 4.0, 1.0)
        steps = (
            source.gauss(0, 0.4),
            source.gauss(0, 0.9),
            source.choice((0, 0, 0, 1)) * source.gauss(0, 0.4),
        )
        at = [
            min(max(now + step, start - far), start + far)
            for now, step, start, far in zip(self.at, steps, self.set_up, reach, strict=True)
        ]
        return TablePosition((at[0], at[1], at[2]), self.set_up)
