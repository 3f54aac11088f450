"""Tables that say which concept is read into which key of the record, and how."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias

from pydantic import BaseModel

from dosebus.domain.base import Code
from dosebus.domain.study import Finding, UnreadConcept
from dosebus_extract.sr import moments, units
from dosebus_extract.sr.header import as_number, decimal_comma
from dosebus_extract.sr.names import concept_named
from dosebus_extract.sr.tree import Node


@dataclass(slots=True)
class Reading:
    """What is learnt about one report while its tables are read."""

    sop_instance_uid: str
    unread: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)

    def find(self, code: str, message: str, place: str | None = None, severity: str = "warning") -> None:
        """Note something odd once per code and place."""
        self.findings.setdefault(
            (code, place or ""),
            Finding(
                code=code,
                severity=severity,
                message=message,
                place=place,
                sop_instance_uid=self.sop_instance_uid,
            ),
        )

    def leave(self, node: Node, parent: Node) -> None:
        """Count a content item that no row reads."""
        self.unread[(node.code, node.scheme, node.meaning, parent.code)] += 1

    def unread_concepts(self) -> tuple[UnreadConcept, ...]:
        return tuple(
            UnreadConcept(
                code_value=code,
                coding_scheme_designator=scheme or None,
                code_meaning=meaning or None,
                parent_code_value=parent or None,
                count=count,
            )
            for (code, scheme, meaning, parent), count in sorted(self.unread.items())
        )


_MOST_VALUES: Final = 100_000
# A number told in words: with a decimal comma, or with its unit behind it ("12,5 mGy").
_WORDED: Final = re.compile(
    r"\s*([-+]?\d{1,16}(?:[.,]\d{1,24})?(?:[eE][-+]?\d{1,3})?)\s*([^\d\s,.+-].{0,15}?)?\s*$"
)

How: TypeAlias = Callable[[Node, Reading], Any]
Values: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: the concept's keys, the record's key, how the value is read.

    Without a record key the value is a dict that is laid over the record; `many` gathers every occurrence;
    `properties` reads the children of an item that is not a container.
    """

    codes: tuple[str, ...]
    key: str | None
    how: How
    many: bool = False
    properties: Table | None = None


class Table:
    """Rows by concept key."""

    def __init__(self, *rows: Row) -> None:
        self.rows: Final[Mapping[str, tuple[Row, ...]]] = _by_code(rows)

    def read(self, parent: Node, reading: Reading) -> Values:
        """Every child of `parent` by its rows, in the report's order; the first usable value of a key stands."""
        found: Values = {}
        strange: list[Node] = []
        for child in parent.children:
            rows = self.rows.get(child.key)
            if rows is None:
                strange.append(child)
                continue
            for row in rows:
                _take(row, child, reading, found)
        for child in strange:
            self._take_strange(child, parent, reading, found)
        return found

    def _take_strange(self, child: Node, parent: Node, reading: Reading, found: Values) -> None:
        """An item that no row knows by its code: by its name, or as a group around known items, it fills gaps."""
        rows = () if child.is_private else self.rows.get(concept_named(child.meaning) or "", ())
        more: Values = {}
        if rows:
            for row in rows:
                _take(row, child, reading, more)
        elif child.is_group and any(one.key in self.rows for one in child.children):
            more = self.read(child, reading)
        else:
            reading.leave(child, parent)
        for key, value in more.items():
            if isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
                found[key] = (*found.get(key, ()), *value)
            else:
                found.setdefault(key, value)

    def with_rows(self, *rows: Row) -> Table:
        return Table(*{row: None for known in self.rows.values() for row in known}, *rows)


def _by_code(rows: Iterable[Row]) -> dict[str, tuple[Row, ...]]:
    table: dict[str, tuple[Row, ...]] = {}
    for row in rows:
        for code in row.codes:
            table[code] = (*table.get(code, ()), row)
    return table


def _take(row: Row, node: Node, reading: Reading, found: Values) -> None:
    value = row.how(node, reading)
    if row.key is None:
        lay_over(found, value or {})
    elif value is not None and value != ():
        if row.many:
            found[row.key] = (*found.get(row.key, ()), *(value if isinstance(value, tuple) else (value,)))
        else:
            found.setdefault(row.key, value)
    if row.properties is not None:
        lay_over(found, row.properties.read(node, reading))
    elif (
        node.value_type != "CONTAINER" and node.children and row.key is not None and not _reads_below(row.how)
    ):
        for child in node.children:
            reading.leave(child, node)


def lay_over(found: Values, more: Values) -> None:
    """Add values to a record part: what stands there stays, lists grow."""
    for key, value in more.items():
        if isinstance(value, tuple) and key in found:
            found[key] = (*found[key], *value)
        else:
            found.setdefault(key, value)


def reads_below(how: How) -> How:
    """Mark a way of reading that looks at the children itself."""
    how.reads_below = True  # type: ignore[attr-defined]  # a mark on a plain function
    return how


def _reads_below(how: How) -> bool:
    return getattr(how, "reads_below", False)


def quantity(unit: str, unsaid: str | None = None) -> How:
    """The first number, converted to the unit; None where there is none or the unit measures something else.

    A number without a unit is in the unit `unsaid`, by default in the wanted one.
    """

    def read(node: Node, reading: Reading) -> float | None:
        values = _numbers(node, unit, reading, unsaid)
        return values[0] if values else None

    return read


def quantities(unit: str) -> How:
    """Every number of a per-pulse quantity, converted."""

    def read(node: Node, reading: Reading) -> tuple[float, ...]:
        return _numbers(node, unit, reading)

    return read


def count(node: Node, reading: Reading) -> int | None:
    """A whole number."""
    values = _numbers(node, "", reading)
    return round(values[0]) if values else None


def code(node: Node, _reading: Reading) -> Code | None:
    """A coded entry as sent; text where a code should be becomes a code meaning."""
    if node.coded is None and node.text:
        return Code(code_meaning=node.text)
    return node.coded


def text(node: Node, _reading: Reading) -> str | None:
    """Text, or the meaning of a code where text should be."""
    if node.coded is not None:
        return node.coded.code_meaning
    return node.text


def uid(node: Node, _reading: Reading) -> str | None:
    """A UID, be it sent as UIDREF or as text."""
    return node.text


def moment(node: Node, reading: Reading) -> datetime | None:
    """A date and time in local time; of several values the first; None where it cannot be parsed."""
    if node.text is None:
        return None
    found = moments.as_datetime(node.text.split("\\")[0])
    if found is None:
        reading.find("unparsable_datetime", f"“{node.meaning}” holds no date and time", node.code)
    return found


def configured(node: Node, _reading: Reading) -> bool | None:
    """Yes or No by code (SRT, SCT), by meaning or as text."""
    answer = node.coded or Code(code_meaning=node.text)
    if answer.code_value in {"R-0038D", "373066001"}:
        return True
    if answer.code_value in {"R-00339", "373067005"}:
        return False
    return {"yes": True, "no": False}.get((answer.code_meaning or "").strip().casefold())


def known(_node: Node, _reading: Reading) -> None:
    """A concept that is understood and adds nothing to the record."""


def spread(table: Table) -> How:
    """A container whose content belongs to the part that holds it."""

    @reads_below
    def read(node: Node, reading: Reading) -> Values:
        return table.read(node, reading)

    return read


def part(model: type[Any], table: Table) -> How:
    """A container that is a part of its own; None where nothing in it is read."""

    @reads_below
    def read(node: Node, reading: Reading) -> Any:
        found = table.read(node, reading)
        return model(**found) if found else None

    return read


def code_or_text(key: str) -> How:
    """Reference Point Definition and its kin: a code under the key, free text under `<key>_text`."""

    def read(node: Node, _reading: Reading) -> Values:
        if node.coded is not None:
            return {key: node.coded}
        return {f"{key}_text": node.text} if node.text else {}

    return read


def _numbers(node: Node, unit: str, reading: Reading, unsaid: str | None = None) -> tuple[float, ...]:
    if not isinstance(node.value, str) or not node.value:
        return ()
    sent = node.value.split("\\")[:_MOST_VALUES]
    values = _those_in(sent)
    if not values and "," in node.value:
        values = _those_in(map(decimal_comma, sent))
    told_unit = node.unit or unsaid
    if not values and (worded := _WORDED.match(node.value)) is not None:
        values = _those_in([worded[1].replace(",", ".")])
        told_unit = worded[2] or told_unit
    if not values:
        _tell_no_number(node, reading)
        return ()
    try:
        factor = units.conversion(told_unit, unit)
    except units.WrongUnit as wrong:
        reading.find("wrong_unit", f"“{node.meaning}” is in “{told_unit}” instead of {unit}", node.code)
        if wrong.harmful:
            return ()
        factor = 1.0
    if factor == 1.0:
        return values
    converted = tuple(one for value in values if math.isfinite(one := _rounded(value * factor)))
    if len(converted) < len(values):
        _tell_no_number(node, reading)
    return converted


def _those_in(texts: Iterable[str]) -> tuple[float, ...]:
    """The finite numbers among texts."""
    return tuple(number for one in texts if (number := as_number(one)) is not None)


def _tell_no_number(node: Node, reading: Reading) -> None:
    reading.find("not_a_number", f"“{node.meaning}” holds no number", node.code)


def _rounded(value: float) -> float:
    """Without the noise that a conversion factor adds in the last binary digits."""
    return float(f"{value:.12g}")
