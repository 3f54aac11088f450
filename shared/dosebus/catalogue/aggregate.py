"""Statistics in SQL: count, mean and quartiles by series, split and period; never over rows in Python."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from dosebus.catalogue.gather import KEYS, Aggregate, Gathered, gather, grouping, names_of
from dosebus.catalogue.listing import Listing
from dosebus.catalogue.quartiles import FRACTIONS, quartiles
from dosebus.catalogue.query import ListQuery


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
    keys = [column.label(f"key_{key}") for key, column in zip(KEYS, grouping(rows), strict=True)]
    folded = (
        sa.select(*keys, *names_of(rows, wanted), _count(rows.c.frequency).label("frequency"), *_sums(rows.c))
        .select_from(source)
        .where(*limits)
        .group_by(*grouping(rows))
        .cte("folded")
    )
    parts = (
        sa.select(
            *keys, rows.c.step, sa.func.dose.all_of(rows.c.numbers, type_=ARRAY(sa.Double)).label("numbers")
        )
        .select_from(source)
        .where(*limits, rows.c.step.is_not(None))
        .group_by(*grouping(rows), rows.c.step)
        .cte("parts")
    )
    key_names = [f"key_{key}" for key in KEYS]
    placed = quartiles(parts, key_names)
    same = [folded.c[name] == placed.c[name] for name in key_names]
    shown = [column for column in folded.c if column.name not in key_names]
    return (
        sa.select(*shown, *(placed.c[name] for name in FRACTIONS), *gathered.whole())
        .select_from(folded.outerjoin(placed, sa.and_(*same)))
        .order_by(*(folded.c[name] for name in key_names))
    )


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
