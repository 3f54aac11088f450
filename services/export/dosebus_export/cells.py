"""Values as cells: plain, stable, and harmless in a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

from dosebus.catalogue.field import Field, Kind

Cell = str | float | int | None
Convert = Callable[[Any], Cell]

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe before what could begin one.

    Without it a protocol named `=HYPERLINK(...)` would run when the file is opened (OWASP, CSV injection).
    """
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def number(value: float) -> float:
    """A number without the dust that a change of unit leaves: fifteen digits are more than any device has."""
    return float(f"{value:.12g}")


def number_text(value: float) -> str:
    """A number as text, the shortest that is exact; whole ones without a point."""
    return f"{value:.12g}"


PLAIN: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (bool, lambda value: "yes" if value else "no"),
    (float, number_text),
    (datetime, lambda value: value.isoformat(sep=" ", timespec="seconds")),
    (time, lambda value: value.isoformat(timespec="seconds")),
    (date, lambda value: value.isoformat()),
    (list, lambda value: "; ".join(plain(one) for one in value)),
)
"""How values of a type are written; the first row that fits counts (a bool is an int, a datetime a date)."""


def plain(value: Any) -> str:
    """Any value as text."""
    for kind, written in PLAIN:
        if isinstance(value, kind):
            return written(value)
    return str(value)


def converter(field: Field) -> Convert:
    """What turns the stored values of a field, where there is one, into cells in the unit of its heading."""
    factor = field.factor
    if field.kind is Kind.NUMBER:
        return lambda value: number(value * factor)
    if field.kind is Kind.INTEGER:
        return lambda value: value
    if field.kind is Kind.TEXT:
        return harmless
    if field.kind is Kind.NUMBERS:
        return lambda value: harmless(plain(field.converted(value)))
    if field.kind is Kind.NESTED:
        return lambda value: harmless(readable(value))
    return plain


def readable(value: Any) -> str:
    """A nested value as text: keys as words."""
    if isinstance(value, list):
        return "; ".join(readable(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(
            f"{key.replace('_', ' ')}: {readable(one)}" for key, one in value.items() if one is not None
        )
    return plain(value)
