"""What makers of radiography systems write into image headers in their own way."""

from __future__ import annotations

from typing import Final

from dosebus_extract.quirks.quirk import HeaderQuirk
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


def _from_decimetres(header: Header) -> float | None:
    sent = header.number(_SOURCE_DETECTOR)
    return None if sent is None else float(f"{sent * _DECIMETRES:.12g}")


DISTANCE: Final[tuple[HeaderQuirk[float | None], ...]] = (
    HeaderQuirk(
        "distance in decimetres",
        "Kodak DR 7500 writes Distance Source to Detector in dm instead of mm",
        "DX-Im-Carestream_DR7500-1",
        lambda header: _is(header, MODEL, "dr 7500"),
        _from_decimetres,
    ),
)
PROTOCOL: Final[tuple[HeaderQuirk[str | None], ...]] = (
    HeaderQuirk(
        "protocol in the image comments",
        "Toshiba MEC with software TM_TFD_1.0 names the protocol only in Image Comments",
        "",
        lambda header: _is(header, MANUFACTURER, "toshiba") and _is(header, _SOFTWARE, "tm_tfd_1.0"),
        lambda header: header.text(_IMAGE_COMMENTS),
    ),
)
REQUESTED: Final[tuple[HeaderQuirk[str | None], ...]] = (
    HeaderQuirk(
        "request in the study description",
        "Canon CXDI and Carestream DRX-Revolution tell what was requested only in Study Description",
        "DX-Im-Carestream_DRX",
        lambda header: _is(header, MODEL, "cxdi") or _is(header, MODEL, "drx-revolution"),
        lambda header: header.text(STUDY_DESCRIPTION),
    ),
)
