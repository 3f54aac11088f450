"""Values as table cells: short, aligned, on one line where possible."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dosebus.catalogue.field import Field, Grain
from dosebus_web.http.show import quantity

PEOPLE = frozenset({"patient_name", "performing_physician", "referring_physician", "operator"})
"""Fields with the value representation PN."""
PSEUDONYM = re.compile(r"[0-9a-f]{32,}")
COMPOUND = re.compile(r"\b(\w+) or \1 compound\b")
"""The code meanings of filter materials say "Copper or Copper compound"."""
MASS_NUMBER = re.compile(r"\^(\d+m?)\^")
"""Code meanings of nuclides write superscripts between carets: "^18^Fluorine"."""
RAISED = str.maketrans("0123456789m", "⁰¹²³⁴⁵⁶⁷⁸⁹ᵐ")
LINE = 24
"""Longer texts may wrap."""


@dataclass(frozen=True)
class Cell:
    """One value as it is shown; `full` is the whole of what is shortened."""

    text: str
    css: str = ""
    full: str = ""
    sort: str = ""
    """What a number or a moment is sorted by, whatever the reader's language makes of it."""


def person(value: str) -> str:
    """A person name (PS3.5 6.2, PN) as people write it: `Weber^Nora` is `Weber, Nora`."""
    family, *others = value.split("=", 1)[0].split("^")
    given = " ".join(part for part in others if part)
    return f"{family}, {given}" if given else family


def nuclide(text: str) -> str:
    """A text with its mass numbers raised: `^18^Fluorine` is `¹⁸Fluorine`."""
    return MASS_NUMBER.sub(lambda found: found[1].translate(RAISED), text)


def cell(field: Field, value: Any) -> Cell:
    """A value of a field as a table cell."""
    text = quantity(field, value)
    if field.numeric:
        return Cell(text, "n", sort="" if value is None else str(value))
    if isinstance(value, datetime) and field.grain is Grain.EVENT:
        return Cell(value.strftime("%H:%M:%S"), "n", text, value.isoformat())
    if PSEUDONYM.fullmatch(text):
        return Cell(f"{text[:8]}…", "mono", text)
    if field.key in PEOPLE and "^" in text:
        text = person(text)
    text = nuclide(COMPOUND.sub(r"\1", text))
    return Cell(text, "wrap" if len(text) > LINE else "nowrap")
