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
    number_of,
    phantom,
)

_ROUNDING_MGYCM: Final = 0.005
_NONE: Final = r"[-\u2013\u2014_~=.]+"
# A position is a letter (I inferior, S superior) and mm; the recognition takes the letter for a digit or a dollar.
_INFERIOR, _SUPERIOR = "I1l|!]", "S5$s"
_POSITION: Final = rf"([{re.escape(_INFERIOR + _SUPERIOR)}])\s?(\d+[.,]\d{{1,3}})"
_RANGE: Final = re.compile(rf"{_POSITION}\s?[-\u2013\u2014~]\s?{_POSITION}")
_ROW: Final = re.compile(
    r"(?P<series>\d{1,5})\s+(?P<type>[^\W\d_][^\W\d_ &/-]*(?:[ &/-][^\W\d_]+)*)\s+"
    rf"(?P<range>{_RANGE.pattern}|{_NONE})\s+(?P<ctdivol>{NUMBER}|{_NONE})\s+(?P<dlp>{NUMBER}|{_NONE})"
    r"(?:\s+(?P<phantom>.*))?$"
)
_LIKE_A_ROW: Final = re.compile(r"\S{1,5}\s+[^\W\d_]{3}")
_HEADING: Final = re.compile(r"(?:CTD[Il1i|]|[Il1i|]DTC)\s?vol.*(?:D[LI]P|PD[LI])", re.IGNORECASE)
_UNITS: Final = re.compile(r"mGy|\(mm\)", re.IGNORECASE)
# "Total Exam DLP", and what it is called elsewhere: "Gesamt-DLP", "PDL total", "DLP totale esame".
_SUM: Final = r"(?:total\w*|gesamt\w*|totaal|summe?)"
_PRODUCT: Final = r"(?:D[LI]P|PD[LI])"
_TOTAL: Final = re.compile(
    rf"(?:{_SUM}\b.*{_PRODUCT}|{_PRODUCT}\b.*{_SUM})[^\d:;]*[:;.]?\s*(?P<total>{NUMBER})(?:\s*mGy\s?[.*-]?\s?cm)?$",
    re.IGNORECASE,
)
_TOTAL_LINE: Final = re.compile(rf"\b{_SUM}\b|exam\s*d[li]p", re.IGNORECASE)
_PAGE: Final = re.compile(r"(\d{1,2})\s?/\s?(\d{1,2})$")
_TYPES: Final[tuple[tuple[str, Code], ...]] = (
    # In the languages of the console; the recognition leaves accents out or not.
    ("scout", LOCALIZER),
    ("locali", LOCALIZER),
    ("bersicht", LOCALIZER),
    ("rage", LOCALIZER),
    ("heli", SPIRAL),
    ("hélic", SPIRAL),
    ("elico", SPIRAL),
    ("spiral", SPIRAL),
    ("axial", SEQUENCED),
    ("assiale", SEQUENCED),
    ("sequen", SEQUENCED),
    ("cin", STATIONARY),
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
    value = number_of(millimetres)
    return value if letter in _SUPERIOR or not value else -value
