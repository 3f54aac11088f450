"""A dose screen looked at in several magnifications, until its figures are sure enough.

Recognition is touchy about the size of the print: what one magnification misses another reads. A figure that two
of them read alike, in the same line, counts as confirmed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from dosebus_extract.images.dose_screen.judgement import Judgement, judged
from dosebus_extract.images.dose_screen.pixels import enlarged
from dosebus_extract.images.dose_screen.recognise import Layout
from dosebus_extract.images.dose_screen.recognition import recognised
from dosebus_extract.images.dose_screen.table import Figure, Screen
from dosebus_extract.outcome import Rejected

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WIDTHS: Final = (1500, 2500, 2000)
"""Screens are 512 to 1024 wide with letters of a dozen pixels; recognition wants some thirty."""
_ENOUGH: Final = 0.9
_MORE_EMPTY: Final = 0.2
_FAINTEST: Final = 0.05
_CONFIRMED: Final = 0.93


def best_look(
    grey: NDArray[np.uint8], layout: Layout, program: str, seconds: float, *, only_hinted: bool
) -> tuple[Screen, Judgement]:
    """The surest reading of a picture within `seconds`. `only_hinted` gives up after a look that shows no table.

    Raises Ignored where the program is not installed, Rejected where not even one look succeeds.
    """
    import numpy as np

    deadline = time.monotonic() + seconds
    looks: list[Screen] = []
    last = None
    for turns, factor in _views(grey, turned=not only_hinted):
        if any(look.tells_dose for look in looks) and turns != last:
            break
        last = turns
        turned = grey if not turns else np.rot90(grey, turns)
        try:
            lines = recognised(enlarged(turned, factor), program, max(0.1, deadline - time.monotonic()))
        except Rejected:
            if not looks:
                raise
            break
        looks.append(layout.read(lines))
        screen, judgement = _surest(looks)
        if judgement.confidence >= _ENOUGH or (only_hinted and not screen.tells_dose):
            break
    return _surest(looks)


def _views(grey: NDArray[np.uint8], *, turned: bool) -> Iterator[tuple[int, int]]:
    """Quarter turns and magnifications, the likeliest first. Only a screen that says to be one is turned."""
    lies = turned and _lies_on_its_side(grey)
    width = grey.shape[0] if lies else grey.shape[1]
    factors = [*dict.fromkeys(max(1, round(wanted / width)) for wanted in _WIDTHS)]
    if lies:
        yield from ((turns, factors[0]) for turns in (1, 3, 0))
        return
    yield from ((0, factor) for factor in (factors if len(factors) > 1 else [factors[0], factors[0] + 1]))
    if turned:
        yield 2, factors[0]


def _lies_on_its_side(grey: NDArray[np.uint8]) -> bool:
    """Between lines of print there are empty rows; hardly a column is empty from top to bottom."""
    ink = 255.0 - grey
    return _empty_share(ink.mean(axis=0)) > _empty_share(ink.mean(axis=1)) + _MORE_EMPTY


def _empty_share(profile: NDArray[np.float64]) -> float:
    """The share of places without ink between the first and the last with ink."""
    inked = (profile > profile.max() * _FAINTEST).nonzero()[0]
    return 1.0 - len(inked) / (inked[-1] - inked[0] + 1) if len(inked) else 0.0


def _surest(looks: list[Screen]) -> tuple[Screen, Judgement]:
    confirmed = [confirm(look, [other for other in looks if other is not look]) for look in looks]
    return max(((look, judged(look)) for look in confirmed), key=lambda pair: pair[1].confidence)


def confirm(screen: Screen, others: list[Screen]) -> Screen:
    """The same screen, its figures surer where another look read the same."""
    seen = {
        (row.comment, name, one.value) for look in others for row in look.rows for name, one in row.figures()
    }
    seen |= {("", "total", look.total_mgycm.value) for look in others if look.total_mgycm is not None}

    def surer(comment: str, name: str, figure: Figure | None) -> Figure | None:
        if figure is None or (comment, name, figure.value) not in seen:
            return figure
        return Figure(figure.value, max(figure.confidence, _CONFIRMED))

    rows = tuple(
        replace(
            row,
            ctdivol_mgy=surer(row.comment, "ctdivol_mgy", row.ctdivol_mgy),
            dlp_mgycm=surer(row.comment, "dlp_mgycm", row.dlp_mgycm),
        )
        for row in screen.rows
    )
    return replace(screen, rows=rows, total_mgycm=surer("", "total", screen.total_mgycm))
