"""X-ray filters of image headers, with the ways in which devices write several into one element."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import Final

from dosebus.domain.projection import Filter
from dosebus_extract.images import codes
from dosebus_extract.sr.header import Header, as_number

FILTER_TYPE, FILTER_MATERIAL, THICKNESS_MIN, THICKNESS_MAX = 0x00181160, 0x00187050, 0x00187052, 0x00187054
# Siemens Multix names material and thickness in the type: CU_0.2_MM (DX-Im-SiemensMultix); others turn it round.
_THICKNESS: Final = r"(?P<mm>\d+(?:[.,]\d+)?)[ _]?MM"
_NAMED_TYPE: Final = re.compile(
    rf"(?:(?P<metal>[A-Z]{{2}})[ _]?{_THICKNESS}|{_THICKNESS.replace('mm>', 'mm2>')}[ _]?(?P<metal2>[A-Z]{{2}}))$",
    re.IGNORECASE,
)
_FILTERS: Final = 0x00189556
"""The filters of enhanced objects, an item each."""
_SEPARATORS: Final = re.compile(r"[\\,]")


def filters_of(header: Header, *, without_type: bool) -> tuple[Filter, ...]:
    """The filters of an image; `without_type`: whether an absent Filter Type still lets materials stand."""
    listed = (*header.items(_FILTERS),)
    if listed and not header.has(FILTER_TYPE) and not header.has(FILTER_MATERIAL):
        return tuple(one for item in listed for one in filters_of(item, without_type=True))
    kind = header.text(FILTER_TYPE) or ""
    named = [_NAMED_TYPE.match(part.strip()) for part in re.split(r"[\\+]", kind)]
    if all(named):
        return tuple(_named(one) for one in named if one)
    if kind.strip().upper() == "NONE":
        return (Filter(type=codes.NO_FILTER),)
    materials = _listed(header.text(FILTER_MATERIAL))
    if not kind and not (without_type and materials):
        return ()
    return _several(header, kind, materials)


def _named(found: re.Match[str]) -> Filter:
    thickness = float((found["mm"] or found["mm2"]).replace(",", "."))
    material = codes.metal(found["metal"] or found["metal2"])
    return Filter(
        type=codes.FLAT_FILTER, material=material, thickness_min_mm=thickness, thickness_max_mm=thickness
    )


def _several(header: Header, kind: str, materials: list[str]) -> tuple[Filter, ...]:
    """One filter a material. Kodak writes comma lists, and the minimum above the maximum."""
    lows = _thicknesses(header.text(THICKNESS_MIN), several=len(materials) > 1)
    highs = _thicknesses(header.text(THICKNESS_MAX), several=len(materials) > 1)
    found = []
    for material, low, high in zip_longest(materials or [""], lows, highs):
        if low is not None and high is not None and low > high:
            low, high = high, low  # noqa: PLW2901 - the pair is put in order
        found.append(
            Filter(
                type=codes.FLAT_FILTER if len(materials) > 1 else codes.filter_type(kind),
                material=codes.metal(material or ""),
                thickness_min_mm=low,
                thickness_max_mm=high,
            )
        )
    return tuple(found)


def _thicknesses(text: str | None, *, several: bool) -> list[float | None]:
    """Thicknesses in mm; of a single filter a comma is a decimal comma."""
    listed = _listed(text) if several else (text or "").replace(",", ".").split("\\")[:1]
    return [as_number(part) for part in listed]


def _listed(text: str | None) -> list[str]:
    return [part for sent in _SEPARATORS.split(text or "") if (part := sent.strip())]
