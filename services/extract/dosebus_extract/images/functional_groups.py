"""Enhanced multi-frame objects as if they were of one frame (PS3.3 C.7.6.16, C.8.21)."""

from __future__ import annotations

from math import fsum
from typing import Final

from dosebus_extract.sr.encoding import Elements
from dosebus_extract.sr.header import Header
from dosebus_extract.study_header import SOP_CLASS

_SHARED_GROUPS, _PER_FRAME_GROUPS, _ACQUISITIONS = 0x52009229, 0x52009230, 0x00189507
# Projections: every frame is an exposure of its own. Of a reconstruction every frame is a slice of the same one.
_PROJECTIONS: Final = frozenset(f"1.2.840.10008.5.1.4.1.1.13.1.{n}" for n in (4, 5))
# Exposure in mAs, exposure time in ms, organ dose, entrance dose.
_SUMMED: Final = (0x00189332, 0x00189328, 0x00400316, 0x00408302)


def flattened(header: Header) -> Header:
    """The header with what its shared functional groups, its acquisitions and its first frame tell.

    Of projections the exposures that the frames tell one by one are added.
    """
    frames = [_groups(frame) for frame in header.items(_PER_FRAME_GROUPS)]
    elements: Elements = dict(frames[0]) if frames else {}
    if len(frames) > 1 and header.first(SOP_CLASS) in _PROJECTIONS:
        elements |= _sums(frames)
    for acquisition in (*header.items(_ACQUISITIONS),)[:1]:
        elements |= acquisition.elements
    for shared in header.items(_SHARED_GROUPS):
        elements |= _groups(shared)
    return Header({**elements, **header.elements}, header.charset)


def _groups(item: Header) -> Elements:
    """The elements of the first item of each group."""
    found: Elements = {}
    for group in item.elements.values():
        if isinstance(group, list) and group:
            found |= group[0]
    return found


def _sums(frames: list[Elements]) -> Elements:
    found: Elements = {}
    for tag in _SUMMED:
        told = [Header(frame).number(tag) for frame in frames]
        values = [value for value in told if value is not None]
        if len(values) == len(frames):
            found[tag] = repr(float(f"{fsum(values):.12g}")).encode()
    return found
