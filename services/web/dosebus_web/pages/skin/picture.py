"""A map as a PNG picture (ISO/IEC 15948) for readers without script and for print."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import Final

from dosebus_web.pages.skin.scales import SCALES, Colour, Scale, steps

CELL: Final = 6
"""Pixels of a cell's side."""
NO_SKIN, NO_DOSE, MARK, FIRST = 0, 1, 2, 3
BARE: Final[Colour] = (200, 208, 213)
"""Skin without dose: no colour of a scale."""
MARKED: Final[Colour] = (214, 41, 118)
SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
COLOURS: Final = 256 - FIRST


def picture(
    places: Sequence[Sequence[int | None]], dose_gy: Sequence[float], peak: int, scale: Scale = SCALES[0]
) -> bytes:
    """The cells at `places` in colours from 0 to the dose at `peak`, whose cell is framed; no skin is transparent."""
    highest = dose_gy[peak] or 1.0
    lines: list[bytes] = []
    for row in places:
        inks = [_ink(None if place is None else dose_gy[place], highest) for place in row]
        line = b"".join(bytes([ink]) * CELL for ink in inks)
        lines.extend([line] * CELL)
    _frame(lines, places, peak)
    return _png(lines, [(0, 0, 0), BARE, MARKED, *steps(scale, COLOURS)])


def _ink(dose: float | None, highest: float) -> int:
    if dose is None:
        return NO_SKIN
    return NO_DOSE if dose <= 0 else FIRST + min(int(dose / highest * COLOURS), COLOURS - 1)


def _frame(lines: list[bytes], places: Sequence[Sequence[int | None]], peak: int) -> None:
    """Draw a square round the cell of the peak."""
    for row, cells in enumerate(places):
        if peak in cells:
            left, top = cells.index(peak) * CELL - 2, row * CELL - 2
            side = CELL + 4
            for y in range(max(top, 0), min(top + side, len(lines))):
                line = bytearray(lines[y])
                whole = y - top in (0, 1, side - 2, side - 1)
                for x in range(side):
                    if 0 <= left + x < len(line) and (whole or x in (0, 1, side - 2, side - 1)):
                        line[left + x] = MARK
                lines[y] = bytes(line)


def _png(lines: Sequence[bytes], palette: Iterable[Colour]) -> bytes:
    """Lines of indexes into a palette whose first colour is transparent."""
    head = struct.pack(">IIBBBBB", len(lines[0]), len(lines), 8, 3, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + line for line in lines), 6)
    colours = b"".join(bytes(colour) for colour in palette)
    chunks = ((b"IHDR", head), (b"PLTE", colours), (b"tRNS", b"\0"), (b"IDAT", body), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
