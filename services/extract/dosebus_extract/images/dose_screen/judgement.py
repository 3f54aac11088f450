"""How far the figures of a dose screen can be trusted: the recognition's word, and each figure against the others.

The confidence is that of the weakest figure, times the share of rows that were read and hold together, times what
the sum of DLP says. A figure that agrees with another one counts as sure, however faint its print:

- DLP and total: the sum of DLP is the total, within the rounding of the print;
- CTDIvol and DLP: DLP / CTDIvol is a length that an acquisition of that range has; helical ones overrange.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dosebus_extract.images.dose_screen.table import Figure, Screen, ScreenRow

_SURE: Final = 0.97
_SUM_FACTORS: Final = {True: 1.0, None: 0.95, False: 0.4}
_SHORTEST_MM, _LONGEST_MM = 0.5, 2500.0
_MOST_STATIONARY_MM: Final = 200.0
_SHORTFALL_MM, _OVERRANGE_MM = 15.0, 120.0
_SHORTFALL_SHARE, _OVERRANGE_SHARE = 0.05, 0.25


@dataclass(frozen=True, slots=True)
class Judgement:
    """The confidence (0 to 1) and what it rests on; `total_agrees` is None where there is nothing to compare."""

    confidence: float
    total_agrees: bool | None
    rows_in_doubt: int


def judged(screen: Screen) -> Judgement:
    """Judge one page."""
    agrees = total_agrees(screen)
    fits = [length_fits(row) for row in screen.rows]
    doubtful = screen.unread_rows + fits.count(False)
    if not screen.tells_dose:
        return Judgement(0.0, None, doubtful)
    weakest = min(_weights(screen, agrees, fits))
    lines = len(screen.rows) + screen.unread_rows
    share = 1.0 - doubtful / lines if lines else 1.0
    return Judgement(round(weakest * share * _SUM_FACTORS[agrees], 3), agrees, doubtful)


def total_agrees(screen: Screen) -> bool | None:
    """Whether the rows' DLP make the total; None where either is told elsewhere."""
    told = [row.dlp_mgycm.value for row in screen.rows if row.dlp_mgycm is not None]
    if screen.total_mgycm is None or not told:
        return None
    tolerance = screen.rounding_mgycm * (len(told) + 1) + 1e-6
    if abs(sum(told) - screen.total_mgycm.value) <= tolerance:
        return True
    return None if screen.one_of_several and sum(told) < screen.total_mgycm.value else False


def length_fits(row: ScreenRow) -> bool | None:
    """Whether DLP / CTDIvol is a length that fits the row's range; None where the screen tells too little."""
    if row.dlp_mgycm is None or row.ctdivol_mgy is None:
        return None
    if not row.ctdivol_mgy.value:
        return not row.dlp_mgycm.value
    length = row.dlp_mgycm.value / row.ctdivol_mgy.value * 10
    if row.range_mm is None:
        return None if _SHORTEST_MM <= length <= _LONGEST_MM else False
    travel = row.range_mm[1] - row.range_mm[0]
    if not travel:
        return None if _SHORTEST_MM <= length <= _MOST_STATIONARY_MM else False
    least = travel * (1 - _SHORTFALL_SHARE) - _SHORTFALL_MM
    return least <= length <= travel * (1 + _OVERRANGE_SHARE) + _OVERRANGE_MM


def _weights(screen: Screen, agrees: bool | None, fits: list[bool | None]) -> Iterator[float]:
    def weight(figure: Figure, corroborated: bool) -> float:
        return max(figure.confidence, _SURE) if corroborated else figure.confidence

    if screen.total_mgycm is not None:
        yield weight(screen.total_mgycm, agrees is True)
    for row, fit in zip(screen.rows, fits, strict=True):
        if row.dlp_mgycm is not None:
            yield weight(row.dlp_mgycm, agrees is True or fit is True)
        if row.ctdivol_mgy is not None:
            yield weight(row.ctdivol_mgy, fit is True)
