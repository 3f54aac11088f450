"""Lossless JPEG (ITU-T T.81 annex H, processes 14 and 14 SV1), which archives like for secondary captures.

The libraries that pydicom can use for it are not free enough to be shipped; a dose screen is small enough to be
decoded here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from struct import unpack_from
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_SAMPLES: Final = 4 * 1024 * 1024
_START_OF_FRAME, _TABLES, _START_OF_SCAN, _END, _RESTART = 0xC3, 0xC4, 0xDA, 0xD9, 0xDD
_OTHER_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_WINDOW: Final = 16
_HALF_RANGE: Final = 32768

Lookup: TypeAlias = list[tuple[int, int]]
"""For every 16 bits that may come: the length of the code they begin with, and its category; length 0 is no code."""


@dataclass(slots=True)
class _Picture:
    """What the segments before the scan tell."""

    precision: int = 0
    rows: int = 0
    columns: int = 0
    components: list[int] = field(default_factory=list)
    tables: dict[int, Lookup] = field(default_factory=dict)
    restart_interval: int = 0


def decoded(data: bytes) -> NDArray[np.int64]:
    """The picture: rows x columns, or rows x columns x 3. Raises ValueError where the data are none or broken."""
    import numpy as np

    picture = _Picture()
    for marker, segment, after in _segments(data):
        if marker == _START_OF_FRAME:
            _read_frame(picture, segment)
        elif marker in _OTHER_FRAMES:
            raise ValueError("not a lossless JPEG")
        elif marker == _TABLES:
            _read_tables(picture, segment)
        elif marker == _RESTART:
            (picture.restart_interval,) = unpack_from(">H", segment)
        elif marker == _START_OF_SCAN:
            planes = _read_scan(picture, segment, data[after:])
            return planes[0] if len(planes) == 1 else np.stack(planes, axis=-1)
    raise ValueError("a JPEG without a scan")


def _segments(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """The marker segments with where the data behind each begin."""
    if data[:2] != b"\xff\xd8":
        raise ValueError("no JPEG")
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != _END:
        if data[at + 1] == 0xFF:
            at += 1
            continue
        (length,) = unpack_from(">H", data, at + 2)
        yield data[at + 1], data[at + 4 : at + 2 + length], at + 2 + length
        at += 2 + length


def _read_frame(picture: _Picture, segment: bytes) -> None:
    picture.precision, picture.rows, picture.columns, number = unpack_from(">BHHB", segment)
    parts = [segment[6 + 3 * index : 9 + 3 * index] for index in range(number)]
    if number not in (1, 3) or any(part[1:2] != b"\x11" for part in parts):
        raise ValueError("a lossless JPEG of subsampled or many components")
    if not 2 <= picture.precision <= 16 or picture.rows * picture.columns * number > MOST_SAMPLES:
        raise ValueError(f"a lossless JPEG of {picture.rows} x {picture.columns} x {number} samples")
    picture.components = [part[0] for part in parts]


def _read_tables(picture: _Picture, segment: bytes) -> None:
    at = 0
    while at + 17 <= len(segment):
        counts = segment[at + 1 : at + 17]
        symbols = segment[at + 17 : at + 17 + sum(counts)]
        picture.tables[segment[at]] = _lookup(counts, symbols)
        at += 17 + sum(counts)


def _lookup(counts: bytes, symbols: bytes) -> Lookup:
    table: Lookup = []
    taken = iter(symbols)
    for length, number in enumerate(counts, start=1):
        for _ in range(number):
            category = next(taken, 255)
            if category > _WINDOW:
                raise ValueError("a category beyond 16")
            table += [(length, category)] * (1 << (_WINDOW - length))
    if len(table) > 1 << _WINDOW:
        raise ValueError("more codes than bits tell apart")
    return table + [(0, 0)] * ((1 << _WINDOW) - len(table))


def _read_scan(picture: _Picture, segment: bytes, coded: bytes) -> list[NDArray[np.int64]]:
    number = segment[0]
    chosen = {segment[1 + 2 * index]: segment[2 + 2 * index] >> 4 for index in range(number)}
    predictor, transform = segment[1 + 2 * number], segment[3 + 2 * number] & 0x0F
    if number != len(picture.components) or not 1 <= predictor <= 7 or not picture.rows * picture.columns:
        raise ValueError("a scan of some components only, or without prediction")
    tables = [picture.tables[chosen[component]] for component in picture.components]
    parts = _parts(coded)
    whole = picture.rows * picture.columns
    interval = picture.restart_interval or whole
    if interval % picture.columns:
        raise ValueError("restarts within a line")
    differences: list[list[int]] = [[] for _ in tables]
    starts = []
    for begin in range(0, whole, interval):
        starts.append(begin // picture.columns)
        _decode(next(parts, b""), tables, min(interval, whole - begin), differences)
    rebuild = _Rebuilding(picture.rows, picture.columns, 1 << (picture.precision - transform - 1), predictor)
    return [rebuild.plane(one, frozenset(starts)) << transform for one in differences]


def _parts(coded: bytes) -> Iterator[bytes]:
    """The entropy-coded data between restart markers, without the zeros that are stuffed behind 0xFF."""
    begin = at = 0
    while (at := coded.find(b"\xff", at)) >= 0 and at + 1 < len(coded):
        marker = coded[at + 1]
        if marker in {0, 0xFF}:
            at += 2 if marker == 0 else 1
            continue
        yield coded[begin:at].replace(b"\xff\0", b"\xff")
        if not 0xD0 <= marker <= 0xD7:
            return
        begin = at = at + 2
    yield coded[begin:].replace(b"\xff\0", b"\xff")


def _decode(coded: bytes, tables: list[Lookup], pixels: int, differences: list[list[int]]) -> None:
    """The differences of so many pixels, component by component, appended to `differences`."""
    # Padded, so that looking 16 bits ahead needs no care at the end; running into it is noticed below.
    data = coded + b"\0" * 8
    taken, held, at = 0, 0, 0
    order = list(zip(tables, [one.append for one in differences], strict=True))
    end = len(data) - 4
    for _ in range(pixels):
        for table, append in order:
            if held < 32:
                if at > end:
                    raise ValueError("a lossless JPEG that is cut off")
                taken = (taken & ((1 << held) - 1)) << 32 | int.from_bytes(data[at : at + 4], "big")
                held += 32
                at += 4
            length, category = table[taken >> (held - 16) & 0xFFFF]
            if not length:
                raise ValueError("bits that are no code")
            held -= length
            if category == 0:
                append(0)
            elif category == 16:
                append(_HALF_RANGE)
            else:
                held -= category
                extra = taken >> held & ((1 << category) - 1)
                append(extra if extra >> (category - 1) else extra - (1 << category) + 1)


_PREDICTIONS: Final[dict[int, Callable[[int, int, int], int]]] = {
    2: lambda _left, above, _corner: above,
    3: lambda _left, _above, corner: corner,
    4: lambda left, above, corner: left + above - corner,
    5: lambda left, above, corner: left + ((above - corner) >> 1),
    6: lambda left, above, corner: above + ((left - corner) >> 1),
    7: lambda left, above, _corner: (left + above) >> 1,
}
"""By the selection value of table H.1; 1 (the left neighbour) is a running sum."""


@dataclass(frozen=True, slots=True)
class _Rebuilding:
    """Samples from differences: every one is predicted from its neighbours."""

    rows: int
    columns: int
    first: int
    predictor: int

    def plane(self, differences: list[int], starts: frozenset[int]) -> NDArray[np.int64]:
        """One component; in the lines `starts` prediction begins anew."""
        import numpy as np

        wanted = np.array(differences, dtype=np.int64).reshape(self.rows, self.columns)
        found = np.empty_like(wanted)
        for row in range(self.rows):
            if row in starts:
                found[row] = (self.first + np.cumsum(wanted[row])) & 0xFFFF
            elif self.predictor == 1:
                found[row] = (found[row - 1, 0] + np.cumsum(wanted[row])) & 0xFFFF
            else:
                found[row] = self.line(wanted[row].tolist(), found[row - 1].tolist())
        return found

    def line(self, differences: list[int], above: list[int]) -> list[int]:
        predict = _PREDICTIONS[self.predictor]
        line = [(above[0] + differences[0]) & 0xFFFF]
        for column in range(1, self.columns):
            guess = predict(line[-1], above[column], above[column - 1])
            line.append((guess + differences[column]) & 0xFFFF)
        return line
