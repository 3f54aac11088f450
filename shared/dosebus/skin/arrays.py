"""The arrays of a skin dose map as they are stored: compressed, little-endian, readable without numpy.

`dose_map`: zlib of `row_count x column_count` float64 (Gy), row after row, row 0 at the crown.
`contributions`: zlib of N uint16 (places in the flattened map, rising within a step), then N float32 (Gy); the steps
one after the other, with N the sum of their `cells`.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

MOST_CELLS: Final = 65_536
"""Places that two bytes can number; the largest map."""
LEVEL: Final = 6


class NotAnArray(ValueError):
    """Bytes that are no stored array of the expected size."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one event, or a run of events, added to the map: flat places and the dose there (Gy)."""

    first_event: int
    last_event: int
    cells: Sequence[int]
    dose_gy: Sequence[float]


def dose_bytes(stored: bytes, rows: int, columns: int) -> bytes:
    """The map as float64 little-endian bytes, ready for a browser's Float64Array. Raises NotAnArray."""
    return _unpacked(stored, rows * columns * 8)


def dose_of(stored: bytes, rows: int, columns: int) -> array[float]:
    """The map's doses (Gy), row after row. Raises NotAnArray."""
    return _numbers("d", dose_bytes(stored, rows, columns))


def step_bytes(stored: bytes, steps: Sequence[Mapping[str, Any]]) -> bytes:
    """The steps' places, then their doses, little-endian as stored, ready for a browser. Raises NotAnArray."""
    return _unpacked(stored, sum(int(step["cells"]) for step in steps) * 6)


def steps_of(stored: bytes, steps: Sequence[Mapping[str, Any]]) -> list[Step]:
    """The steps of a map in the order of the events; `steps` is the column of that name. Raises NotAnArray."""
    counts = [int(step["cells"]) for step in steps]
    total = sum(counts)
    data = step_bytes(stored, steps)
    cells, doses = _numbers("H", data[: total * 2]), _numbers("f", data[total * 2 :])
    found, start = [], 0
    for step, count in zip(steps, counts, strict=True):
        part = slice(start, start + count)
        found.append(Step(int(step["first_event"]), int(step["last_event"]), cells[part], doses[part]))
        start += count
    return found


def little_endian(numbers: array[Any]) -> bytes:
    """Numbers as a browser's typed array takes them."""
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()


def packed(data: bytes) -> bytes:
    """Bytes of an array as they are stored."""
    return zlib.compress(data, LEVEL)


def _unpacked(stored: bytes, size: int) -> bytes:
    reader = zlib.decompressobj()
    try:
        data = reader.decompress(stored, size + 1)
    except zlib.error as error:
        raise NotAnArray("not a compressed array") from error
    if len(data) != size or not reader.eof:
        raise NotAnArray(f"an array of {size} bytes was expected")
    return data


def _numbers(kind: str, data: bytes) -> array[Any]:
    numbers = array(kind, data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
