"""What a dose screen's text tells, before it is judged and recorded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from dosebus.domain.base import Code
from dosebus_extract.images import codes

NUMBER: Final = r"(?:\d{1,3}(?:,\d{3})+\.\d+|\d{1,3}(?:\.\d{3})+,\d+|\d+(?:[.,]\d+)?)"
"""With decimal point or comma, with or without the other one between thousands."""
_NUMBER: Final = re.compile(NUMBER)
_PHANTOMS: Final = (
    (re.compile(r"head|16", re.IGNORECASE), codes.dcm("113690", "IEC Head Dosimetry Phantom")),
    (re.compile(r"body|32", re.IGNORECASE), codes.dcm("113691", "IEC Body Dosimetry Phantom")),
)
LOCALIZER: Final = codes.dcm("113805", "Constant Angle Acquisition")
SPIRAL: Final = codes.srt("P5-08001", "Spiral Acquisition")
SEQUENCED: Final = codes.dcm("113804", "Sequenced Acquisition")
STATIONARY: Final = codes.dcm("113806", "Stationary Acquisition")


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word: where it stands in pixels, and how sure the recognition is (0 to 1)."""

    text: str
    left: int
    top: int
    width: int
    height: int
    confidence: float

    @property
    def centre(self) -> float:
        """The horizontal middle in pixels."""
        return self.left + self.width / 2


@dataclass(frozen=True, slots=True)
class Line:
    """Words of one height, from left to right."""

    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        """The words, one blank between two."""
        return " ".join(word.text for word in self.words)

    def within(self, start: int, end: int) -> tuple[Word, ...]:
        """The words that stand at these positions of `text`."""
        found, at = [], 0
        for word in self.words:
            if at < end and at + len(word.text) > start:
                found.append(word)
            at += len(word.text) + 1
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number and how surely it was recognised (0 to 1)."""

    value: float
    confidence: float


@dataclass(frozen=True, slots=True)
class ScreenRow:
    """One acquisition. The range is that of the image positions in mm, from feet to head."""

    comment: str
    protocol: str | None = None
    event_type: Code | None = None
    ctdivol_mgy: Figure | None = None
    dlp_mgycm: Figure | None = None
    range_mm: tuple[float, float] | None = None
    phantom: Code | None = None

    def figures(self) -> tuple[tuple[str, Figure], ...]:
        """The figures that were read, by the name of their key."""
        told = (("ctdivol_mgy", self.ctdivol_mgy), ("dlp_mgycm", self.dlp_mgycm))
        return tuple((name, one) for name, one in told if one is not None)


@dataclass(frozen=True, slots=True)
class Screen:
    """One page. `rounding_mgycm` is half of the last place in which it gives DLP."""

    rows: tuple[ScreenRow, ...]
    total_mgycm: Figure | None
    rounding_mgycm: float
    unread_rows: int = 0
    one_of_several: bool = False

    @property
    def tells_dose(self) -> bool:
        """Whether any figure of dose was found."""
        return self.total_mgycm is not None or any(row.dlp_mgycm or row.ctdivol_mgy for row in self.rows)


def figure(line: Line, match: re.Match[str], group: str) -> Figure | None:
    """The number of a named group with the confidence of its words; None for a dash or an absent group."""
    told = match.group(group)
    if not told or not _NUMBER.fullmatch(told):
        return None
    words = line.within(*match.span(group))
    return Figure(number_of(told), min(word.confidence for word in words))


def number_of(text: str) -> float:
    """The number that is printed so; the last of its points and commas parts the decimals."""
    whole, mark, decimals = text.replace(",", ".").rpartition(".")
    return float(f"{whole.replace('.', '')}{mark}{decimals}")


def phantom(text: str | None) -> Code | None:
    """The dosimetry phantom by its name or its diameter in cm."""
    return next((code for pattern, code in _PHANTOMS if text and pattern.search(text)), None)
