"""Which side of the body a cell of a skin dose map looks to."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot
from typing import Final

EVEN: Final = 0.01
"""Normals that look to two sides alike within this count as front or back, however their points were rounded."""


def side_of(ring_cm: Sequence[Sequence[float]], column: int) -> str:
    """`front`, `left`, `back` or `right`: where the outward normal of a part's column points.

    `ring_cm`: points (x, z) round the part, cm, x to the patient's left, z to the front; column `c` lies between the
    points `c` and `c + 1`.
    """
    (x, z), (next_x, next_z) = ring_cm[column], ring_cm[column + 1]
    along = next_x - x, next_z - z
    length = hypot(*along) or 1.0
    centre = [sum(point[axis] for point in ring_cm) / len(ring_cm) for axis in (0, 1)]
    outward = ((x + next_x) / 2 - centre[0]) * -along[1] + ((z + next_z) / 2 - centre[1]) * along[0]
    sign = -1.0 if outward < 0 else 1.0
    to_left, to_front = -sign * along[1] / length, sign * along[0] / length
    if abs(to_left) > abs(to_front) + EVEN:
        return "left" if to_left > 0 else "right"
    return "front" if to_front > 0 else "back"
