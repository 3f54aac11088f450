"""The content tree as pydicom reads it, in the same shape as ours: the oracle of the differential tests."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pydicom
from pydicom.dataset import Dataset
from pydicom.valuerep import PersonName

from dosebus_extract.sr.tree import Node

Shape = tuple[Any, ...]
_TEXTS = {
    "TEXT": "TextValue",
    "UIDREF": "UID",
    "PNAME": "PersonName",
    "DATETIME": "DateTime",
    "DATE": "Date",
    "TIME": "Time",
}


def oracle(data: bytes) -> Shape:
    """The tree of an encoded object, read by pydicom."""
    return _shape(pydicom.dcmread(BytesIO(data), stop_before_pixels=True, force=True))


def ours(node: Node) -> Shape:
    """The same shape of our tree."""
    value: Any = node.value
    if node.coded is not None:
        value = (node.coded.code_value, node.coded.coding_scheme_designator, node.coded.code_meaning)
    name = (node.code, node.scheme, node.meaning)
    return (node.value_type, name, value or None, node.unit, tuple(ours(child) for child in node.children))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, pydicom.multival.MultiValue):
        return "\\".join(_text(one) for one in value)
    if isinstance(value, PersonName):
        return str(value).strip(" \0")
    return str(getattr(value, "original_string", value)).strip(" \0")


def _code(items: Any) -> tuple[str | None, ...] | None:
    if not items:
        return None
    item = items[0]
    value = item.get("CodeValue") or item.get("LongCodeValue") or item.get("URNCodeValue")
    told = tuple(
        _text(part) or None for part in (value, item.get("CodingSchemeDesignator"), item.get("CodeMeaning"))
    )
    return told if told[0] or told[2] else None


def _shape(item: Dataset) -> Shape:
    kind = _text(item.get("ValueType"))
    value: Any = None
    unit = None
    if kind == "NUM" and item.get("MeasuredValueSequence"):
        measured = item.MeasuredValueSequence[0]
        value = _text(measured.get("NumericValue")) or None
        units = _code(measured.get("MeasurementUnitsCodeSequence"))
        unit = units[0] if units else None
    elif kind == "CODE":
        value = _code(item.get("ConceptCodeSequence"))
    elif kind in _TEXTS:
        value = _text(item.get(_TEXTS[kind])) or None
    name = _code(item.get("ConceptNameCodeSequence")) or (None, None, None)
    below = item.get("ContentSequence") or ()
    return kind, tuple(part or "" for part in name), value, unit, tuple(_shape(child) for child in below)
