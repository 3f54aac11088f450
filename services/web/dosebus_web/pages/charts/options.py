"""What somebody chooses about charts: read from the address first, then from what was chosen before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dosebus.catalogue.gather import MOST_BINS, PERIODS
from dosebus_web.language import marked

Items = Sequence[tuple[str, str]]

STATISTICS = (
    ("median", marked("Median")),
    ("mean", marked("Mean")),
    ("both", marked("Mean and median")),
    ("box", marked("Box plot")),
    ("histogram", marked("Histogram")),
)
PERIOD_NAMES = dict(
    zip(
        PERIODS,
        (marked("Day"), marked("Week"), marked("Month"), marked("Quarter"), marked("Year")),
        strict=True,
    )
)
ORDERS = (
    ("frequency", marked("most frequent first")),
    ("-frequency", marked("rarest first")),
    ("name", marked("by name, A to Z")),
    ("-name", marked("by name, Z to A")),
    ("value", marked("highest value first")),
    ("-value", marked("lowest value first")),
)
SCAN_TYPES = (
    ("", marked("all")),
    ("spiral", marked("spiral")),
    ("axial", marked("axial")),
    ("localiser", marked("localiser")),
    ("stationary", marked("stationary")),
)
SCAN_CODES: Mapping[str, tuple[str, ...]] = {
    "spiral": ("116152004", "P5-08001", "C0860888"),
    "axial": ("113804",),
    "localiser": ("113805",),
    "stationary": ("113806",),
}
PALETTES = (("even", marked("Okabe-Ito")), ("viridis", marked("Viridis")), ("cividis", marked("Cividis")))
CASES = (("yes", marked("taken as one name")), ("no", marked("told apart")))
FACETS = (("no", marked("in one drawing")), ("yes", marked("side by side")))
SPLITS = (
    ("", marked("not split")),
    ("display_name", marked("by device")),
    ("performing_physician", marked("by physician")),
    ("acquisition_protocol", marked("by protocol")),
    ("view", marked("by view")),
)

CHOICES: Mapping[str, tuple[str, ...]] = {
    "statistic": tuple(key for key, _ in STATISTICS),
    "period": PERIODS,
    "order": tuple(key for key, _ in ORDERS),
    "types": tuple(key for key, _ in SCAN_TYPES),
    "palette": tuple(key for key, _ in PALETTES),
    "fold": tuple(key for key, _ in CASES),
    "facet": tuple(key for key, _ in FACETS),
    "split": tuple(key for key, _ in SPLITS),
}
NUMBERS: Mapping[str, tuple[int, int]] = {"bins": (2, MOST_BINS), "top": (1, 200)}
KEYS = frozenset({*CHOICES, *NUMBERS, "chart"})
"""Parameters of an address that are options and no filters."""


@dataclass(frozen=True, slots=True)
class Options:
    """How charts are drawn. `chart`: the keys of those that are shown; none: those of the listing."""

    statistic: str = "median"
    bins: int = 20
    period: str = "month"
    order: str = "frequency"
    split: str = ""
    facet: str = "no"
    top: int = 20
    fold: str = "yes"
    types: str = ""
    palette: str = "even"
    chart: tuple[str, ...] = ()

    def changed(self, items: Iterable[tuple[str, str]]) -> Options:
        """These options with what `items` say; what cannot be read stays as it is."""
        given: dict[str, Any] = {}
        charts = []
        for key, raw in items:
            if key == "chart":
                charts.append(raw)
            elif key in CHOICES and raw in CHOICES[key]:
                given[key] = raw
            elif key in NUMBERS and raw.isascii() and raw.isdigit() and len(raw) < 5:
                least, most = NUMBERS[key]
                given[key] = min(most, max(least, int(raw)))
        if charts:
            given["chart"] = tuple(dict.fromkeys(charts))
        return replace(self, **given)

    def items(self) -> Iterator[tuple[str, str]]:
        """The options as query-string items."""
        for key in (*CHOICES, *NUMBERS):
            yield key, str(getattr(self, key))
        for key in self.chart:
            yield "chart", key

    def stored(self) -> list[list[str]]:
        """The options as they are kept."""
        return [list(item) for item in self.items()]


def remembered(value: Any) -> Options:
    """The options that were kept."""
    return Options().changed((str(key), str(raw)) for key, raw in value or ())


def parted(items: Iterable[tuple[str, str]], known: frozenset[str] = KEYS) -> tuple[Items, Items]:
    """Query-string items parted into options and what asks the list."""
    every = list(items)
    return [one for one in every if one[0] in known], [one for one in every if one[0] not in known]
