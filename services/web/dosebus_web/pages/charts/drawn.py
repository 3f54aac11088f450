"""A chart as data: its numbers from the database, named, ordered and in shown units."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dosebus.catalogue.chart import Chart, Drawing
from dosebus.catalogue.field import Field, Grain
from dosebus.catalogue.gather import Aggregate
from dosebus.catalogue.histogram import COLUMNS
from dosebus.catalogue.histogram import ROWS as DENSITY_ROWS
from dosebus.catalogue.listing import Listing
from dosebus.catalogue.query import ListQuery
from dosebus_web.language import gettext as _
from dosebus_web.pages.charts.narrow import Narrower
from dosebus_web.pages.charts.options import SCAN_CODES, Options
from dosebus_web.pages.charts.wording import WEEKDAYS
from dosebus_web.pages.studies.cells import PEOPLE, person

SERIES_OF_LINES, SERIES_OF_DOTS, PANELS, SPLITS = 8, 6, 12, 8
"""How many series are still told apart as lines, as dots, as small drawings, and as colours within one bar."""
VALUES = ("mean", "median", "q1", "q3", "minimum", "maximum", "lower", "upper")

Row = dict[str, Any]


@dataclass(frozen=True)
class Drawn:
    """The rows of a chart in drawing order, and what the limits left out."""

    chart: Chart
    rows: tuple[Row, ...]
    series_count: int
    split_count: int
    whole: int

    @property
    def drawn(self) -> int:
        """How many studies or events the rows stand for."""
        return sum(row["frequency"] for row in self.rows)


def histogram_wanted(chart: Chart, options: Options) -> bool:
    """Whether the values are drawn as a histogram."""
    return chart.drawing is Drawing.VALUES and options.statistic == "histogram"


def split_of(chart: Chart, options: Options) -> str | None:
    """What splits the series, where the chart can be split so."""
    if chart.drawing is Drawing.WORKLOAD:
        return chart.splits[0]
    return options.split if options.split in chart.splits else None


def aggregate_of(listing: Listing, chart: Chart, options: Options) -> Aggregate:
    """What to ask of the database."""
    limits = {
        Drawing.TIME: min(options.top, SERIES_OF_LINES),
        Drawing.AGAINST: min(options.top, SERIES_OF_DOTS),
        Drawing.WORKLOAD: 7,
        Drawing.STEPS: 200,
    }
    bins = options.bins if histogram_wanted(chart, options) else None
    restricted = listing.name == "ct" and chart.grain(listing) is Grain.EVENT and options.types in SCAN_CODES
    return Aggregate(
        value=chart.value,
        by=chart.by,
        split=split_of(chart, options),
        over=options.period if chart.drawing is Drawing.TIME else None,  # type: ignore[arg-type]
        bins=bins,
        against=chart.against if chart.drawing is Drawing.AGAINST else None,
        fold_case=options.fold == "yes",
        series_limit=min(options.top, PANELS) if bins else limits.get(chart.drawing, options.top),
        split_limit=24 if chart.drawing is Drawing.WORKLOAD else SPLITS,
        quantiles=options.statistic not in ("mean",),
        only=(("event_type_code", SCAN_CODES[options.types]),) if restricted else (),
    )


def draw(
    listing: Listing, chart: Chart, query: ListQuery, options: Options, fetched: Sequence[Mapping[str, Any]]
) -> Drawn:
    """The chart that the fetched rows make."""
    shape = SHAPES[chart.drawing]
    narrower = Narrower(listing, query)
    value = listing.fields[chart.value] if chart.value is not None else None
    rows = []
    for one in fetched:
        row = {**one, **_converted(value, one)}
        rows.append(shape(_Place(listing, chart, options, narrower), row))
    _ordered(rows, chart, options)
    first = fetched[0] if fetched else {"series_count": 0, "split_count": 0, "whole": 0}
    return Drawn(chart, tuple(rows), first["series_count"], first["split_count"], int(first["whole"] or 0))


@dataclass(frozen=True)
class _Place:
    listing: Listing
    chart: Chart
    options: Options
    narrower: Narrower

    def names(self, row: Mapping[str, Any]) -> Row:
        """Series and split as people read them, and the filters that ask for both."""
        split = split_of(self.chart, self.options)
        narrow = self.narrower.name(self.chart.by, row["series"]) + self.narrower.name(split, row["split"])
        blank = _("(blank)")
        shown = {
            "series": None if self.chart.by is None else _text(self.chart.by, row["series"], blank),
            "split": None if split is None else _text(split, row["split"], blank),
        }
        told = " · ".join(part for part in shown.values() if part)
        return {**shown, "narrow": narrow, "told": told}


def _text(key: str, value: Any, blank: str) -> str:
    if value is None:
        return blank
    return person(str(value)) if key in PEOPLE else str(value)


def _converted(field: Field | None, row: Mapping[str, Any]) -> Row:
    if field is None:
        return {}
    return {key: field.converted(float(row[key])) for key in VALUES if row.get(key) is not None}


def _values(place: _Place, row: Row) -> Row:
    made = {**_kept(row), **place.names(row)}
    if "bin" in row:
        # The outermost bins are open, so that rounding cannot lose the least and the greatest study.
        least = row["lower"] if row["bin"] > 1 else None
        most = row["upper"] if row["bin"] < place.options.bins else None
        made["narrow"] = made["narrow"] + place.narrower.range(place.chart.value, least, most)
    return made


def _time(place: _Place, row: Row) -> Row:
    made = {**_kept(row), **place.names(row)}
    start = row["period"]
    made["period"] = start.date().isoformat()
    made["narrow"] = made["narrow"] + place.narrower.days(place.options.period, start)
    made["label"] = made["period"]
    made["told"] = f"{made['told']}, {made['period']}"
    return made


def _against(place: _Place, row: Row) -> Row:
    chart = place.chart
    across = place.listing.fields[chart.against or ""]
    up = place.listing.fields[chart.value or ""]
    x, x_ends = _cell(across, row["column"], row["x_low"], row["x_high"], COLUMNS)
    y, y_ends = _cell(up, row["row"], row["y_low"], row["y_high"], DENSITY_ROWS)
    made = {**place.names(row), "frequency": row["frequency"], "mean": row["mean"], "x": x, "y": y}
    made["narrow"] = (
        made["narrow"]
        + place.narrower.range(chart.against, *x_ends)
        + place.narrower.range(chart.value, *y_ends)
    )
    return made


def _cell(
    field: Field, place: int, low: float, high: float, cells: int
) -> tuple[float, tuple[float | None, float | None]]:
    """The middle of a cell and its ends in the shown unit; the outermost cells hold all that lies beyond them."""
    width = (high - low) / cells
    from_, to = low + width * (place - 1), low + width * place
    ends = (field.converted(from_) if place > 1 else None, field.converted(to) if place < cells else None)
    return field.converted((from_ + to) / 2), ends


def _steps(place: _Place, row: Row) -> Row:
    made = {**_kept(row), **place.names(row)}
    least = float(row["series"]) if row["series"] is not None else None
    most = least + 10 if least is not None else None
    split = split_of(place.chart, place.options)
    made["step"] = -1.0 if least is None else least
    if least is not None and most is not None:
        made["series"] = f"{least:g} – {most:g}"
    made["narrow"] = place.narrower.name(split, row["split"]) + place.narrower.range(
        place.chart.against, least, most
    )
    made["told"] = " · ".join(str(part) for part in (made["series"], made["split"]) if part)
    return made


def _workload(place: _Place, row: Row) -> Row:
    day, hour = row["series"], row["split"]
    narrow = place.narrower.name(place.chart.by, day) + place.narrower.name(place.chart.splits[0], hour)
    told = f"{_(WEEKDAYS[int(day) - 1])}, {int(hour)}:00" if day is not None else _("(blank)")
    return {"weekday": day, "hour": hour, "frequency": row["frequency"], "narrow": narrow, "told": told}


def _kept(row: Mapping[str, Any]) -> Row:
    wanted = ("n", "frequency", "bin", *VALUES)
    return {key: row[key] for key in wanted if row.get(key) is not None}


SHAPES: Mapping[Drawing, Callable[[_Place, Row], Row]] = {
    Drawing.VALUES: _values,
    Drawing.FREQUENCY: _values,
    Drawing.TIME: _time,
    Drawing.AGAINST: _against,
    Drawing.STEPS: _steps,
    Drawing.WORKLOAD: _workload,
}


def _ordered(rows: list[Row], chart: Chart, options: Options) -> None:
    """Put series in the wished order and splits by frequency; periods and bins keep theirs."""
    if chart.drawing is Drawing.WORKLOAD:
        rows[:] = sorted(
            (row for row in rows if row["weekday"] is not None), key=lambda row: (row["weekday"], row["hour"])
        )
        return
    if chart.drawing is Drawing.STEPS:
        rows.sort(key=lambda row: row["step"])
        return
    key = options.order.removeprefix("-")
    weight = _weights(rows, "series")
    value = _heights(rows, "mean" if options.statistic == "mean" else "median")
    ranks: dict[str, Callable[[str], Any]] = {
        "name": lambda name: name.casefold(),
        "frequency": lambda name: (-weight[name], name.casefold()),
        "value": lambda name: (-value.get(name, 0.0), name.casefold()),
    }
    named = sorted(
        {row["series"] or "" for row in rows}, key=ranks[key], reverse=options.order.startswith("-")
    )
    place = {name: rank for rank, name in enumerate(named)}
    split_weight = _weights(rows, "split")
    rows.sort(
        key=lambda row: (place[row["series"] or ""], -split_weight[row["split"] or ""], row["split"] or "")
    )


def _weights(rows: Sequence[Row], key: str) -> Mapping[str, int]:
    found: dict[str, int] = defaultdict(int)
    for row in rows:
        found[row[key] or ""] += row["frequency"]
    return found


def _heights(rows: Sequence[Row], statistic: str) -> Mapping[str, float]:
    found: dict[str, float] = {}
    for row in rows:
        height = row.get(statistic, row.get("mean", 0.0)) or 0.0
        found[row["series"] or ""] = max(found.get(row["series"] or "", 0.0), height)
    return found
