"""The trend of a patient's sums as a small PNG, drawn with rectangles so that no graphics library is needed."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from struct import pack

WIDTH, HEIGHT = 1104, 280
"""Pixels; shown at half the size, so that it is sharp on dense screens."""
MARGIN = 20
WHITE, AXIS, BAR, SUM, LEVEL = range(5)
PALETTE = ((255, 255, 255), (140, 150, 163), (168, 198, 236), (23, 78, 166), (179, 71, 0))
"""Background, axis, a study's dose, the sum, the level: blue and orange, told apart also without colour vision."""


@dataclass(frozen=True)
class TrendPoint:
    """A study: its own dose, and the sum that ends with it."""

    day: date
    value: float
    total: float
    bound: float | None = None
    """How far the sum may reach, where a part of it is not known."""


class Canvas:
    """Pixels as indexes of the palette, row after row from the top."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._rows = [bytearray(width) for _ in range(height)]

    def fill(self, left: int, top: int, right: int, bottom: int, colour: int) -> None:
        """Colour a rectangle, right and bottom excluded; what lies outside is cut off."""
        left, right = max(0, left), min(self.width, right)
        for row in self._rows[max(0, top) : max(0, bottom)]:
            row[left:right] = bytes([colour]) * max(0, right - left)

    def png(self) -> bytes:
        """The picture as PNG (ISO/IEC 15948) with a palette."""
        pixels = b"".join(b"\0" + bytes(row) for row in self._rows)
        header = pack(">IIBBBBB", self.width, self.height, 8, 3, 0, 0, 0)
        chunks = (
            (b"IHDR", header),
            (b"PLTE", bytes(part for colour in PALETTE for part in colour)),
            (b"IDAT", zlib.compress(pixels, 9)),
            (b"IEND", b""),
        )
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def trend_picture(points: Sequence[TrendPoint], level: float) -> bytes:
    """Each study's dose as a bar, the sums as steps, a bound as a dashed upright, the level as a dashed line.

    Needs at least one point.
    """
    canvas = Canvas(WIDTH, HEIGHT)
    first, last = min(one.day for one in points), max(one.day for one in points)
    days = max(1, (last - first).days)
    highest = 1.1 * max(level, *(max(one.total, one.value, one.bound or 0.0) for one in points))
    bottom = HEIGHT - MARGIN

    def across(day: date) -> int:
        return MARGIN + 20 + round((WIDTH - 2 * MARGIN - 40) * (day - first).days / days)

    def up(value: float) -> int:
        return bottom - round((bottom - MARGIN) * value / highest)

    for one in points:
        x = across(one.day)
        canvas.fill(x - 9, up(one.value), x + 9, bottom, BAR)
    for x in range(MARGIN, WIDTH - MARGIN, 28):
        canvas.fill(x, up(level) - 2, min(x + 18, WIDTH - MARGIN), up(level) + 2, LEVEL)
    ordered = sorted(points, key=lambda one: one.day)
    for one, following in zip(ordered, [*ordered[1:], None], strict=True):
        x, y = across(one.day), up(one.total)
        if one.bound is not None:
            for top in range(up(one.bound), y, 12):
                canvas.fill(x - 1, top, x + 2, min(top + 7, y), SUM)
            canvas.fill(x - 9, up(one.bound) - 2, x + 9, up(one.bound) + 2, SUM)
        canvas.fill(x - 8, y - 8, x + 8, y + 8, SUM)
        if following is not None:
            right, next_y = across(following.day), up(following.total)
            canvas.fill(x, y - 2, right + 2, y + 2, SUM)
            canvas.fill(right - 2, min(y, next_y) - 2, right + 2, max(y, next_y) + 2, SUM)
    canvas.fill(MARGIN, bottom, WIDTH - MARGIN, bottom + 3, AXIS)
    return canvas.png()


def _chunk(name: bytes, data: bytes) -> bytes:
    return pack(">I", len(data)) + name + data + pack(">I", zlib.crc32(name + data))
