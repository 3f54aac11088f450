"""Where the cells of a map lie on the body, for drawing it, and what a place on the body is called.

Patient frame: x to the left, y to the feet with the crown at 0, z to the front with the back at 0; cm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dosebus.skin.sides import side_of
from dosebus_extract.skin.body_surface import head_ring, torso_ring
from dosebus_extract.skin.phantom import HEAD_CELLS, Phantom
from dosebus_extract.skin.reference_surface import MATTRESS_CM, NO_SKIN_CM, reference_surface
from dosebus_extract.skin.surface import Floats


@dataclass(frozen=True, slots=True)
class Part:
    """Head or torso: a band of rows of the map over a ring of points (x, z), one more than it has columns."""

    name: str
    first_row: int
    rows: int
    first_column: int
    ring_cm: Floats

    @property
    def columns(self) -> int:
        """Cells round the part."""
        return len(self.ring_cm) - 1

    def as_record(self) -> dict[str, Any]:
        """Its stored form; a hundredth of a millimetre is enough to draw."""
        return {
            "name": self.name,
            "first_row": self.first_row,
            "rows": self.rows,
            "first_column": self.first_column,
            "columns": self.columns,
            "first_y_cm": float(self.first_row),
            "ring_cm": np.round(self.ring_cm, 3).tolist(),
        }

    def side_of(self, column: int) -> str:
        """`front`, `left`, `back` or `right`: where a cell's outward normal points."""
        return side_of(self.ring_cm.tolist(), column)


def parts_of(phantom: Phantom, *, as_reference: bool, prone: bool = False) -> tuple[Part, ...]:
    """Torso and head of a map; `prone` counts for the reference's surface only, whose cells it renumbers."""
    if as_reference:
        return _reference_parts(phantom, prone)
    first = phantom.flat // 2 - HEAD_CELLS // 2
    columns = max(phantom.columns, HEAD_CELLS)
    return (
        Part(
            "torso", phantom.head_rows, phantom.torso_rows, 0, _ring(torso_ring, phantom, 0, phantom.columns)
        ),
        Part("head", 0, phantom.head_rows, first % columns, _ring(head_ring, phantom, first, HEAD_CELLS)),
    )


def region_of(parts: tuple[Part, ...], row: int, column: int, columns: int) -> str | None:
    """The name of a cell's place, such as `torso back`; None where there is no skin."""
    for part in parts:
        within = (column - part.first_column) % columns
        if part.first_row <= row < part.first_row + part.rows and within < part.columns:
            return f"{part.name} {part.side_of(within)}"
    return None


def _ring(ring: Any, phantom: Phantom, first: int, columns: int) -> Floats:
    points: Floats = ring(phantom, np.arange(first, first + columns + 1, dtype=np.float64))[0]
    return points


def _reference_parts(phantom: Phantom, prone: bool) -> tuple[Part, ...]:
    """Head and torso as the reference lays them, in its own order; taken from its points."""
    surface = reference_surface(phantom, prone=prone, feet_first=False)
    columns, rows = phantom.columns, phantom.rows
    corners = surface.points[:, 0, :].reshape(columns, rows, 3)
    head_rows = phantom.head_rows + 1
    torso = _laid(corners[:, -1, :], prone, phantom)
    head = corners[:, 0, :]
    is_skin = head[:, 0] != NO_SKIN_CM
    first = int(np.argmax(is_skin & ~np.roll(is_skin, 1)))
    order = (first + np.arange(int(is_skin.sum()))) % columns
    head_ring_cm = _laid(head[order], prone, phantom)
    shift = phantom.flat // 2
    return (
        Part(
            "torso",
            head_rows,
            rows - head_rows,
            shift % columns,
            np.concatenate([torso, torso[:1]]),
        ),
        Part(
            "head",
            0,
            head_rows,
            (first + shift) % columns,
            np.concatenate([head_ring_cm, head_ring_cm[:1]]),
        ),
    )


def _laid(points: Floats, prone: bool, phantom: Phantom) -> Floats:
    """x and z of the reference's points with the back at 0 and the front up."""
    height = points[:, 2] - MATTRESS_CM
    if prone:
        height = phantom.depth_cm + MATTRESS_CM + points[:, 2]
    return np.stack([points[:, 0], height], axis=1)
