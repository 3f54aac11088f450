"""A dose screen looked at in several magnifications, until its figures are sure enough.

Recognition is touchy about the size of the print: what one magnification misses another reads. A figure that two
of them read alike, in the same line, counts as confirmed.
"""

from __future__ import annotations

import time
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
_CONFIRMED: Final = 0.93


def best_look(
    grey: NDArray[np.uint8], layout: Layout, program: str, seconds: float, *, only_hinted: bool
) -> tuple[Screen, Judgement]:
    """The surest reading of a picture within `seconds`. `only_hinted` gives up after a look that shows no table.

    Raises Ignored where the program is not installed, Rejected where not even one look succeeds.
    """
    deadline = time.monotonic() + seconds
    looks: list[Screen] = []
    for width in _WIDTHS:
        try:
            lines = recognised(enlarged(grey, width), program, max(0.1, deadline - time.monotonic()))
        except Rejected:
            if not looks:
                raise
            break
        looks.append(layout.read(lines))
        screen, judgement = _surest(looks)
        if judgement.confidence >= _ENOUGH or (only_hinted and not screen.tells_dose):
            break
    return _surest(looks)


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
