"""How the patient lay, out of codes, of Siemens' comment, or assumed; always with the word for where it came from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from dosebus.domain.base import Code
from dosebus.domain.projection import ProjectionEvent
from dosebus_extract.skin.pose import ORIENTATIONS, Orientation

# CID 21 and CID 20 in SRT and SCT; the SCT codes that early RDSRs carried too.
_RELATIONSHIPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "F-10470": "HF",
        "102540008": "HF",
        "102540001": "HF",
        "F-10480": "FF",
        "102541007": "FF",
        "102541002": "FF",
    }
)
_MODIFIERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "F-10340": "S", "40199007": "S", "F-10310": "P", "1240000": "P",
        "F-10317": "DR", "102535000": "DR", "F-10319": "DL", "102536004": "DL",
    }
)  # fmt: skip

_COMMENT_POSITION: Final = re.compile(
    r"<PatientPosition\b.*?<Position\b[^>]*?\bSRData=\"([^\"]*)\"", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Lying:
    """An orientation and its source; `problem` says why there is none."""

    orientation: Orientation = "HFS"
    source: str = "assumed"
    problem: str | None = None


def position_in_comment(comment: str | None) -> str | None:
    """The patient position (such as `HFS`) in a Siemens Artis root comment, None without one."""
    found = _COMMENT_POSITION.search(comment or "")
    return (found[1].strip() or None) if found else None


def named_orientation(name: str, *, as_reference: bool) -> Lying:
    """The orientation of a DICOM patient position string; the reference knows supine and prone only (R16)."""
    wanted = name.strip().upper()
    if as_reference:
        return _of_parts(
            wanted[:2] if wanted[:2] in ("HF", "FF") else None,
            wanted[2:] if wanted[2:] in ("S", "P") else None,
        )
    for orientation in ORIENTATIONS:
        if wanted == orientation:
            return Lying(orientation, "extracted")
    return Lying(problem=f"patient position {wanted!r} is not supported")


def event_orientation(
    event: ProjectionEvent, *, as_reference: bool, default: Orientation | None = None
) -> Lying:
    """The orientation that an event's own codes tell (113745, 113744); `default` is the system's, if they tell none."""
    if as_reference:
        return _of_parts(
            _by_word(event.patient_table_relationship, (("headfirst", "HF"), ("feet-first", "FF"))),
            _by_word(event.patient_orientation_modifier, (("supine", "S"), ("prone", "P"))),
        )
    relationship, modifier = event.patient_table_relationship, event.patient_orientation_modifier
    end, side = _by_code(relationship, _RELATIONSHIPS), _by_code(modifier, _MODIFIERS)
    if relationship is not None and relationship.code_value and end is None:
        return Lying(problem=f"patient table relationship {_name(relationship)} is not supported")
    if modifier is not None and modifier.code_value and side is None:
        return Lying(problem=f"patient orientation modifier {_name(modifier)} is not supported")
    if end is None and side is None and default is not None:
        return Lying(default, "default of the system")
    return _of_parts(end, side)


def _of_parts(end: str | None, side: str | None) -> Lying:
    source = {(True, True): "extracted", (True, False): "supine assumed", (False, True): "head first assumed"}
    name = (end or "HF") + (side or "S")
    orientation = next(known for known in ORIENTATIONS if known == name)
    return Lying(orientation, source.get((end is not None, side is not None), "assumed"))


def _by_word(code: Code | None, words: tuple[tuple[str, str], ...]) -> str | None:
    meaning = (code.code_meaning or "").strip().lower() if code is not None else ""
    return next((letters for word, letters in words if meaning and meaning in word), None)


def _by_code(code: Code | None, known: Mapping[str, str]) -> str | None:
    return known.get(code.code_value or "") if code is not None else None


def _name(code: Code) -> str:
    return f"{code.code_value} {code.code_meaning or ''}".strip()
