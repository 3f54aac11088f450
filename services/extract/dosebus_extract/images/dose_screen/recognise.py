"""Which objects are dose screens, by their header alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from dosebus_extract.images.dose_screen.ge import read_ge
from dosebus_extract.images.dose_screen.table import Line, Screen
from dosebus_extract.images.dose_screen.toshiba import read_toshiba
from dosebus_extract.sr.header import Header
from dosebus_extract.study_header import MANUFACTURER, SERIES_DESCRIPTION

_IMAGE_TYPE, _SERIES_NUMBER = 0x00080008, 0x00200011
_WINDOW_CENTRE, _WINDOW_WIDTH = 0x00281050, 0x00281051


@dataclass(frozen=True, slots=True)
class Layout:
    """One vendor's dose screens.

    `titles` are words of the series description that say outright what the object is; `hinted` finds screens that
    do not say it and may also be something else.
    """

    makers: tuple[str, ...]
    titles: tuple[str, ...]
    hinted: Callable[[Header], bool]
    read: Callable[[Sequence[Line]], Screen]

    def is_told(self, header: Header) -> bool:
        """Whether the series' description says that this is a dose screen."""
        description = (header.text(SERIES_DESCRIPTION) or "").casefold()
        return any(title in description for title in self.titles)


def _ge_screen_save(header: Header) -> bool:
    return "SCREEN SAVE" in header.texts(_IMAGE_TYPE) and header.first(_SERIES_NUMBER) in {"999", "10999"}


def _black_and_white(header: Header) -> bool:
    """Toshiba's summaries are derived, and are shown with a window of one grey value or in series 1000 or 9000."""
    window = header.number(_WINDOW_CENTRE), header.number(_WINDOW_WIDTH)
    return header.texts(_IMAGE_TYPE)[:2] == ("DERIVED", "SECONDARY") and (
        window == (0, 1) or header.first(_SERIES_NUMBER) in {"1000", "9000"}
    )


LAYOUTS: Final = (
    Layout(
        ("ge medical", "ge healthcare", "ge hangwei"),
        (
            "dose report",
            "dosisbericht",
            "rapport de dose",
            "informe de dosis",
            "rapporto dos",
            "rapporto di dos",
        ),
        _ge_screen_save,
        read_ge,
    ),
    Layout(
        ("toshiba", "canon"),
        ("dose summary", "dose report", "dose info", "summary"),
        _black_and_white,
        read_toshiba,
    ),
)


def layout_of(header: Header) -> Layout | None:
    """The layout of the dose screen that this header announces, None for any other object."""
    maker = (header.text(MANUFACTURER) or "").casefold()
    if not maker:
        return None
    for layout in LAYOUTS:
        if any(name in maker for name in layout.makers):
            return layout if layout.is_told(header) or layout.hinted(header) else None
    return None


def is_dose_screen(header: Header) -> bool:
    """Whether the header announces a dose screen of a known layout."""
    return layout_of(header) is not None
