"""What makers of radiography systems write into image headers in their own way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from dosebus_extract.sr.header import Header
from dosebus_extract.study_header import MANUFACTURER, MODEL, STUDY_DESCRIPTION

_SOURCE_DETECTOR, _IMAGE_COMMENTS, _SOFTWARE = 0x00181110, 0x00204000, 0x00181020
_DECIMETRES: Final = 100.0

# Exposure indicators of the time before IEC 62494-1, by a word in the manufacturer's name.
_LABELS: Final = (
    ("fuji", "S ()"),
    ("konica", "S ()"),
    ("carestream", "EI (Mbels)"),
    ("kodak", "EI (Mbels)"),
    ("agfa", "lgM (Bels)"),
    ("canon", "REX ()"),
    ("swissray", "DI ()"),
    ("philips", "EI ()"),
    ("siemens", "EXI (μGy)"),
)


def _is(header: Header, tag: int, word: str) -> bool:
    return word in (header.text(tag) or "").casefold()


def exposure_label(header: Header) -> str | None:
    """Name and unit of a maker's own exposure indicator."""
    return next((label for word, label in _LABELS if _is(header, MANUFACTURER, word)), None)


def source_detector_mm(header: Header) -> float | None:
    """Kodak DR 7500 writes Distance Source to Detector in decimetres (DX-Im-Carestream_DR7500-1)."""
    sent = header.number(_SOURCE_DETECTOR)
    if sent is not None and _is(header, MODEL, "dr 7500"):
        return float(f"{sent * _DECIMETRES:.12g}")
    return sent


def _toshiba_protocol(header: Header) -> str | None:
    """Toshiba MEC writes the protocol into Image Comments."""
    if _is(header, MANUFACTURER, "toshiba") and _is(header, _SOFTWARE, "tm_tfd_1.0"):
        return header.text(_IMAGE_COMMENTS)
    return None


def _study_as_request(header: Header) -> str | None:
    """Canon CXDI and Carestream DRX-Revolution tell what was requested only in Study Description."""
    if _is(header, MODEL, "cxdi") or _is(header, MODEL, "drx-revolution"):
        return header.text(STUDY_DESCRIPTION)
    return None


EXPOSURE_LABELS: Final = exposure_label
DISTANCE: Final = source_detector_mm
PROTOCOL: Final[tuple[Callable[[Header], str | None], ...]] = (_toshiba_protocol,)
REQUESTED: Final[tuple[Callable[[Header], str | None], ...]] = (_study_as_request,)
