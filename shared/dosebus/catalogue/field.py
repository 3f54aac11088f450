"""A field: one quantity with its name, unit, DICOM concept, column and how people want to see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import Enum
from typing import Any

import sqlalchemy as sa


class Kind(Enum):
    """What a field's values are; the value is the JSON-schema type."""

    TEXT = "string"
    NUMBER = "number"
    INTEGER = "integer"
    DATE = "date"
    TIME = "time"
    INSTANT = "date-time"
    FLAG = "boolean"
    NUMBERS = "array"
    NESTED = "object"


class Grain(Enum):
    """What a field belongs to: one value a study, or one value an event."""

    STUDY = "study"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Display:
    """How lists and exports show a quantity: the stored value times `factor` is in `unit`."""

    unit: str | None
    factor: float = 1.0
    digits: int | None = None


LookUp = Callable[
    [sa.FromClause, Sequence[sa.ColumnElement[Any]], str], tuple[sa.FromClause, sa.ColumnElement[Any]]
]
"""Joins what is looked up to rows by these columns of theirs, under a name; gives the rows and the value."""


@dataclass(frozen=True, slots=True, eq=False)
class Lookup:
    """A value that is looked up by others: by which columns, and how. A chart gathers by these columns first."""

    columns: tuple[sa.ColumnElement[Any], ...]
    look_up: LookUp


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One quantity. `unit` is the unit of the stored value and of the API; `display` that of lists and exports."""

    key: str
    label: str
    column: sa.ColumnElement[Any]
    kind: Kind = Kind.TEXT
    grain: Grain = Grain.STUDY
    unit: str | None = None
    display: Display | None = None
    concept: str | None = None
    personal: bool = False
    single: bool = False
    """Whether each study or event has a value of its own, like a UID, so that it makes neither series nor axis."""
    lookup: Lookup | None = None

    @property
    def read(self) -> tuple[sa.ColumnElement[Any], ...]:
        """What a chart gathers by."""
        return self.lookup.columns if self.lookup is not None else (self.column,)

    @property
    def shown_unit(self) -> str | None:
        """The unit of shown values."""
        return self.display.unit if self.display else self.unit

    @property
    def heading(self) -> str:
        """Label and unit of shown values, as a column's heading."""
        return f"{self.label} ({self.shown_unit})" if self.shown_unit else self.label

    @property
    def numeric(self) -> bool:
        """Whether sums, means and histograms make sense."""
        return self.kind in (Kind.NUMBER, Kind.INTEGER)

    @property
    def makes_series(self) -> bool:
        """Whether equal values of it are one series of a chart."""
        return self.kind in (Kind.TEXT, Kind.INTEGER) and not (self.personal or self.single)

    @property
    def measured(self) -> bool:
        """Whether it can be the value or an axis of a chart."""
        return self.numeric and not (self.personal or self.single)

    @property
    def sort_key(self) -> sa.ColumnElement[Any]:
        """The column with the absent as lowest, so that sort keys are never null."""
        lowest = {
            Kind.NUMBER: "'-infinity'::double precision",
            Kind.INTEGER: "(-1)::bigint",
            Kind.DATE: "'-infinity'::date",
            Kind.TIME: "'00:00'::time",
            Kind.INSTANT: "'-infinity'::timestamp",
            Kind.FLAG: "false",
        }.get(self.kind, "''::text")
        return sa.func.coalesce(self.column, sa.literal_column(lowest))

    def labelled(self) -> sa.ColumnElement[Any]:
        """The column under the field's key."""
        return self.column.label(self.key)

    @property
    def factor(self) -> float:
        """What a stored value is multiplied with to be in the shown unit."""
        return self.display.factor if self.display else 1.0

    def converted(self, value: Any) -> Any:
        """`value` in the shown unit, numbers unrounded."""
        if self.factor == 1.0 or value is None:
            return value
        if isinstance(value, (list, tuple)):
            return [self.converted(one) for one in value]
        return value * self.factor

    def show(self, value: Any) -> str:
        """`value` as people read it: shown unit, the field's digits, ISO dates; absent is the empty text."""
        shown = self.converted(value)
        if shown is None:
            return ""
        if isinstance(shown, bool):
            return "yes" if shown else "no"
        if isinstance(shown, float):
            return self._number(shown)
        if isinstance(shown, (list, tuple)):
            return ", ".join(self.show_plain(one) for one in shown)
        return self.show_plain(shown)

    def show_plain(self, value: Any) -> str:
        """A value that is in the shown unit already."""
        if isinstance(value, float):
            return self._number(value)
        if isinstance(value, datetime):
            return value.strftime("%Y-%m-%d %H:%M")
        if isinstance(value, time):
            return value.strftime("%H:%M")
        if isinstance(value, date):
            return value.isoformat()
        return str(value)

    def _number(self, value: float) -> str:
        digits = self.display.digits if self.display else None
        return f"{value:.{digits}f}" if digits is not None else f"{value:g}"


DAP = Display("cGy·cm²", 1e6, 1)
"""Dose-area product: 1 Gy·m² is 1 000 000 cGy·cm²."""


def text(key: str, label: str, column: sa.ColumnElement[Any], **more: Any) -> Field:
    """A field of text."""
    return Field(key, label, column, Kind.TEXT, **more)


def quantity(
    key: str,
    label: str,
    column: sa.ColumnElement[Any],
    unit: str | None = None,
    digits: int | None = None,
    **more: Any,
) -> Field:
    """A measured number in `unit`, shown with `digits` decimals."""
    more.setdefault("display", Display(unit, 1.0, digits))
    return Field(key, label, column, Kind.NUMBER, unit=unit, **more)


def count(key: str, label: str, column: sa.ColumnElement[Any], **more: Any) -> Field:
    """A whole number."""
    return Field(key, label, column, Kind.INTEGER, **more)
