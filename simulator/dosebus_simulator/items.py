"""Content items of a structured report (PS3.3 C.17.3), built as pydicom data sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from pydicom.dataset import Dataset

from dosebus.domain.base import Code
from dosebus_simulator.concepts import Unit

CONTAINS = "CONTAINS"
HAS_CONCEPT_MOD = "HAS CONCEPT MOD"
HAS_OBS_CONTEXT = "HAS OBS CONTEXT"
HAS_PROPERTIES = "HAS PROPERTIES"
INFERRED_FROM = "INFERRED FROM"

Items = Iterable[Dataset | None]


def coded(code: Code) -> Dataset:
    """One item of a code sequence (PS3.3 table 8.8-1)."""
    item = Dataset()
    value = code.code_value or ""
    if len(value) > 16:
        item.LongCodeValue = value
    else:
        item.CodeValue = value
    item.CodingSchemeDesignator = code.coding_scheme_designator
    item.CodeMeaning = code.code_meaning
    return item


def decimal_string(value: float) -> str:
    """A number as DS: at most 16 characters, no digits that the number does not have."""
    text = f"{value:.10g}"
    return text if len(text) <= 16 else f"{value:.9g}"


def datetime_string(moment: datetime) -> str:
    """A date and time as DT, with a fraction only where there is one."""
    fraction = f".{moment.microsecond:06d}" if moment.microsecond else ""
    return moment.strftime("%Y%m%d%H%M%S") + fraction


def _item(value_type: str, name: Code, relationship: str, children: Items) -> Dataset:
    item = Dataset()
    item.RelationshipType = relationship
    item.ValueType = value_type
    item.ConceptNameCodeSequence = [coded(name)]
    present = [child for child in children if child is not None]
    if present:
        item.ContentSequence = present
    return item


def container(name: Code, children: Items, relationship: str = CONTAINS) -> Dataset:
    """A CONTAINER of separate items."""
    item = _item("CONTAINER", name, relationship, children)
    item.ContinuityOfContent = "SEPARATE"
    return item


def num(
    name: Code,
    value: float | Sequence[float] | None,
    unit: Unit,
    children: Items = (),
    relationship: str = CONTAINS,
) -> Dataset | None:
    """A NUM with its unit; several values stand in one item, as devices write per-pulse lists. None for no value."""
    if value is None or value == ():
        return None
    values = value if isinstance(value, Sequence) else (value,)
    item = _item("NUM", name, relationship, children)
    measured = Dataset()
    measured.MeasurementUnitsCodeSequence = [
        coded(Code(code_value=unit.code, coding_scheme_designator="UCUM", code_meaning=unit.meaning))
    ]
    strings = [decimal_string(one) for one in values]
    measured.NumericValue = strings[0] if len(strings) == 1 else strings
    item.MeasuredValueSequence = [measured]
    return item


def code(
    name: Code, value: Code | None, children: Items = (), relationship: str = CONTAINS
) -> Dataset | None:
    """A CODE; None for no value."""
    if value is None:
        return None
    item = _item("CODE", name, relationship, children)
    item.ConceptCodeSequence = [coded(value)]
    return item


def text(name: Code, value: str | None, children: Items = (), relationship: str = CONTAINS) -> Dataset | None:
    """A TEXT; None for no value."""
    if value is None:
        return None
    item = _item("TEXT", name, relationship, children)
    item.TextValue = value
    return item


def uidref(name: Code, value: str | None, relationship: str = CONTAINS) -> Dataset | None:
    """A UIDREF; None for no value."""
    if value is None:
        return None
    item = _item("UIDREF", name, relationship, ())
    item.UID = value
    return item


def moment(name: Code, value: datetime | None, relationship: str = CONTAINS) -> Dataset | None:
    """A DATETIME; None for no value."""
    if value is None:
        return None
    item = _item("DATETIME", name, relationship, ())
    item.DateTime = datetime_string(value)
    return item


def pname(
    name: Code, value: str | None, children: Items = (), relationship: str = HAS_OBS_CONTEXT
) -> Dataset | None:
    """A PNAME; None for no value."""
    if value is None:
        return None
    item = _item("PNAME", name, relationship, children)
    item.PersonName = value
    return item
