"""A drawn chart as an answer: what the script draws, what the table shows, what CSV holds."""

from __future__ import annotations

from typing import Any

from dosebus.catalogue.chart import Chart, Drawing
from dosebus.catalogue.field import Field, Grain
from dosebus.catalogue.listing import Listing
from dosebus_web.http.show import count
from dosebus_web.language import gettext as _
from dosebus_web.language import ngettext
from dosebus_web.pages.charts import table, wording
from dosebus_web.pages.charts.drawn import Drawn, histogram_wanted, split_of
from dosebus_web.pages.charts.options import Options
from dosebus_web.pages.charts.table import Column


def columns(listing: Listing, chart: Chart, options: Options) -> list[Column]:
    """The columns of the chart's table."""
    if chart.drawing is Drawing.WORKLOAD:
        return [Column("weekday", _("Weekday (1 is Monday)"), numeric=True), Column("hour", _("Hour"), numeric=True),
                Column("frequency", _("Frequency"), numeric=True)]  # fmt: skip
    split = split_of(chart, options)
    found = [Column("series", _(listing.fields[key].label)) for key in (chart.by,) if key is not None]
    found += [Column("split", _(listing.fields[key].label)) for key in (split,) if key is not None]
    if chart.drawing is Drawing.TIME:
        found.append(Column("period", _("Period from")))
    if chart.drawing is Drawing.AGAINST and chart.against is not None:
        found += [
            _number("x", listing.fields[chart.against]),
            _number("y", listing.fields[chart.value or ""]),
        ]
    elif histogram_wanted(chart, options):
        field = listing.fields[chart.value or ""]
        found += [_number("lower", field, _("from")), _number("upper", field, _("to"))]
    elif chart.value is not None:
        field = listing.fields[chart.value]
        found += [_number(key, field, told) for key, told in _statistics(options)]
    return [*found, Column("frequency", _("Frequency"), numeric=True)]


def _statistics(options: Options) -> list[tuple[str, str]]:
    mean = [("mean", _("mean"))]
    if options.statistic == "mean":
        return [*mean, ("minimum", _("least")), ("maximum", _("greatest"))]
    quartiles = [("minimum", _("least")), ("q1", _("lower quartile")), ("median", _("median")),
                 ("q3", _("upper quartile")), ("maximum", _("greatest"))]  # fmt: skip
    return [*mean, *quartiles]


def _number(key: str, field: Field, told: str = "") -> Column:
    digits = field.display.digits if field.display else None
    heading = wording.axis(field)
    return Column(key, f"{heading}, {told}" if told else heading, numeric=True, digits=digits)


def answer(
    listing: Listing, drawn: Drawn, options: Options, addresses: dict[str, str], query: list[tuple[str, str]]
) -> dict[str, Any]:
    """The chart for the script."""
    chart = drawn.chart
    title = wording.title(listing, chart)
    value = listing.fields.get(chart.value or "")
    return {
        "key": chart.key,
        "title": title,
        "drawing": chart.drawing.value,
        "statistic": options.statistic,
        "bins": options.bins,
        "palette": options.palette,
        "facet": options.facet == "yes" and split_of(chart, options) is not None,
        "split": split_of(chart, options),
        "value": _field(value),
        "against": _field(listing.fields.get(chart.against or "")),
        "axis": wording.axis(value) if value is not None else _("Frequency"),
        "edges": _edges(drawn, options),
        "rows": drawn.rows,
        "table": table.as_json(columns(listing, chart, options), drawn.rows),
        "note": note(listing, drawn),
        "summary": f"{title}. {note(listing, drawn)} {_('The numbers stand in the table below.')}",
        "list": {**addresses, "query": query},
        "words": words(),
    }


def _field(field: Field | None) -> dict[str, Any] | None:
    if field is None:
        return None
    digits = field.display.digits if field.display else None
    return {"label": _(field.label), "unit": field.shown_unit, "digits": digits, "axis": wording.axis(field)}


def _edges(drawn: Drawn, options: Options) -> list[float]:
    """The lower end of each bin."""
    known = {row["bin"]: (row["lower"], row["upper"]) for row in drawn.rows if "bin" in row}
    if not known:
        return []
    place, (lower, upper) = next(iter(known.items()))
    width = upper - lower
    first = lower - width * (place - 1)
    return [first + width * number for number in range(options.bins)]


def words() -> dict[str, Any]:
    """What the script writes into drawings."""
    return {
        "frequency": _("Frequency"),
        "mean": _("Mean"),
        "median": _("Median"),
        "box": _("Quartiles, least and greatest"),
        "quartiles": _("Quartiles"),
        "range": _("Range"),
        "all": _("All"),
        "empty": _("No study with this quantity fits the filter."),
        "weekdays": [_(day) for day in wording.WEEKDAYS],
    }


def note(listing: Listing, drawn: Drawn) -> str:
    """One or two sentences: what is counted, and what the limits left out."""
    shown, whole = count(drawn.drawn), drawn.whole
    if drawn.chart.grain(listing) is Grain.EVENT:
        told = [ngettext("%(shown)s acquisition.", "%(shown)s acquisitions.", drawn.drawn, shown=shown)]
    else:
        told = [ngettext("%(shown)s study.", "%(shown)s studies.", drawn.drawn, shown=shown)]
    names = len({row.get("series") for row in drawn.rows})
    hidden = drawn.series_count - names
    if hidden > 0 and drawn.chart.drawing is not Drawing.WORKLOAD:
        left = count(max(0, whole - drawn.drawn))
        told.append(
            ngettext(
                "%(n)s further name with %(left)s is not drawn.", "%(n)s further names with %(left)s are not drawn.",
                hidden, left=left,
            )
        )  # fmt: skip
    if drawn.chart.drawing is Drawing.AGAINST:
        told.append(_("Each dot stands for all in its cell, its size for how many; lines are means."))
    return " ".join(told)
