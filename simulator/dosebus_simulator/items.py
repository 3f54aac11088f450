"""Content items of a structured report (PS3.3 C.17.3), built as pydicom data sets."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from dosebus.domain.base import Code
from dosebus_simulator.concepts import Unit

CONTAINS = "CONTAINS"
HAS_CONCEPT_MOD = "HAS CONCEPT MOD"
HAS_OBS_CONTEXT = "HAS OBS CONTEXT"
HAS_PROPERTIES = "HAS PROPERTIES"
INFERRED_FROM = "INFERRED FROM"

Items = Iterable[Dataset | None]


def _element(tag: int, vr: str, value: str) -> RawDataElement:
    """An element as it is encoded, which pydicom writes as it stands: SR trees are large and it is slow otherwise."""
    encoded = value.encode()
    if len(encoded) % 2:
        encoded += b"\0" if vr == "UI" else b" "
    return RawDataElement(BaseTag(tag), vr, len(encoded), encoded, 0, False, True, True)


@lru_cache(maxsize=4096)
def _code_elements(value: str, scheme: str, meaning: str) -> tuple[RawDataElement, ...]:
    name = (0x00080100, "SH") if len(value) <= 16 else (0x00080119, "UC")
    return (
        _element(*name, value),
        _element(0x00080102, "SH", scheme),
        _element(0x00080104, "LO", meaning),
    )


_BARE = vars(Dataset())
_BARE_SEQUENCE = vars(DataElement(BaseTag(0x0040A730), "SQ", Sequence(), already_converted=True))


def _dataset(elements: Iterable[RawDataElement | DataElement]) -> Dataset:
    """An item with these elements.

    A report has hundreds. Made by its own `__init__`, which looks each of a dozen attributes up as a DICOM keyword
    first, an item takes ten times as long. So do sequences, which check again what they are given.
    """
    made = Dataset.__new__(Dataset)
    vars(made).update(_BARE, _dict={element.tag: element for element in elements}, _private_blocks={})
    return made


def _sequence(tag: int, items: list[Dataset]) -> DataElement:
    value, made = Sequence.__new__(Sequence), DataElement.__new__(DataElement)
    vars(value).update(_list=items)
    vars(made).update(_BARE_SEQUENCE, tag=BaseTag(tag), _value=value)
    return made


def coded(code: Code) -> Dataset:
    """One item of a code sequence (PS3.3 table 8.8-1)."""
    return _dataset(
        _code_elements(code.code_value or "", code.coding_scheme_designator or "", code.code_meaning or "")
    )


def decimal_string(value: float) -> str:
    """A number as DS: at most 16 characters, no digits that the number does not have."""
    text = f"{value:.10g}"
    return text if len(text) <= 16 else f"{value:.9g}"


def datetime_string(moment: datetime) -> str:
    """A date and time as DT, with a fraction only where there is one."""
    fraction = f".{moment.microsecond:06d}" if moment.microsecond else ""
    return moment.strftime("%Y%m%d%H%M%S") + fraction


def _item(
    value_type: str,
    name: Code,
    relationship: str,
    children: Items,
    values: Iterable[RawDataElement | DataElement] = (),
) -> Dataset:
    elements: list[RawDataElement | DataElement] = [
        _element(0x0040A010, "CS", relationship),
        _element(0x0040A040, "CS", value_type),
        _sequence(0x0040A043, [coded(name)]),
        *values,
    ]
    present = [child for child in children if child is not None]
    if present:
        elements.append(_sequence(0x0040A730, present))
    return _dataset(elements)


def container(name: Code, children: Items, relationship: str = CONTAINS) -> Dataset:
    """A CONTAINER of separate items."""
    return _item("CONTAINER", name, relationship, children, [_element(0x0040A050, "CS", "SEPARATE")])


def num(
    name: Code,
    value: float | tuple[float, ...] | None,
    unit: Unit,
    children: Items = (),
    relationship: str = CONTAINS,
) -> Dataset | None:
    """A NUM with its unit; several values stand in one item, as devices write per-pulse lists. None for no value."""
    if value is None or value == ():
        return None
    values = value if isinstance(value, tuple) else (value,)
    units = _dataset(_code_elements(unit.code, "UCUM", unit.meaning))
    measured = _dataset(
        [
            _sequence(0x004008EA, [units]),
            _element(0x0040A30A, "DS", "\\".join(decimal_string(one) for one in values)),
        ]
    )
    return _item("NUM", name, relationship, children, [_sequence(0x0040A300, [measured])])


def code(
    name: Code, value: Code | None, children: Items = (), relationship: str = CONTAINS
) -> Dataset | None:
    """A CODE; None for no value."""
    if value is None:
        return None
    return _item("CODE", name, relationship, children, [_sequence(0x0040A168, [coded(value)])])


def text(name: Code, value: str | None, children: Items = (), relationship: str = CONTAINS) -> Dataset | None:
    """A TEXT; None for no value."""
    if value is None:
        return None
    return _item("TEXT", name, relationship, children, [_element(0x0040A160, "UT", value)])


def uidref(name: Code, value: str | None, relationship: str = CONTAINS) -> Dataset | None:
    """A UIDREF; None for no value."""
    if value is None:
        return None
    return _item("UIDREF", name, relationship, (), [_element(0x0040A124, "UI", value)])


def moment(name: Code, value: datetime | None, relationship: str = CONTAINS) -> Dataset | None:
    """A DATETIME; None for no value."""
    if value is None:
        return None
    return _item("DATETIME", name, relationship, (), [_element(0x0040A120, "DT", datetime_string(value))])


def pname(
    name: Code, value: str | None, children: Items = (), relationship: str = HAS_OBS_CONTEXT
) -> Dataset | None:
    """A PNAME; None for no value."""
    if value is None:
        return None
    return _item("PNAME", name, relationship, children, [_element(0x0040A123, "PN", value)])
