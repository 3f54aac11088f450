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
    rows = gathered.rows
    source, limits = gathered.kept(wanted)
    folded = (
        sa.select(
            *(column.label(f"key_{key}") for key, column in zip(KEYS, grouping(rows), strict=True)),
            *names_of(rows, wanted),
            _count(rows.c.frequency).label("frequency"),
            *_sums(rows.c),
            sa.func.dose.all_of(rows.c.numbers).label("numbers"),
        )
        .select_from(source)
        .where(*limits)
        .group_by(*grouping(rows))
        .cte("folded")
    )
    # One sort of bare numbers a group; sorted with their keys beside them they take twice as long.
    number = sa.func.unnest(folded.c.numbers).column_valued("number")
    within = sa.func.percentile_cont(sa.literal_column(QUARTILES)).within_group(number)
    quartiles = sa.select(sa.type_coerce(within, ARRAY(sa.Double))).correlate(folded).scalar_subquery()
    own = [column for column in folded.c if column.name != "numbers"]
    # Materialised, because PostgreSQL would else sort once for each of the three places that are read.
    spread = sa.select(*own, quartiles.label("quartiles")).cte("spread").prefix_with("MATERIALIZED")
    shown = [
        column for column in spread.c if column.name != "quartiles" and not column.name.startswith("key_")
    ]
    places = [spread.c.quartiles[place].label(name) for place, name in enumerate(("q1", "median", "q3"), 1)]
    return sa.select(*shown, *places, *gathered.whole()).order_by(*(spread.c[f"key_{key}"] for key in KEYS))


def _sums(columns: Any) -> list[sa.ColumnElement[Any]]:
    n = _count(columns.n)
    return [
        n.label("n"),
        (sa.func.sum(columns.total) / sa.cast(sa.func.nullif(n, 0), sa.Double)).label("mean"),
        sa.func.min(columns.minimum).label("minimum"),
        sa.func.max(columns.maximum).label("maximum"),
    ]


def _count(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.cast(sa.func.sum(column), sa.BigInteger)
