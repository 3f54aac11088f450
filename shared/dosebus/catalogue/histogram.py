"""Histograms and densities in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from dosebus.catalogue.gather import MOST_BINS, Aggregate, Gathered, gather, number
from dosebus.catalogue.listing import Listing
from dosebus.catalogue.query import ListQuery, QueryError

COLUMNS, ROWS = 40, 30
"""The cells of a density, across and up."""
REACH = 4.0
"""A density reaches so many standard deviations from the mean; what lies beyond is in its outermost cells."""


def histogram(listing: Listing, query: ListQuery, wanted: Aggregate) -> sa.Select[Any]:
    """Rows of `series`, `split`, `bin` (1 to bins), `frequency`, `lower`, `upper`: equal bins from the least to the
    greatest of all series; and `series_count`, `split_count`, `whole`.

    Raises QueryError without a measured value or with a number of bins out of range.
    """
    if wanted.value is None:
        raise QueryError({"value": "is needed for a histogram"})
    bins = wanted.bins or 0
    if not 2 <= bins <= MOST_BINS:
        raise QueryError({"bins": f"is not between 2 and {MOST_BINS}"})
    gathered = gather(listing, query, wanted)
    kept = _kept(gathered, wanted)
    ends = sa.select(sa.func.min(kept.c.minimum).label("low"), sa.func.max(kept.c.maximum).label("high")).cte(
        "ends"
    )
    value = number(listing.fields[wanted.value].column)
    cell = sa.case((value.is_not(None), bucket(value, _one(ends.c.low), _one(ends.c.high), bins)))
    counted = _counted(gathered, wanted, [cell.label("bin")], [sa.func.count().label("frequency")])
    width = (ends.c.high - ends.c.low) / bins
    return (
        sa.select(
            *(counted.c[name] for name in ("series", "split", "bin", "frequency")),
            (ends.c.low + width * (counted.c.bin - 1)).label("lower"),
            (ends.c.low + width * counted.c.bin).label("upper"),
            *gathered.whole(),
        )
        .select_from(counted.join(ends, sa.true()))
        .where(counted.c.bin.is_not(None))
        .order_by(counted.c.by_key, counted.c.split_key, counted.c.bin)
    )


def density(listing: Listing, query: ListQuery, wanted: Aggregate) -> sa.Select[Any]:
    """Rows of `series`, `split`, `column` (1 to 40), `row` (1 to 30), `frequency`, `mean` (of the value), `x_low`,
    `x_high`, `y_low`, `y_high` (the reach of all cells): how often the value goes with what it is set against.

    Raises QueryError without two measured fields.
    """
    if wanted.value is None or wanted.against is None:
        raise QueryError({"against": "is needed for a density"})
    gathered = gather(listing, query, wanted)
    kept = _kept(gathered, wanted)
    ends = sa.select(*_reach(kept, "x"), *_reach(kept, "y")).cte("ends")
    x, y = (number(listing.fields[key].column) for key in (wanted.against, wanted.value))
    both = sa.and_(x.is_not(None), y.is_not(None))
    cells = [
        sa.case((both, bucket(x, _one(ends.c.x_low), _one(ends.c.x_high), COLUMNS))).label("column"),
        sa.case((both, bucket(y, _one(ends.c.y_low), _one(ends.c.y_high), ROWS))).label("row"),
    ]
    sums = [sa.func.count().label("frequency"), sa.func.sum(y).label("total")]
    counted = _counted(gathered, wanted, cells, sums)
    names = ("series", "split", "column", "row", "frequency", "mean")
    return (
        sa.select(*(counted.c[name] for name in names), *ends.c, *gathered.whole())
        .select_from(counted.join(ends, sa.true()))
        .where(counted.c.column.is_not(None))
        .order_by(counted.c.by_key, counted.c.split_key, counted.c.column, counted.c.row)
    )


def bucket(
    value: sa.ColumnElement[Any], low: sa.ColumnElement[Any], high: sa.ColumnElement[Any], bins: int
) -> sa.ColumnElement[Any]:
    """The bin of a number, 1 to `bins`; what lies outside is in the first or last."""
    # width_bucket refuses an empty range, and puts the greatest value one bin too far.
    drawn = sa.func.greatest(1, sa.func.least(bins, sa.func.width_bucket(value, low, high, bins)))
    return sa.case((high > low, drawn), else_=1)


def _kept(gathered: Gathered, wanted: Aggregate) -> sa.CTE:
    source, limits = gathered.kept(wanted)
    return sa.select(*gathered.rows.c).select_from(source).where(*limits).cte("kept")


def _one(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """A value that the first look at the rows told, for the second one."""
    return sa.select(column).scalar_subquery()


def _counted(
    gathered: Gathered,
    wanted: Aggregate,
    cells: Sequence[sa.Label[Any]],
    sums: Sequence[sa.ColumnElement[Any]],
) -> sa.CTE:
    """Rows of a series, a split and a cell, with `frequency` and, where totals are summed, `mean`."""
    rows = gathered.again(wanted, cells, sums)
    source, limits = gathered.kept(wanted, rows)
    keys = [rows.c.by_key, rows.c.split_key, *(rows.c[cell.name] for cell in cells)]
    frequency = sa.cast(sa.func.sum(rows.c.frequency), sa.BigInteger)
    told = [
        sa.func.min(rows.c.by_name).label("series"),
        sa.func.min(rows.c.split_name).label("split"),
        frequency.label("frequency"),
    ]
    if "total" in rows.c:
        told.append((sa.func.sum(rows.c.total) / frequency).label("mean"))
    return sa.select(*keys, *told).select_from(source).where(*limits).group_by(*keys).cte("in_cells")


def _reach(kept: sa.CTE, axis: str) -> list[sa.ColumnElement[Any]]:
    """From where to where an axis goes: all values, but not further than REACH deviations from their mean."""
    n = sa.func.sum(kept.c.n)
    mean = sa.func.sum(kept.c[f"{axis}_total"]) / sa.func.nullif(n, 0)
    square = sa.func.sum(kept.c[f"{axis}_squares"]) / sa.func.nullif(n, 0)
    reach = REACH * sa.func.sqrt(sa.func.greatest(square - mean * mean, 0.0))
    return [
        sa.func.greatest(sa.func.min(kept.c[f"{axis}_minimum"]), mean - reach).label(f"{axis}_low"),
        sa.func.least(sa.func.max(kept.c[f"{axis}_maximum"]), mean + reach).label(f"{axis}_high"),
    ]
