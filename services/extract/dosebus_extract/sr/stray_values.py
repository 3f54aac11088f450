"""Values that a content item bears elsewhere than its value type says (PS3.3 C.17.3.2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dosebus_extract.sr.charset import Charset, decode
from dosebus_extract.sr.encoding import Elements
from dosebus_extract.sr.header import Header

NUMERIC: Final = 0x0040A30A
_MEASURED, _FLOATING, _CODED = 0x0040A300, 0x0040A161, 0x0040A168
_TEXTS: Final = (0x0040A160, 0x0040A124, 0x0040A120, 0x0040A121, 0x0040A122, 0x0040A123)
_PERSON: Final = 0x0040A123
_TYPES: Final = (
    (_MEASURED, "NUM"),
    (NUMERIC, "NUM"),
    (_CODED, "CODE"),
    (0x0040A160, "TEXT"),
    (0x0040A124, "UIDREF"),
    (0x0040A120, "DATETIME"),
    (_PERSON, "PNAME"),
)


def value_type_of(elements: Elements) -> str:
    """The value type of an item that names none, by the value that is there; empty where there is none."""
    return next((name for tag, name in _TYPES if tag in elements), "")


def stray_text(elements: Elements, charset: Charset) -> str | None:
    """The first text of any kind: a UID told as text, a date told as text, a number told as text."""
    for tag in _TEXTS:
        raw = elements.get(tag)
        if isinstance(raw, bytes) and raw and (found := decode(raw, charset, person_name=tag == _PERSON)):
            return found
    return None


def stray_number(elements: Elements, measured: Elements | None) -> str | None:
    """A number that is not in the Measured Value's Numeric Value: beside it, or as floating point value."""
    for holder in _holders(elements, measured):
        raw = holder.get(NUMERIC)
        if isinstance(raw, bytes) and (told := raw.decode("ascii", "replace").strip(" \0")):
            return told
        value = Header(holder).real(_FLOATING)
        if value is not None:
            return repr(value)
    return None


def _holders(elements: Elements, measured: Elements | None) -> Iterator[Elements]:
    if measured is not None:
        yield measured
    yield elements
