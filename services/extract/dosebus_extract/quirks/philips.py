"""Philips: private items of the Xper systems (scheme 99PHI-IXR-XPER)."""

from __future__ import annotations

from typing import Final

from dosebus.domain.base import Code
from dosebus_extract.quirks.quirk import TreeQuirk
from dosebus_extract.sr.concepts import Reading, quantity
from dosebus_extract.sr.tree import Node

_SCHEME: Final = "99PHI-IXR-XPER"
_EVENT: Final = "113706"
_SHUTTER_PLANE_MM: Final = 1000.0  # shutter distances are given at one metre from the source


def _item(node: Node, code: str, meaning: str) -> Node | None:
    """A private item by its code; older releases number otherwise, so the meaning counts as well."""
    by_code = node.first(f"{_SCHEME}:{code}")
    if by_code is not None and by_code.meaning.casefold() == meaning.casefold():
        return by_code
    same = (c for c in node.children if c.scheme == _SCHEME and c.meaning.casefold() == meaning.casefold())
    return next(same, None)


def _measured(node: Node | None, unit: str) -> float | None:
    return quantity(unit)(node, Reading("")) if node is not None else None


def _numeric(code: str, meaning: str, value: float, unit: str) -> Node:
    node = Node(Code(code_value=code, coding_scheme_designator="DCM", code_meaning=meaning), "NUM")
    node.value, node.unit = repr(value), unit
    return node


def _standard(event: Node, private: Node | None, code: str, meaning: str) -> None:
    """Give a private item its standard concept, unless the standard item is there with a value."""
    if private is None or not private.value or any(item.value for item in event.all(code)):
        return
    private.code = private.key = code
    private.scheme, private.meaning = "DCM", meaning


def _with_field(event: Node, distance_mm: float | None) -> None:
    shutters = _item(event, "005", "Wedges and Shutters")
    if shutters is None or distance_mm is None:
        return
    sides = [
        _measured(_item(shutters, code, f"{name} Shutter"), "mm")
        for code, name in (("007", "Left"), ("008", "Right"), ("009", "Top"), ("006", "Bottom"))
    ]
    if None in sides or event.first("113788", "113789", "113790"):
        return
    left, right, top, bottom = (side or 0.0 for side in sides)
    scale = distance_mm / _SHUTTER_PLANE_MM
    height, width = (left + right) * scale, (top + bottom) * scale
    event.children += [
        _numeric("113788", "Collimated Field Height", height, "mm"),
        _numeric("113789", "Collimated Field Width", width, "mm"),
        _numeric("113790", "Collimated Field Area", height * width * 1e-6, "m2"),
    ]


def _standardise(root: Node) -> None:
    distances: dict[str, float | None] = {}
    for event in root.all(_EVENT):
        plane_node = event.first("113764")
        plane = (plane_node.coded.code_value or "") if plane_node is not None and plane_node.coded else ""
        sent = _measured(event.first("113750"), "mm")
        if sent is not None:
            distances[plane] = sent
        _standard(event, _item(event, "003", "Number of Frames"), "113768", "Number of Pulses")
        _standard(event, _item(event, "021", "Table Height Position"), "113753", "Table Height Position")
        _with_field(event, distances.get(plane))


TREE: Final = (
    TreeQuirk(
        "private Xper items",
        "frames, table height and shutters come as private items; the field is computed from the shutters and "
        "the last distance source to detector, which is only sent when it changes",
        "RF-RDSR-Philips_Allura",
        lambda root, _header: any(
            item.scheme == _SCHEME for event in root.all(_EVENT) for item in event.children
        ),
        _standardise,
    ),
)
