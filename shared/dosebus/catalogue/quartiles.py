"""Quartiles of millions of numbers in SQL, exactly, without sorting them all.

Numbers are gathered by steps of equal ratio, in parallel and by hashing. Counting up the steps of a series tells in
which of them its quartiles lie, and only the numbers of these are sorted. Between two ranks a quartile is
interpolated as `percentile_cont` does it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

FRACTIONS = {"q1": 0.25, "median": 0.5, "q3": 0.75}


def step(value: sa.ColumnElement[Any], *, coarse: bool) -> sa.ColumnElement[Any]:
    """The step of a number: one number is in a later step than another only if it is greater.

    Functions of the schema, because statistics on them tell PostgreSQL how few steps there are.
    """
    named = sa.func.dose.coarse_step if coarse else sa.func.dose.fine_step
    return named(value, type_=sa.Integer)


def quartiles(parts: sa.CTE, keys: Sequence[str]) -> sa.CTE:
    """Of rows with `keys`, `step` and `numbers` (an array): rows of `keys`, `q1`, `median` and `q3`."""
    n = sa.func.cardinality(parts.c.numbers)
    own = [parts.c[key] for key in keys]
    counted = sa.select(
        *own,
        parts.c.numbers,
        (sa.func.sum(n).over(partition_by=own, order_by=parts.c.step) - n).label("before"),
        n.label("n"),
        sa.func.sum(n).over(partition_by=own).label("whole"),
    ).cte("counted")
    c = counted.c
    number = sa.func.unnest(c.numbers).column_valued("number")
    in_order = sa.select(sa.func.array_agg(aggregate_order_by(number, number)))
    needed = [sa.and_(rank >= c.before, rank < c.before + c.n) for rank in _ranks(c.whole)]
    ordered = (
        sa.select(
            *(c[key] for key in keys),
            c.before,
            c.whole,
            sa.type_coerce(in_order.correlate(counted).scalar_subquery(), ARRAY(sa.Double)).label("numbers"),
        )
        .where(sa.or_(*needed))
        .cte("ordered")
        # Materialised, because PostgreSQL would else sort once for each number that is read.
        .prefix_with("MATERIALIZED")
    )
    own = [ordered.c[key] for key in keys]
    placed = [_quartile(ordered, fraction).label(name) for name, fraction in FRACTIONS.items()]
    return sa.select(*own, *placed).group_by(*own).cte("quartiles")


def _ranks(whole: sa.ColumnElement[Any]) -> Iterator[sa.ColumnElement[Any]]:
    """The ranks, from 0, between which the quartiles lie."""
    for fraction in FRACTIONS.values():
        yield sa.func.floor(_place(whole, fraction))
        yield sa.func.ceil(_place(whole, fraction))


def _place(whole: sa.ColumnElement[Any], fraction: float) -> sa.ColumnElement[Any]:
    return sa.literal_column(str(fraction), sa.Double) * (sa.cast(whole, sa.Double) - 1)


def _quartile(ordered: sa.CTE, fraction: float) -> sa.ColumnElement[Any]:
    place = _place(ordered.c.whole, fraction)

    def at(rank: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        # Outside of an array there is nothing, so of a series' arrays only that one answers which holds the rank.
        return sa.func.max(ordered.c.numbers[sa.cast(rank - ordered.c.before + 1, sa.Integer)])

    low, high = at(sa.func.floor(place)), at(sa.func.ceil(place))
    share = sa.func.max(place - sa.func.floor(place))
    return low + share * (high - low)
