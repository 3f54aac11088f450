"""Filters: what a query string may ask of a listing, how its text is read, and the condition it becomes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from dosebus.catalogue.field import Field, Kind


class FilterKind(Enum):
    """How a filter reads its text and compares."""

    CONTAINS = "contains"
    EXACT = "exact"
    DATE_FROM = "date from"
    DATE_TO = "date to"
    AT_LEAST = "at least"
    AT_MOST = "at most"
    COUNT = "count"
    NUMBER = "number"
    TEST_DATA = "test data"
    NAMED = "named"


BLANK = "(blank)"
"""What asks for studies that do not say a name."""


@dataclass(frozen=True, slots=True)
class CountRange:
    """How many events a study must have: both ends count, no end is open."""

    least: int
    most: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Resolved:
    """A value that was looked up: the condition that it became (see `resolve`), and the protocols it stands for."""

    condition: sa.ColumnElement[bool]
    protocols: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Bearer:
    """A column whose raw names bear a standard name: the column of their keys in the mapping, the part of the mapping
    that is meant, and what must hold of a study beside."""

    column: sa.Column[Any]
    keys: sa.ColumnElement[str]
    part: tuple[sa.ColumnElement[bool], ...]
    beside: tuple[sa.ColumnElement[bool], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Filter:
    """One filter. `within` wraps the condition where it asks something of a study's events (EXISTS).

    `bearers`: of a standard name, the columns that bear it, and `asks` wraps the condition on the standard name.
    """

    key: str
    label: str
    kind: FilterKind
    field: Field
    within: Callable[[sa.ColumnElement[bool]], sa.ColumnElement[bool]] | None = None
    personal: bool = False
    bearers: tuple[Bearer, ...] = ()
    asks: Callable[[sa.ColumnElement[bool]], sa.ColumnElement[bool]] | None = None

    @property
    def unit(self) -> str | None:
        """The unit of the number to give: that in which the field is shown."""
        return self.field.shown_unit if self.kind in (FilterKind.AT_LEAST, FilterKind.AT_MOST) else None

    def parse(self, raw: str) -> Any:
        """The value that `raw` means. Raises ValueError with a sentence for the person who wrote it."""
        return READERS[self.kind](raw.strip())

    def condition(self, value: Any) -> sa.ColumnElement[bool]:
        """The SQL condition for a parsed value."""
        if isinstance(value, Resolved):
            return value.condition
        asked = self.plain(value)
        if self.asks is not None:
            return self.asks(asked)
        return self.within(asked) if self.within else asked

    def plain(self, value: Any) -> sa.ColumnElement[bool]:
        """The SQL condition on the field alone."""
        return CONDITIONS[self.kind](self.field, value)

    def plain_of(self, column: sa.ColumnElement[Any], value: Any) -> sa.ColumnElement[bool]:
        """The same condition on another column."""
        return CONDITIONS[self.kind](replace(self.field, column=column), value)


def _text(raw: str) -> str:
    if len(raw) > 200:
        raise ValueError("is longer than 200 characters")
    if "\0" in raw:
        raise ValueError("holds a character that cannot be searched")
    return raw


def _date(raw: str) -> date:
    try:
        return date.fromisoformat(raw)
    except ValueError:
        raise ValueError("is not a date like 2026-01-31") from None


def _number(raw: str) -> float:
    if not re.fullmatch(r"[-+]?\d{1,15}([.,]\d{0,9})?(e[-+]?\d{1,2})?", raw):
        raise ValueError("is not a number")
    return float(raw.replace(",", "."))


def _integer(raw: str) -> int:
    if not re.fullmatch(r"\d{1,18}", raw):
        raise ValueError("is not a whole number")
    return int(raw)


def _count(raw: str) -> CountRange:
    named = {"none": CountRange(0, 0), "some": CountRange(1, None), "more": CountRange(11, None)}
    if raw in named:
        return named[raw]
    match = re.fullmatch(r"(\d{1,6})(\+|-(\d{1,6}))?", raw)
    if match is None:
        raise ValueError("is not none, some, more, a number (3), a range (2-5) or a least number (4+)")
    least, tail, most = int(match[1]), match[2], match[3]
    return CountRange(least, None if tail == "+" else int(most or least))


def _test_data(raw: str) -> str:
    if raw not in ("exclude", "include", "only"):
        raise ValueError("is not exclude, include or only")
    return raw


READERS: dict[FilterKind, Callable[[str], Any]] = {
    FilterKind.CONTAINS: _text,
    FilterKind.EXACT: _text,
    FilterKind.DATE_FROM: _date,
    FilterKind.DATE_TO: _date,
    FilterKind.AT_LEAST: _number,
    FilterKind.AT_MOST: _number,
    FilterKind.COUNT: _count,
    FilterKind.NUMBER: _integer,
    FilterKind.TEST_DATA: _test_data,
    FilterKind.NAMED: _text,
}


def one_of(column: sa.ColumnElement[Any], values: Sequence[Any]) -> sa.ColumnElement[bool]:
    """Whether a column is one of these values, compared as one array; never, where there is none."""
    if not values:
        return sa.false()
    return column == sa.any_(sa.literal(list(values), ARRAY(column.type)))


def pattern(value: str) -> str:
    """An ILIKE pattern that finds `value` anywhere; its own wildcards are taken literally."""
    escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _contains(field: Field, value: str) -> sa.ColumnElement[bool]:
    return field.column.ilike(pattern(value))


def _exact(field: Field, value: str) -> sa.ColumnElement[bool]:
    return field.column == value


def _date_from(field: Field, value: date) -> sa.ColumnElement[bool]:
    # The sort key and not the column, so that the index of the sort order also finds the range.
    return field.sort_key >= sa.literal(datetime.combine(value, time()), sa.DateTime())


def _date_to(field: Field, value: date) -> sa.ColumnElement[bool]:
    # The last moment of the day and not the first of the next, which the last day of the calendar does not have.
    end = sa.literal(datetime.combine(value, time.max), sa.DateTime())
    return sa.and_(field.sort_key <= end, field.column.is_not(None))


def _at_least(field: Field, value: float) -> sa.ColumnElement[bool]:
    return field.column >= value / field.factor


def _at_most(field: Field, value: float) -> sa.ColumnElement[bool]:
    return field.column <= value / field.factor


def _count_within(field: Field, value: CountRange) -> sa.ColumnElement[bool]:
    counted = sa.func.coalesce(field.column, 0)
    if value.most is None:
        return counted >= value.least
    return counted.between(value.least, value.most)


def _test_data_is(field: Field, value: str) -> sa.ColumnElement[bool]:
    if value == "include":
        return sa.true()
    return field.column.is_not(None) if value == "only" else field.column.is_(None)


def _named(field: Field, value: str) -> sa.ColumnElement[bool]:
    trimmed = sa.func.btrim(field.column)
    if value == BLANK:
        return sa.func.coalesce(trimmed, "") == ""
    return sa.func.lower(trimmed) == sa.func.lower(value)


CONDITIONS: dict[FilterKind, Callable[[Field, Any], sa.ColumnElement[bool]]] = {
    FilterKind.CONTAINS: _contains,
    FilterKind.EXACT: _exact,
    FilterKind.DATE_FROM: _date_from,
    FilterKind.DATE_TO: _date_to,
    FilterKind.AT_LEAST: _at_least,
    FilterKind.AT_MOST: _at_most,
    FilterKind.COUNT: _count_within,
    FilterKind.NUMBER: _exact,
    FilterKind.TEST_DATA: _test_data_is,
    FilterKind.NAMED: _named,
}


def contains(key: str, field: Field, label: str | None = None, **more: Any) -> Filter:
    """A filter for text that holds what is asked, in any case of letters."""
    return Filter(key, label or field.label, FilterKind.CONTAINS, field, personal=field.personal, **more)


def exact(key: str, field: Field, label: str | None = None, **more: Any) -> Filter:
    """A filter for equal values: text, or a whole number."""
    kind = FilterKind.NUMBER if field.kind is Kind.INTEGER else FilterKind.EXACT
    return Filter(key, label or field.label, kind, field, personal=field.personal, **more)


def named(key: str, field: Field, **more: Any) -> Filter:
    """A filter `<key>_is` for one name as charts fold it: case and outer blanks do not count."""
    return Filter(
        f"{key}_is", f"{field.label}, exactly", FilterKind.NAMED, field, personal=field.personal, **more
    )


def between(key: str, field: Field, **more: Any) -> tuple[Filter, Filter]:
    """Two filters, `<key>_min` and `<key>_max`, in the unit in which the field is shown."""
    return (
        Filter(f"{key}_min", f"{field.label} at least", FilterKind.AT_LEAST, field, **more),
        Filter(f"{key}_max", f"{field.label} at most", FilterKind.AT_MOST, field, **more),
    )


def counted(key: str, field: Field) -> Filter:
    """A filter for numbers of events: none, some, 1 to 10, more, 2-5, 4+."""
    return Filter(key, field.label, FilterKind.COUNT, field)
