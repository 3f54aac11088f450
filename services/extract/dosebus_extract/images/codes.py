"""Words of image headers as the coded entries that structured reports use."""

from __future__ import annotations

from typing import Final

from dosebus.domain.base import Code


def dcm(value: str, meaning: str) -> Code:
    return Code(code_value=value, coding_scheme_designator="DCM", code_meaning=meaning)


def srt(value: str, meaning: str) -> Code:
    return Code(code_value=value, coding_scheme_designator="SRT", code_meaning=meaning)


SINGLE_PLANE: Final = dcm("113622", "Single Plane")
STATIONARY: Final = dcm("113611", "Stationary Acquisition")
STUDY: Final = dcm("113014", "Study")
COPIED: Final = dcm("113866", "Copied From Image Attributes")
PROJECTION: Final = dcm("113704", "Projection X-Ray")
MAMMOGRAPHY: Final = srt("P5-40010", "Mammography")
CT: Final = srt("P5-08000", "Computed Tomography X-Ray")
DIAGNOSTIC: Final = srt("R-408C3", "Diagnostic Intent")
YES: Final = srt("R-0038D", "Yes")
NO: Final = srt("R-00339", "No")
FLAT_FILTER: Final = dcm("113653", "Flat filter")
NO_FILTER: Final = dcm("111609", "No filter")

_METALS: Final = {
    "molybdenum": ("C-150F9", "Molybdenum or Molybdenum compound"),
    "rhodium": ("C-167F9", "Rhodium or Rhodium compound"),
    "silver": ("C-137F9", "Silver or Silver compound"),
    "aluminum": ("C-120F9", "Aluminum or Aluminum compound"),
    "aluminium": ("C-120F9", "Aluminum or Aluminum compound"),
    "copper": ("C-127F9", "Copper or Copper compound"),
    "niobium": ("C-1190E", "Niobium or Niobium compound"),
    "europium": ("C-1190F", "Europium or Europium compound"),
    "lead": ("C-132F9", "Lead or Lead compound"),
    "tantalum": ("C-156F9", "Tantalum or Tantalum compound"),
    "tungsten": ("C-164F9", "Tungsten or Tungsten compound"),
    "wolfram": ("C-164F9", "Tungsten or Tungsten compound"),
}
_SYMBOLS: Final = {
    "mo": "molybdenum",
    "rh": "rhodium",
    "ag": "silver",
    "al": "aluminum",
    "cu": "copper",
    "nb": "niobium",
    "eu": "europium",
    "pb": "lead",
    "ta": "tantalum",
    "w": "tungsten",
}
_FILTER_TYPES: Final = {
    "strip": ("113650", "Strip filter"),
    "wedge": ("113651", "Wedge filter"),
    "butterfly": ("113652", "Butterfly filter"),
    "flat": ("113653", "Flat filter"),
    "none": ("111609", "No filter"),
}
_GRIDS: Final = {
    "fi": ("111641", "Fixed grid"),
    "fo": ("111642", "Focused grid"),
    "re": ("111643", "Reciprocating grid"),
    "pa": ("111644", "Parallel grid"),
    "cr": ("111645", "Crossed grid"),
    "no": ("111646", "No grid"),
}
_SIDES: Final = {
    "R": srt("G-A100", "Right"),
    "L": srt("G-A101", "Left"),
    "B": srt("G-A102", "Right and left"),
    "RIGHT": srt("G-A100", "Right"),
    "LEFT": srt("G-A101", "Left"),
    "BOTH": srt("G-A102", "Right and left"),
}
_VIEWS: Final = {
    "AP": srt("R-10206", "antero-posterior"),
    "PA": srt("R-10214", "postero-anterior"),
    "LL": srt("R-10236", "left lateral"),
    "RL": srt("R-10232", "right lateral"),
    "CC": srt("R-10242", "cranio-caudal"),
    "MLO": srt("R-10226", "medio-lateral oblique"),
    "ML": srt("R-10224", "medio-lateral"),
    "LM": srt("R-10228", "latero-medial"),
    "LMO": srt("R-10230", "latero-medial oblique"),
    "SIO": srt("R-102D0", "superolateral to inferomedial oblique"),
    "ISO": srt("R-40AAA", "inferomedial to superolateral oblique"),
}


def metal(word: str) -> Code | None:
    """A material by its name in English or its symbol, whatever the case."""
    name = word.strip().casefold()
    found = _METALS.get(_SYMBOLS.get(name, name))
    return srt(*found) if found else (Code(code_meaning=word.strip()) if word.strip() else None)


def filter_type(word: str) -> Code | None:
    """A filter's type; one that has no code, as MULTIPLE, by its own word."""
    name = word.strip()
    found = _FILTER_TYPES.get(name.casefold())
    return dcm(*found) if found else (Code(code_meaning=name) if name else None)


def grid(word: str) -> Code | None:
    """A grid keyword, whole (RECIPROCATING) or cut to two letters (RE)."""
    found = _GRIDS.get(word.strip()[:2].casefold())
    return dcm(*found) if found else None


def side(word: str | None) -> Code | None:
    return _SIDES.get((word or "").strip().upper())


def view(word: str | None) -> Code | None:
    return _VIEWS.get((word or "").strip().upper())
