"""Toshiba and Canon dose summaries: totals under <<Dose Information>>, acquisitions under <<Detail Information>>.

Each acquisition is a numbered line and, below it, one or several lines of headings and as many lines of values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from dosebus.domain.base import Code
from dosebus_extract.images.dose_screen.table import (
    LOCALIZER,
    NUMBER,
    SEQUENCED,
    SPIRAL,
    STATIONARY,
    Figure,
    Line,
    Screen,
    ScreenRow,
    Word,
    figure,
    number_of,
    phantom,
)

_ROUNDING_MGYCM: Final = 0.05
_SECTION: Final = re.compile(r"(?P<detail>deta[il1|]{2})?\s*[il1|]nformat[il1|]on\W*$", re.IGNORECASE)
_ACQUISITION: Final = re.compile(r"(\d{1,2})\s?[.,:]\s?(?P<name>[A-Za-z].*)$")
_HEAD, _BODY = (rf"\s*[:;.]*\s*(?P<{name}>{NUMBER}|[-\u2013\u2014_]+)" for name in ("head", "body"))
_TOTAL: Final = re.compile(
    r"^(?:Total\s+)?D[LI]P(?:[.,]e)?\s*\(?\s*mGy\s?[.,*]?\s?cm\s*\)?\s*[:;]?\s*"
    rf"(?:\(?Head\)?{_HEAD})?\s*(?:\(?Body\)?{_BODY})?"
    rf"(?P<plain>{NUMBER})?\s*$",
    re.IGNORECASE,
)
_DLP_TOTAL_LINE: Final = re.compile(r"^(?:Total\s+)?D[LI]P.*(?:head|body|cm\)?\s*[:;])", re.IGNORECASE)
_UNIT: Final = re.compile(r"\(?(?:mGy|mm|s|mAs)[^)]*\)", re.IGNORECASE)
_CTDIVOL, _DLP, _START, _END = "ctdivol", "dlp", "start", "end"
# The longer headings stand first: "Eff. DLP" is no DLP.
_HEADINGS: Final = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        (None, r"(?:mean\s+)?eff\.?\s*D[LI]P"),
        (None, r"eff\.?\s*CTD[Il1|]\s?vol(?:\s+mean)?"),
        (None, r"CTD[Il1|]\s?air"),
        (None, r"D[LI]P\s?a[il1|]r"),
        (_CTDIVOL, r"CTD[Il1|]\s?vo[l1I|](?:[.,]e)?(?:\s+mean)?"),
        (_DLP, r"D[LI]P(?:[.,]e)?"),
        (_START, r"start\s*pos[.,]?"),
        (_END, r"end\s*pos[.,]?"),
        (None, r"total\s*mas"),
        (None, r"exposure\s*time"),
        (None, r"tot[.,]\s*dose\s*red[.,]?"),
        (None, r"dose\s*red[.,]\s*mode"),
        (None, r"total\s*image\s*number"),
        (None, r"modulation|boost|QDS|\bSD\b|\bkV\b|\bmA\b"),
    )
)
_TYPES: Final[tuple[tuple[re.Pattern[str], Code], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE), code)
    for pattern, code in (
        (r"scano|scout", LOCALIZER),
        (r"sure\s?start|real\s?prep|prep", STATIONARY),
        (r"helical|spiral", SPIRAL),
        (r"volume|dynamic|cine|s\s?&\s?v|s\s?&\s?d|fluoro", STATIONARY),
        (r"s\s?&\s?s|sequen|step|axial", SEQUENCED),
    )
)


@dataclass(slots=True)
class _Acquisition:
    name: str
    number: str
    figures: dict[str, Figure] = field(default_factory=dict)
    phantom: Code | None = None


@dataclass(slots=True)
class _Page:
    """What was read so far of one page from top to bottom."""

    acquisitions: list[_Acquisition] = field(default_factory=list)
    headings: list[list[tuple[str | None, float]]] = field(default_factory=list)
    totals: dict[str, Figure] = field(default_factory=dict)
    detail: bool = False
    lost_totals: int = 0


def read_toshiba(lines: Sequence[Line]) -> Screen:
    """Totals and acquisitions of one page; either may stand on another page."""
    page = _Page()
    for line in lines:
        _take(page, line)
    only = next(iter(page.totals)) if len(page.totals) == 1 else None
    rows = tuple(_row(one, phantom(only)) for one in page.acquisitions)
    unread = page.lost_totals + sum(
        row.event_type is not LOCALIZER and (row.dlp_mgycm is None or row.ctdivol_mgy is None) for row in rows
    )
    total = None
    if page.totals:
        figures = page.totals.values()
        total = Figure(sum(one.value for one in figures), min(one.confidence for one in figures))
    return Screen(rows, total, _ROUNDING_MGYCM, unread, one_of_several=not rows or total is None)


def _take(page: _Page, line: Line) -> None:
    text = line.text
    if section := _SECTION.search(text):
        page.detail = section["detail"] is not None
        return
    if total := _TOTAL.match(text):
        for name in ("head", "body", "plain"):
            if (told := figure(line, total, name)) is not None:
                page.totals[name] = told
        return
    if not page.detail:
        page.lost_totals += bool(_DLP_TOTAL_LINE.match(text))
        return
    if started := _ACQUISITION.match(text):
        page.acquisitions.append(_Acquisition(started["name"], started[1]))
        page.headings.clear()
    elif headings := _headings(line):
        page.headings.append(headings)
    elif page.acquisitions and page.headings:
        _take_values(page.acquisitions[-1], page.headings.pop(0), line)


def _headings(line: Line) -> list[tuple[str | None, float]]:
    """The headings of a line by what they head, with their horizontal middle; none unless there are two."""
    text = _UNIT.sub(lambda unit: " " * len(unit[0]), line.text)
    found: list[tuple[str | None, float]] = []
    for name, pattern in _HEADINGS:
        for match in pattern.finditer(text):
            words = line.within(*match.span())
            found.append((name, (words[0].left + words[-1].left + words[-1].width) / 2))
        text = pattern.sub(lambda known: " " * len(known[0]), text)
    return found if len(found) > 1 else []


def _take_values(acquisition: _Acquisition, headings: list[tuple[str | None, float]], line: Line) -> None:
    for word in _numbers(line.words):
        name = min(headings, key=lambda heading: abs(heading[1] - word.centre))[0]
        if name is not None and name not in acquisition.figures:
            acquisition.figures[name] = Figure(number_of(word.text), word.confidence)
    acquisition.phantom = acquisition.phantom or (
        phantom(line.text) if re.search(r"head|body", line.text, re.IGNORECASE) else None
    )


def _numbers(words: Iterable[Word]) -> Iterable[Word]:
    return (word for word in words if re.fullmatch(rf"[-+]?{NUMBER}", word.text))


def _row(one: _Acquisition, only_phantom: Code | None) -> ScreenRow:
    start, end = one.figures.get(_START), one.figures.get(_END)
    dlp = one.figures.get(_DLP)
    return ScreenRow(
        comment=f"Acquisition {one.number}",
        protocol=one.name,
        event_type=next((code for pattern, code in _TYPES if pattern.search(one.name)), None),
        ctdivol_mgy=one.figures.get(_CTDIVOL),
        dlp_mgycm=dlp,
        range_mm=(min(start.value, end.value), max(start.value, end.value)) if start and end else None,
        phantom=one.phantom or (only_phantom if dlp is not None else None),
    )
