"""The body under a map: its parts, the side each column looks to, and where its cells stand when it is laid flat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from dosebus.skin.sides import side_of

SIDES: Final = ("front", "left", "back", "right")
Centre = Literal["front", "back"]


@dataclass(frozen=True, slots=True)
class Part:
    """Head or torso: a band of rows over a ring of points (x, z; cm), one more than it has columns."""

    name: str
    first_row: int
    rows: int
    first_column: int
    columns: int
    first_y_cm: float
    ring_cm: tuple[tuple[float, float], ...]
    sides: tuple[str, ...]
    middles: Mapping[str, int]
    """The column at which the middle of front and of back begins, counted from `first_column`."""

    def cells(self, row: int, columns: int) -> Iterator[tuple[int, str]]:
        """Flat place and side of each cell of a row of the map."""
        for within, side in enumerate(self.sides):
            yield row * columns + (self.first_column + within) % columns, side


def parts_of(geometry: Mapping[str, Any]) -> tuple[Part, ...]:
    """The parts of a stored geometry."""
    return tuple(_part(one) for one in geometry["parts"])


def _part(stored: Mapping[str, Any]) -> Part:
    ring = tuple((float(x), float(z)) for x, z in stored["ring_cm"])
    columns = int(stored["columns"])
    return Part(
        name=str(stored["name"]),
        first_row=int(stored["first_row"]),
        rows=int(stored["rows"]),
        first_column=int(stored["first_column"]),
        columns=columns,
        first_y_cm=float(stored["first_y_cm"]),
        ring_cm=ring,
        sides=tuple(side_of(ring, column) for column in range(columns)),
        middles={side: _middle(ring[:-1], side) for side in ("front", "back")},
    )


def _middle(ring: Sequence[tuple[float, float]], side: str) -> int:
    """The point of a ring next to the mid-line (x = 0) at the front or at the back."""
    depth = sum(z for _, z in ring) / len(ring)
    facing = [n for n, (_, z) in enumerate(ring) if (z > depth) == (side == "front")]
    return min(facing, key=lambda n: abs(ring[n][0]))


def laid_flat(
    parts: Sequence[Part], rows: int, columns: int, centre: Centre = "back"
) -> list[list[int | None]]:
    """Flat places of the map row by row as they stand on a picture; None where there is no skin.

    Every part is cut open opposite to `centre` and stands in the middle, seen from outside.
    """
    width = max(part.columns for part in parts)
    opposite: Centre = "back" if centre == "front" else "front"
    picture: list[list[int | None]] = [[None] * width for _ in range(rows)]
    for part in parts:
        begin, cut = (width - part.columns) // 2, part.middles[opposite]
        for row in range(part.first_row, part.first_row + part.rows):
            for at in range(part.columns):
                within = (cut + at) % part.columns
                picture[row][begin + at] = row * columns + (part.first_column + within) % columns
    return picture


@dataclass(frozen=True, slots=True)
class RegionPeak:
    """The largest dose (Gy) of a region, such as `torso back`, and its cell."""

    region: str
    dose_gy: float
    row: int
    column: int
    cells_with_dose: int


def region_peaks(parts: Sequence[Part], dose_gy: Sequence[float], columns: int) -> list[RegionPeak]:
    """Every region of the body with its largest dose, head first."""
    found = []
    for part in sorted(parts, key=lambda one: one.first_row):
        places: dict[str, list[int]] = {side: [] for side in SIDES}
        for row in range(part.first_row, part.first_row + part.rows):
            for place, side in part.cells(row, columns):
                places[side].append(place)
        for side, own in places.items():
            if own:
                peak = max(own, key=dose_gy.__getitem__)
                row, column = divmod(peak, columns)
                hit = sum(1 for place in own if dose_gy[place] > 0)
                found.append(RegionPeak(f"{part.name} {side}", dose_gy[peak], row, column, hit))
    return found
