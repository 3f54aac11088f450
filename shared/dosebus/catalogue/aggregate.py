"""Aggregates in SQL: count, mean, quartiles and histograms, by series and over time; never over rows in Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from dosebus.catalogue.field import Field, Grain, Kind
from dosebus.catalogue.listing import Listing
from dosebus.catalogue.query import ListQuery, QueryError
from dosebus.catalogue.source import conditions, grain_of, with_events, with_studies
from dosebus.store.tables import dose

S = dose.study.c
Period = Literal["day", "week", "month", "quarter", "year", "weekday", "hour"]
MOST_BINS = 40
MOST_SERIES = 500


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What to sum up.

    `value`: key of a numeric field (None: only counts); `by`: key of the field that makes series (None: one series);
    `over`: period of the study's time; `bins`: 2 to 40 for a histogram instead of statistics; `fold_case`: names that
    differ only in case and outer blanks are one series; `series_limit`: the most frequent series.
    """

    value: str | None = None
    by: str | None = None
    over: Period | None = None
    bins: int | None = None
    fold_case: bool = True
    series_limit: int = MOST_SERIES


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """What makes rows one series (`key`), and how the series is called (`name`)."""

    key: sa.ColumnElement[Any]
    name: sa.ColumnElement[Any]


def statistics(listing: Listing, query: ListQuery, wanted: Aggregate) -> sa.Select[Any]:
    """Rows of `series`, `period`, `frequency` and, with a value, `n, mean, minimum, q1, median, q3, maximum`.

    Values are in the stored unit. Weekdays count from Monday 1 to Sunday 7. Sorted by series and period.
    Raises QueryError for an unknown or unsuited field.
    """
    value, series, period, source = _parts(listing, wanted)
    columns: list[sa.ColumnElement[Any]] = [
        sa.func.min(series.name).label("series"),
        period.label("period"),
        sa.func.count().label("frequency"),
    ]
    if value is not None:
        columns += _spread(value.column)
    return (
        sa.select(*columns)
        .select_from(source)
        .where(*conditions(listing, query))
        .group_by(series.key, sa.text("2"))
        .order_by(series.key.nulls_last(), sa.text("2 NULLS LAST"))
    )


def histogram(listing: Listing, query: ListQuery, wanted: Aggregate) -> sa.Select[Any]:
    """Rows of `series`, `bin` (1 to bins), `frequency`, `lower`, `upper`: equal bins from the least to the greatest.

    Raises QueryError without a numeric value or with a number of bins out of range.
    """
    value, series, _, source = _parts(listing, wanted)
    if value is None:
        raise QueryError({"value": "is needed for a histogram"})
    bins = wanted.bins or 0
    if not 2 <= bins <= MOST_BINS:
        raise QueryError({"bins": f"is not between 2 and {MOST_BINS}"})
    number = sa.cast(value.column, sa.Double)
    sample = (
        sa.select(series.key.label("key"), series.name.label("name"), number.label("value"))
        .select_from(source)
        .where(*conditions(listing, query), value.column.is_not(None))
        .cte("sample")
    )
    ends = sa.select(sa.func.min(sample.c.value).label("low"), sa.func.max(sample.c.value).label("high")).cte(
        "ends"
    )
    width = (ends.c.high - ends.c.low) / bins
    # width_bucket refuses an empty range, and puts the greatest value one bin too far.
    drawn = sa.case(
        (ends.c.high > ends.c.low, sa.func.width_bucket(sample.c.value, ends.c.low, ends.c.high, bins)),
        else_=1,
    )
    bin_number = sa.func.least(drawn, bins)
    counted = (
        sa.select(
            sample.c.key,
            sa.func.min(sa.func.min(sample.c.name)).over(partition_by=sample.c.key).label("series"),
            bin_number.label("bin"),
            sa.func.count().label("frequency"),
        )
        .select_from(sample.join(ends, sa.true()))
        .group_by(sample.c.key, sa.text("3"))
        .cte("counted")
    )
    return (
        sa.select(
            counted.c.series,
            counted.c.bin,
            counted.c.frequency,
            (ends.c.low + width * (counted.c.bin - 1)).label("lower"),
            (ends.c.low + width * counted.c.bin).label("upper"),
        )
        .select_from(counted.join(ends, sa.true()))
        .order_by(counted.c.key.nulls_last(), counted.c.bin)
    )


def _parts(
    listing: Listing, wanted: Aggregate
) -> tuple[Field | None, Series, sa.ColumnElement[Any], sa.FromClause]:
    value = _field(listing, "value", wanted.value)
    by = _field(listing, "by", wanted.by)
    if value is not None and not value.numeric:
        raise QueryError({"value": f"{value.key} is not a number"})
    if by is not None and (by.personal or by.kind not in (Kind.TEXT, Kind.INTEGER)):
        raise QueryError({"by": f"{by.key} cannot make series"})
    used = [one.column for one in (value, by) if one is not None]
    source = with_studies(listing, used)
    if grain_of(listing, wanted.value, wanted.by) is Grain.EVENT:
        source = with_events(listing, used, outer=False)
    return value, _series(by, fold_case=wanted.fold_case), _period(wanted.over), source


def _field(listing: Listing, parameter: str, key: str | None) -> Field | None:
    if key is None:
        return None
    try:
        return listing.fields[key]
    except KeyError:
        raise QueryError({parameter: f"{key} is not a field of the {listing.title} list"}) from None


def _series(by: Field | None, *, fold_case: bool) -> Series:
    if by is None:
        nothing = sa.cast(sa.null(), sa.Text)
        return Series(nothing, nothing)
    if by.kind is Kind.TEXT and fold_case:
        trimmed = sa.func.btrim(by.column)
        return Series(sa.func.lower(trimmed), trimmed)
    return Series(by.column, by.column)


def _period(over: Period | None) -> sa.ColumnElement[Any]:
    if over is None:
        return sa.cast(sa.null(), sa.Text)
    if over in ("weekday", "hour"):
        return sa.cast(sa.extract("isodow" if over == "weekday" else "hour", S.study_at), sa.Integer)
    return sa.func.date_trunc(sa.literal_column(f"'{over}'"), S.study_at)


def _spread(column: sa.ColumnElement[Any]) -> list[sa.ColumnElement[Any]]:
    def quantile(share: str) -> sa.ColumnElement[Any]:
        return sa.func.percentile_cont(sa.literal_column(share)).within_group(column)

    return [
        sa.func.count(column).label("n"),
        sa.func.avg(column).label("mean"),
        sa.func.min(column).label("minimum"),
        quantile("0.25").label("q1"),
        quantile("0.5").label("median"),
        quantile("0.75").label("q3"),
        sa.func.max(column).label("maximum"),
    ]
