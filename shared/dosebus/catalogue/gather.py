"""What every chart begins with: the rows that match, gathered by raw name, then folded into series and ranked.

Names are folded after gathering, because a few hundred raw names are folded faster than millions of rows; numbers
travel as arrays, because PostgreSQL gathers arrays in parallel and by hashing, and needs a sort for quantiles.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import sqlalchemy as sa

from dosebus.catalogue.field import Field, Grain, Kind
from dosebus.catalogue.listing import Listing
from dosebus.catalogue.query import ListQuery, QueryError
from dosebus.catalogue.source import conditions, grain_of, with_events, with_studies
from dosebus.store.tables import dose

S = dose.study.c
Period = Literal["day", "week", "month", "quarter", "year"]
PERIODS: tuple[Period, ...] = ("day", "week", "month", "quarter", "year")
MOST_BINS = 40
MOST_SERIES = 500
KEYS = ("by_key", "split_key", "period")


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What to sum up.

    `value`: key of a measured field (None: only counts); `by`: key of the field that makes series (None: one series);
    `split`: key of a second such field, each series once for each of its values; `over`: period of the study's time;
    `bins`: 2 to 40 for a histogram instead of statistics; `against`: key of a measured field for a density;
    `fold_case`: names that differ only in case and outer blanks are one series; `series_limit`, `split_limit`: the
    most frequent ones; `quantiles`: whether quartiles are wanted, which cost a sort; `only`: values a field must have.
    """

    value: str | None = None
    by: str | None = None
    split: str | None = None
    over: Period | None = None
    bins: int | None = None
    against: str | None = None
    fold_case: bool = True
    series_limit: int = MOST_SERIES
    split_limit: int = MOST_SERIES
    quantiles: bool = True
    only: tuple[tuple[str, tuple[str, ...]], ...] = field(default=())


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """Common table expressions: `rows` by raw name with their folded keys, `ranks` of the series and of the splits."""

    rows: sa.CTE
    ranks: sa.CTE
    split_ranks: sa.CTE

    def kept(self, wanted: Aggregate) -> tuple[sa.FromClause, list[sa.ColumnElement[bool]]]:
        """The rows of the series that the limits keep: what to select from, and the conditions."""
        rows, ranks, splits = self.rows.c, self.ranks.c, self.split_ranks.c
        source = self.rows.join(self.ranks, ranks.key == rows.by_key)
        source = source.join(self.split_ranks, splits.key == rows.split_key)
        return source, [ranks.rank <= wanted.series_limit, splits.rank <= wanted.split_limit]

    def whole(self) -> tuple[sa.ColumnElement[Any], ...]:
        """Of what the limits may cut: `series_count`, `split_count` and `whole`, the number of all rows."""
        one = [
            sa.select(column).limit(1).scalar_subquery().label(name)
            for column, name in (
                (self.ranks.c.many, "series_count"),
                (self.split_ranks.c.many, "split_count"),
                (self.ranks.c.whole, "whole"),
            )
        ]
        return tuple(one)


def gather(listing: Listing, query: ListQuery, wanted: Aggregate) -> Gathered:
    """The rows of a query by series. Raises QueryError for an unknown or unsuited field."""
    fields = {
        "value": _measured(listing, "value", wanted.value),
        "against": _measured(listing, "against", wanted.against),
        "by": _named(listing, "by", wanted.by),
        "split": _named(listing, "split", wanted.split),
    }
    only = [(_named(listing, "only", key), values) for key, values in wanted.only]
    named = (*fields.values(), *(one for one, _ in only))
    columns = [column for one in named if one is not None for column in one.read]
    keys = (wanted.value, wanted.by, wanted.split, wanted.against, *(key for key, _ in wanted.only))
    source: sa.FromClause = with_studies(listing, columns)
    if grain_of(listing, *keys) is Grain.EVENT:
        source = with_events(listing, columns, outer=False)
    where = conditions(listing, query)
    where += [one.column.in_(values) for one, values in only if one is not None]
    if wanted.over is not None:
        where.append(S.study_at.is_not(None))
    raw = _raw(fields, wanted).select_from(source).where(*where).cte("raw")
    rows = _folded(raw, fields["by"], fields["split"], fold_case=wanted.fold_case)
    return Gathered(rows, _ranked(rows, "by_key", "ranks"), _ranked(rows, "split_key", "split_ranks"))


def grouping(rows: sa.CTE | sa.Subquery) -> list[sa.ColumnElement[Any]]:
    """The columns that make one bar, box or point."""
    return [rows.c[name] for name in KEYS]


def number(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """A quantity as double precision, whatever it is stored as."""
    return sa.cast(column, sa.Double)


def _raw(fields: dict[str, Field | None], wanted: Aggregate) -> sa.Select[Any]:
    by, split, value, against = fields["by"], fields["split"], fields["value"], fields["against"]
    nothing = sa.cast(sa.null(), sa.Text)
    names = [_period(wanted.over).label("period")]
    for name, made_by in (("by", by), ("split", split)):
        read = (nothing,) if made_by is None else made_by.read
        names += [column.label(f"{name}_raw_{place}") for place, column in enumerate(read)]
    sums: list[sa.ColumnElement[Any]] = [sa.func.count().label("frequency")]
    if value is not None and against is not None:
        sums += _pairs(number(against.column), number(value.column))
    elif value is not None:
        sums += _sums(number(value.column), lists=wanted.quantiles or wanted.bins is not None)
    return sa.select(*names, *sums).group_by(*(sa.text(str(place)) for place in range(1, len(names) + 1)))


def _sums(value: sa.ColumnElement[Any], *, lists: bool) -> list[sa.ColumnElement[Any]]:
    sums: list[sa.ColumnElement[Any]] = [
        sa.func.count(value).label("n"),
        sa.func.sum(value).label("total"),
        sa.func.min(value).label("minimum"),
        sa.func.max(value).label("maximum"),
    ]
    if lists:
        sums.append(sa.func.array_agg(value).filter(value.is_not(None)).label("numbers"))
    return sums


def _pairs(x: sa.ColumnElement[Any], y: sa.ColumnElement[Any]) -> list[sa.ColumnElement[Any]]:
    both = sa.and_(x.is_not(None), y.is_not(None))
    sums: list[sa.ColumnElement[Any]] = [sa.func.count().filter(both).label("n")]
    for name, column in (("x", x), ("y", y)):
        sums += [
            sa.func.array_agg(column).filter(both).label(f"{name}_numbers"),
            sa.func.sum(column).filter(both).label(f"{name}_total"),
            sa.func.sum(column * column).filter(both).label(f"{name}_squares"),
            sa.func.min(column).filter(both).label(f"{name}_minimum"),
            sa.func.max(column).filter(both).label(f"{name}_maximum"),
        ]
    return sums


def _period(over: Period | None) -> sa.ColumnElement[Any]:
    if over is None:
        return sa.literal_column("'-infinity'::timestamp")
    return sa.func.date_trunc(sa.literal_column(f"'{over}'"), S.study_at)


def _folded(raw: sa.CTE, by: Field | None, split: Field | None, *, fold_case: bool) -> sa.CTE:
    columns: list[sa.ColumnElement[Any]] = [one for one in raw.c if "_raw_" not in one.name]
    source: sa.FromClause = raw
    for name, made_by in (("by", by), ("split", split)):
        raws = [one for one in raw.c if one.name.startswith(f"{name}_raw_")]
        column: sa.ColumnElement[Any] = raws[0]
        if made_by is not None and made_by.lookup is not None:
            source, column = made_by.lookup.look_up(source, raws, name)
        key, shown = _series(column, made_by, fold_case=fold_case)
        columns += [key.label(f"{name}_key"), shown.label(f"{name}_name")]
    return sa.select(*columns).select_from(source).cte("rows")


def _series(
    column: sa.ColumnElement[Any], made_by: Field | None, *, fold_case: bool
) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]:
    """What makes rows one series, and how the series is called; what is blank is one series, called null."""
    if made_by is None or made_by.kind is not Kind.TEXT:
        return sa.func.coalesce(sa.cast(column, sa.Text), ""), column
    if not fold_case:
        return sa.func.coalesce(column, ""), sa.func.nullif(column, "")
    trimmed = sa.func.btrim(column)
    return sa.func.coalesce(sa.func.lower(trimmed), ""), sa.func.nullif(trimmed, "")


def _ranked(rows: sa.CTE, key: str, name: str) -> sa.CTE:
    column, size = rows.c[key], sa.func.sum(rows.c.frequency)
    return (
        sa.select(
            column.label("key"),
            sa.func.row_number().over(order_by=[size.desc(), column]).label("rank"),
            sa.func.count().over().label("many"),
            sa.cast(sa.func.sum(size).over(), sa.BigInteger).label("whole"),
        )
        .group_by(column)
        .cte(name)
    )


def _known(listing: Listing, parameter: str, key: str | None) -> Field | None:
    if key is None:
        return None
    try:
        return listing.fields[key]
    except KeyError:
        raise QueryError({parameter: f"{key} is not a field of the {listing.title} list"}) from None


def _measured(listing: Listing, parameter: str, key: str | None) -> Field | None:
    known = _known(listing, parameter, key)
    if known is not None and not known.measured:
        raise QueryError({parameter: f"{key} is not a measured number"})
    return known


def _named(listing: Listing, parameter: str, key: str | None) -> Field | None:
    known = _known(listing, parameter, key)
    if known is not None and not known.makes_series:
        raise QueryError({parameter: f"{key} cannot make series"})
    return known


def names_of(rows: sa.CTE | sa.Subquery, wanted: Aggregate) -> list[sa.ColumnElement[Any]]:
    """How a group is called: `series`, `split`, `period` (null where no period is asked for)."""
    period = rows.c.period if wanted.over is not None else sa.cast(sa.null(), sa.DateTime)
    return [
        sa.func.min(rows.c.by_name).label("series"),
        sa.func.min(rows.c.split_name).label("split"),
        period.label("period"),
    ]
