"""A chart: what is counted or measured, by which names, and how it is drawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from dosebus.catalogue.field import Grain
from dosebus.catalogue.filter import Filter, FilterKind
from dosebus.catalogue.listing import Listing
from dosebus.catalogue.source import grain_of

WEEKDAY, HOUR = "study_weekday", "study_hour"


class Drawing(Enum):
    """How a chart is drawn."""

    VALUES = "values"
    """A statistic of the value for each name: bars, boxes or histograms."""
    FREQUENCY = "frequency"
    """How often each name occurs."""
    TIME = "time"
    """A statistic of the value for each name and period."""
    AGAINST = "against"
    """Where the value lies for each value of another quantity."""
    STEPS = "steps"
    """A statistic of the value for each step of another quantity."""
    WORKLOAD = "workload"
    """How many studies begin at each hour of each weekday."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart of a listing by keys of its fields; `splits` are what else may part its series."""

    key: str
    drawing: Drawing
    by: str | None = None
    value: str | None = None
    against: str | None = None
    splits: tuple[str, ...] = ("display_name",)
    shown: bool = False
    """Whether it is drawn for somebody who chose nothing."""

    def needs(self) -> Iterable[str]:
        """The fields that it cannot do without."""
        return (key for key in (self.by, self.value, self.against) if key is not None)

    def grain(self, listing: Listing) -> Grain:
        """Whether it counts studies or events."""
        return grain_of(listing, *self.needs())


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Filters of a list that ask for exactly what a part of a chart stands for; None where a list has none."""

    name: str | None = None
    least: str | None = None
    most: str | None = None


def narrowing(listing: Listing, key: str | None) -> Narrowing:
    """The filters of a field."""
    found = {one.kind: one.key for one in _filters_of(listing, key)}
    name = found.get(FilterKind.NAMED) or found.get(FilterKind.EXACT) or found.get(FilterKind.NUMBER)
    return Narrowing(name, found.get(FilterKind.AT_LEAST), found.get(FilterKind.AT_MOST))


def _filters_of(listing: Listing, key: str | None) -> Iterable[Filter]:
    return (one for one in listing.filters if one.field.key == key and not one.personal)
