"""GE "Dose Report" screens: one table of series, type, scan range, CTDIvol, DLP, phantom; "Total Exam DLP" below."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from dosebus.domain.base import Code
from dosebus_extract.images.dose_screen.table import (
    LOCALIZER,
    NUMBER,
    SEQUENCED,
    SPIRAL,
    STATIONARY,
    Line,
    Screen,
    ScreenRow,
    figure,
    phantom,
)

_ROUNDING_MGYCM: Final = 0.005
_NONE: Final = r"[-\u2013\u2014_~=.]+"
# A position is a letter (I inferior, S superior) and mm; the recognition takes the letter for a digit or a dollar.
_INFERIOR, _SUPERIOR = "I1l|!]", "S5$s"
_POSITION: Final = rf"([{re.escape(_INFERIOR + _SUPERIOR)}])\s?(\d+\.\d{{1,3}})"
_RANGE: Final = re.compile(rf"{_POSITION}\s?[-\u2013\u2014~]\s?{_POSITION}")
_ROW: Final = re.compile(
    r"(?P<series>\d{1,5})\s+(?P<type>[A-Za-z][A-Za-z &/-]*?)\s+"
    rf"(?P<range>{_RANGE.pattern}|{_NONE})\s+(?P<ctdivol>{NUMBER}|{_NONE})\s+(?P<dlp>{NUMBER}|{_NONE})"
    r"(?:\s+(?P<phantom>.*))?$"
)
_LIKE_A_ROW: Final = re.compile(r"\S{1,5}\s+[A-Za-z]{3}")
_HEADING: Final = re.compile(r"CTD[Il1i|]\s?vol.*D[LI]P", re.IGNORECASE)
_UNITS: Final = re.compile(r"mGy|\(mm\)", re.IGNORECASE)
_TOTAL: Final = re.compile(rf"Total\s*Exam\s*D[LI]P\s*[:;.]?\s*(?P<total>{NUMBER})$", re.IGNORECASE)
_TOTAL_LINE: Final = re.compile(r"total|exam\s*d[li]p", re.IGNORECASE)
_PAGE: Final = re.compile(r"(\d{1,2})\s?/\s?(\d{1,2})$")
_TYPES: Final[tuple[tuple[str, Code], ...]] = (
    ("scout", LOCALIZER),
    ("helical", SPIRAL),
    ("spiral", SPIRAL),
    ("axial", SEQUENCED),
    ("cine", STATIONARY),
    ("smart", STATIONARY),
    ("fluoro", STATIONARY),
    ("biopsy", STATIONARY),
)


def read_ge(lines: Sequence[Line]) -> Screen:
    """The table below its heading, the total, and whether the screen says that it is one page of several."""
    rows: list[ScreenRow] = []
    unread, total, several, below = 0, None, False, False
    for line in lines:
        if (page := _PAGE.match(line.text)) and page[2] != "1":
            several = True
        elif found := _TOTAL.search(line.text):
            total, below = figure(line, found, "total"), False
        elif _TOTAL_LINE.search(line.text):
            below = False
        elif _HEADING.search(line.text):
            below = True
        elif below and not _UNITS.search(line.text):
            row = _row(line)
            if row is not None:
                rows.append(row)
            elif _LIKE_A_ROW.match(line.text):
                unread += 1
    return Screen(tuple(rows), total, _ROUNDING_MGYCM, unread, several)


def _row(line: Line) -> ScreenRow | None:
    found = _ROW.match(line.text)
    if found is None:
        return None
    span = _span(found["range"])
    word = found["type"].casefold()
    event_type = next((code for known, code in _TYPES if known in word), None)
    if event_type is SEQUENCED and span is not None and span[0] == span[1]:
        event_type = STATIONARY
    return ScreenRow(
        comment=f"Series {found['series']}, {found['type']}",
        event_type=event_type,
        ctdivol_mgy=figure(line, found, "ctdivol"),
        dlp_mgycm=figure(line, found, "dlp"),
        range_mm=span,
        phantom=phantom(found["phantom"]),
    )


def _span(text: str) -> tuple[float, float] | None:
    """A scan range as positions in mm, superior positive, the lower first."""
    found = _RANGE.match(text)
    if found is None:
        return None
    first, second = _position(found[1], found[2]), _position(found[3], found[4])
    return min(first, second), max(first, second)


def _position(letter: str, millimetres: str) -> float:
    value = float(millimetres)
    return value if letter in _SUPERIOR or not value else -value
