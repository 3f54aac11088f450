"""What every chart begins with: the rows that match, gathered by raw name, then folded into series and ranked.

Names are folded after gathering, because a few hundred raw names are folded faster than millions of rows; numbers
travel as arrays, because PostgreSQL gathers arrays in parallel and by hashing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import sqlalchemy as sa

from dosebus.catalogue.chart_source import ChartRows, chart_rows
from dosebus.catalogue.field import Field, Kind
from dosebus.catalogue.listing import Listing
from dosebus.catalogue.quartiles import step
from dosebus.catalogue.query import ListQuery, QueryError
from dosebus.catalogue.source import grain_of
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
    matching: ChartRows
    fields: Mapping[str, Field | None]

    def kept(
        self, wanted: Aggregate, which: sa.CTE | None = None
    ) -> tuple[sa.FromClause, list[sa.ColumnElement[bool]]]:
        """The rows of the series that the limits keep: what to select from, and the conditions."""
        chosen = self.rows if which is None else which
        rows, ranks, splits = chosen.c, self.ranks.c, self.split_ranks.c
        source = chosen.join(self.ranks, ranks.key == rows.by_key)
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

    def again(
        self, wanted: Aggregate, cells: Sequence[sa.ColumnElement[Any]], sums: Sequence[sa.ColumnElement[Any]]
    ) -> sa.CTE:
        """The rows once more, gathered by `cells` too, which may rest on what the first time told; with their keys.

        Counting in cells twice over is faster than carrying each number to one process that counts.
        """
        names = _names(self.fields, wanted)
        raw = self.matching.select(*names, *cells, *sums).where(*self._of_kept(wanted))
        raw = raw.group_by(*_places(len(names) + len(cells)))
        return _folded(raw.cte("cells"), self.fields, wanted, "counted")

    def _of_kept(self, wanted: Aggregate) -> list[sa.ColumnElement[bool]]:
        """That a row is of a series that the limits keep, as far as its raw name alone tells it."""
        by = self.fields["by"]
        if by is None or by.kind is not Kind.TEXT or len(by.read) > 1:
            return []
        source, limits = self.kept(wanted)
        raws = sa.select(sa.func.coalesce(self.rows.c.by_raw_0, "")).select_from(source).where(*limits)
        own = self.matching.called(sa.func.coalesce(by.read[0], ""))
        return [own == sa.any_(sa.func.array(raws.distinct().scalar_subquery()))]


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
    also: list[sa.ColumnElement[Any]] = [one.column.in_(values) for one, values in only if one is not None]
    if wanted.over is not None:
        columns.append(S.study_at)
        also.append(S.study_at.is_not(None))
    matching = chart_rows(listing, query, grain_of(listing, *keys), columns, *also)
    rows = _folded(_raw(matching, fields, wanted).cte("raw"), fields, wanted, "rows")
    ranks, splits = _ranked(rows, "by_key", "ranks"), _ranked(rows, "split_key", "split_ranks")
    return Gathered(rows, ranks, splits, matching, fields)


def grouping(rows: sa.CTE | sa.Subquery) -> list[sa.ColumnElement[Any]]:
    """The columns that make one bar, box or point."""
    return [rows.c[name] for name in KEYS]


def number(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """A quantity as double precision, whatever it is stored as."""
    return sa.cast(column, sa.Double)


def _raw(matching: ChartRows, fields: Mapping[str, Field | None], wanted: Aggregate) -> sa.Select[Any]:
    value, against = fields["value"], fields["against"]
    names = _names(fields, wanted)
    sums: list[sa.ColumnElement[Any]] = [sa.func.count().label("frequency")]
    if value is not None and against is not None:
        sums += _pairs(number(against.column), number(value.column))
    elif value is not None:
        sums += _sums(number(value.column))
        if wanted.quantiles and wanted.bins is None:
            # Points in time are many and small; the fewer steps they have, the fewer arrays there are.
            names.append(step(number(value.column), coarse=wanted.over is not None).label("step"))
            sums.append(_all(number(value.column)))
    return matching.select(*names, *sums).group_by(*_places(len(names)))


def _names(fields: Mapping[str, Field | None], wanted: Aggregate) -> list[sa.ColumnElement[Any]]:
    """Period and raw names of a row."""
    nothing = sa.cast(sa.null(), sa.Text)
    names: list[sa.ColumnElement[Any]] = [_period(wanted.over).label("period")]
    for name in ("by", "split"):
        made_by = fields[name]
        read = (nothing,) if made_by is None else made_by.read
        names += [column.label(f"{name}_raw_{place}") for place, column in enumerate(read)]
    return names


def _places(many: int) -> list[sa.TextClause]:
    return [sa.text(str(place)) for place in range(1, many + 1)]


def _sums(value: sa.ColumnElement[Any]) -> list[sa.ColumnElement[Any]]:
    return [
        sa.func.count(value).label("n"),
        sa.func.sum(value).label("total"),
        sa.func.min(value).label("minimum"),
        sa.func.max(value).label("maximum"),
    ]


def _all(value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.func.array_agg(value).filter(value.is_not(None)).label("numbers")


def _pairs(x: sa.ColumnElement[Any], y: sa.ColumnElement[Any]) -> list[sa.ColumnElement[Any]]:
    # All that begins with regr_ rests on one state, which PostgreSQL keeps once.
    n = sa.func.regr_count(y, x, type_=sa.BigInteger)
    sums: list[sa.ColumnElement[Any]] = [n.label("n")]
    for name, own, other in (("x", x, y), ("y", y, x)):
        mean = sa.func.coalesce(sa.func.__getattr__(f"regr_avg{name}")(y, x, type_=sa.Double), 0.0)
        spread = sa.func.coalesce(sa.func.__getattr__(f"regr_s{name}{name}")(y, x, type_=sa.Double), 0.0)
        sums += [
            (mean * n).label(f"{name}_total"),
            (spread + mean * mean * n).label(f"{name}_squares"),
            sa.func.min(own).filter(other.is_not(None)).label(f"{name}_minimum"),
            sa.func.max(own).filter(other.is_not(None)).label(f"{name}_maximum"),
        ]
    return sums


def _period(over: Period | None) -> sa.ColumnElement[Any]:
    if over is None:
        return sa.literal_column("'-infinity'::timestamp")
    return sa.func.date_trunc(sa.literal_column(f"'{over}'"), S.study_at)


def _folded(raw: sa.CTE, fields: Mapping[str, Field | None], wanted: Aggregate, name_of: str) -> sa.CTE:
    columns: list[sa.ColumnElement[Any]] = [*raw.c]
    source: sa.FromClause = raw
    for name in ("by", "split"):
        made_by = fields[name]
        raws = [one for one in raw.c if one.name.startswith(f"{name}_raw_")]
        column: sa.ColumnElement[Any] = raws[0]
        if made_by is not None and made_by.lookup is not None:
            source, column = made_by.lookup.look_up(source, raws, name)
        key, shown = _series(column, made_by, fold_case=wanted.fold_case)
        columns += [key.label(f"{name}_key"), shown.label(f"{name}_name")]
    return sa.select(*columns).select_from(source).cte(name_of)


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
