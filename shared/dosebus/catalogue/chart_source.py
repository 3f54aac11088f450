"""Where a chart's rows come from: studies, studies with their events, or events alone.

Events know of their study what charts mostly ask (`dose.EVENT_FACTS`). As long as nothing else of a study is asked,
they are read without it, which spares a join of millions of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.selectable import SelectBase
from sqlalchemy.sql.visitors import iterate, replacement_traverse

from dosebus.catalogue.field import Grain
from dosebus.catalogue.listing import Listing, events_of
from dosebus.catalogue.query import ListQuery
from dosebus.catalogue.source import (
    asks_test_data,
    conditions,
    filters,
    tables_of,
    with_events,
    with_studies,
)
from dosebus.store.tables import dose

S = dose.study.c
COPIED = tuple(name for name in dose.EVENT_FACTS if name in S)
"""What of a study stands in its events under the same name."""

Expression = sa.ColumnElement[Any]


@dataclass(frozen=True, slots=True, eq=False)
class ChartRows:
    """Rows that match a query: what to select from, the conditions, and how columns of a study are called there."""

    source: sa.FromClause
    where: tuple[Expression, ...]
    called: Callable[[Expression], Expression]

    def select(self, *columns: Expression) -> sa.Select[Any]:
        """A select of expressions over studies, devices and events."""
        return sa.select(*(self.called(one) for one in columns)).select_from(self.source).where(*self.where)


def chart_rows(
    listing: Listing, query: ListQuery, grain: Grain, columns: Iterable[Expression], *wanted: Expression
) -> ChartRows:
    """The rows of which `columns` are read and that fulfil `wanted` beside the query."""
    read = [*columns]
    if grain is Grain.STUDY:
        return ChartRows(
            with_studies(listing, read), (*conditions(listing, query), *wanted), lambda column: column
        )
    asked = [*filters(listing, query), *wanted]
    if _know_enough(listing, [*read, *asked]):
        return _alone(listing, query, asked)
    # The predicate of events too, so that their own index of this listing is found.
    where = (*conditions(listing, query), *wanted, *events_of(listing.name))
    return ChartRows(with_events(listing, read), where, lambda column: column)


def _know_enough(listing: Listing, expressions: Iterable[Expression]) -> bool:
    """Whether events alone tell all of this."""
    if listing.name not in dose.CHARTED_EVENTS:
        return False
    known = {listing.event_table, dose.device, dose.study}
    for expression in expressions:
        for element in iterate(expression):
            if isinstance(element, SelectBase):
                return False
            if isinstance(element, sa.Column) and element.table is dose.study and element.name not in COPIED:
                return False
        if not tables_of([expression]) <= known:
            return False
    return True


def _alone(listing: Listing, query: ListQuery, asked: Iterable[Expression]) -> ChartRows:
    events = listing.event_table

    def own(element: Any, **_: Any) -> Any:
        if isinstance(element, sa.ScalarSelect):
            # What was told by a first look at the rows; it stands as it is.
            return element
        return (
            events.c[element.name] if isinstance(element, sa.Column) and element.table is dose.study else None
        )

    def called(expression: Expression) -> Expression:
        return replacement_traverse(expression, {}, own)

    where = [*events_of(listing.name), *(called(one) for one in asked)]
    if not asks_test_data(listing, query):
        where.append(sa.not_(events.c.test_data))
    source = events.outerjoin(dose.device, dose.device.c.id == events.c.device_id)
    return ChartRows(source, tuple(where), called)
