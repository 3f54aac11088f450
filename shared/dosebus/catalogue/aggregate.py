"""Statistics in SQL: count, mean and quartiles by series, split and period; never over rows in Python."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from dosebus.catalogue.gather import KEYS, Aggregate, Gathered, gather, grouping, names_of
from dosebus.catalogue.listing import Listing
from dosebus.catalogue.query import ListQuery

QUARTILES = "ARRAY[0.25, 0.5, 0.75]"


def statistics(listing: Listing, query: ListQuery, wanted: Aggregate) -> sa.Select[Any]:
    """Rows of `series`, `split`, `period`, `frequency` and, with a value, `n, mean, minimum, maximum`, and where
    quantiles are wanted `q1, median, q3`; and on each row `series_count, split_count, whole` (see `Gathered.whole`).

    Values are in the stored unit. Sorted by series, split and period. Raises QueryError for an unsuited field.
    """
    gathered = gather(listing, query, wanted)
    if wanted.value is not None and wanted.quantiles:
        return _with_quartiles(gathered, wanted)
    rows = gathered.rows
    source, limits = gathered.kept(wanted)
    sums: list[sa.ColumnElement[Any]] = [_count(rows.c.frequency).label("frequency")]
    if wanted.value is not None:
        sums += _sums(rows.c)
    return (
        sa.select(*names_of(rows, wanted), *sums, *gathered.whole())
        .select_from(source)
        .where(*limits)
        .group_by(*grouping(rows))
        .order_by(*grouping(rows))
    )


def _with_quartiles(gathered: Gathered, wanted: Aggregate) -> sa.Select[Any]:
    # Sorted first, and an unnest beside it keeps the order: the groups need no sort of their millions of numbers.
    source, limits = gathered.kept(wanted)
    rows = gathered.rows
    ordered = (
        sa.select(*rows.c)
        .select_from(source)
        .where(*limits)
        .order_by(*grouping(rows))
        .offset(sa.literal_column("0"))
        .subquery("ordered")
    )
    numbers = (
        sa.func.unnest(ordered.c.numbers).table_valued("number", with_ordinality="place").render_derived()
    )
    first = sa.func.coalesce(numbers.c.place, 1) == 1
    quartiles = sa.func.percentile_cont(sa.literal_column(QUARTILES)).within_group(numbers.c.number)
    summed = (
        sa.select(
            *(column.label(f"key_{key}") for key, column in zip(KEYS, grouping(ordered), strict=True)),
            *names_of(ordered, wanted),
            _count(ordered.c.frequency, first).label("frequency"),
            *_sums(ordered.c, first),
            sa.type_coerce(quartiles, ARRAY(sa.Double)).label("quartiles"),
        )
        .select_from(ordered.join(numbers, sa.true(), isouter=True))
        .group_by(*grouping(ordered))
        .subquery("summed")
    )
    own = [column for column in summed.c if column.name != "quartiles" and not column.name.startswith("key_")]
    places = [summed.c.quartiles[place].label(name) for place, name in enumerate(("q1", "median", "q3"), 1)]
    return sa.select(*own, *places, *gathered.whole()).order_by(*(summed.c[f"key_{key}"] for key in KEYS))


def _sums(columns: Any, first: sa.ColumnElement[bool] | None = None) -> list[sa.ColumnElement[Any]]:
    """Sums of gathered rows; `first` picks the one row of many that stands for its group."""
    total = sa.func.sum(columns.total)
    n = _count(columns.n, first)
    return [
        n.label("n"),
        (
            (total.filter(first) if first is not None else total) / sa.cast(sa.func.nullif(n, 0), sa.Double)
        ).label("mean"),
        sa.func.min(columns.minimum).label("minimum"),
        sa.func.max(columns.maximum).label("maximum"),
    ]


def _count(
    column: sa.ColumnElement[Any], first: sa.ColumnElement[bool] | None = None
) -> sa.ColumnElement[Any]:
    total = sa.func.sum(column)
    return sa.cast(total.filter(first) if first is not None else total, sa.BigInteger)
