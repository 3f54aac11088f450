"""From a part of a chart to the list of its studies: the filters that a click sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from dosebus.catalogue.chart import narrowing
from dosebus.catalogue.filter import BLANK
from dosebus.catalogue.listing import Listing
from dosebus.catalogue.query import ListQuery

Row = Mapping[str, Any]
Narrow = list[tuple[str, str]]


def ends_of(period: str, start: datetime) -> tuple[str, str]:
    """First and last day of a period that begins at `start`."""
    months = {"month": 1, "quarter": 3, "year": 12}.get(period)
    if months is None:
        end = start + timedelta(days=7 if period == "week" else 1)
    else:
        year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
        end = start.replace(year=year, month=month + 1)
    return start.date().isoformat(), (end - timedelta(days=1)).date().isoformat()


class Narrower:
    """Makes the filters of a row, and never asks for more than the query of the chart did."""

    def __init__(self, listing: Listing, query: ListQuery) -> None:
        self._listing = listing
        self._asked = {one.key: one for one in query.filters}

    def name(self, key: str | None, value: Any) -> Narrow:
        """Studies with this value of a field; nothing where the list has no filter for it."""
        wanted = narrowing(self._listing, key).name if key is not None else None
        if wanted is None:
            return []
        return [(wanted, BLANK if value is None else str(value))]

    def range(self, key: str | None, least: float | None, most: float | None) -> Narrow:
        """Studies with a value of a field between these ends, in the shown unit; None is no end."""
        filters = narrowing(self._listing, key)
        ends = ((filters.least, least, max), (filters.most, most, min))
        return [
            (name, f"{self._tighter(name, end, pick):.9g}")
            for name, end, pick in ends
            if name and end is not None
        ]

    def days(self, period: str, start: datetime) -> Narrow:
        """Studies of a period."""
        first, last = ends_of(period, start)
        return [
            ("date_from", self._day("date_from", first, max)),
            ("date_to", self._day("date_to", last, min)),
        ]

    def _tighter(self, name: str, end: float, pick: Callable[[float, float], float]) -> float:
        asked = self._asked.get(name)
        return end if asked is None else pick(end, float(asked.value))

    def _day(self, name: str, end: str, pick: Callable[[str, str], str]) -> str:
        asked = self._asked.get(name)
        return end if asked is None else pick(end, asked.value.isoformat())
