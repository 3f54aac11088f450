"""What the texts of a query stand for, looked up before it is asked: names and devices instead of patterns.

A pattern fits any row or none, and PostgreSQL cannot know which; so it reads a list from end to end where nothing fits.
There are few names and devices: those that fit are found first, and asked for by what indexes and statistics know.
The answer is the same; a query that is not resolved is only slower.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from dosebus.catalogue.filter import BLANK, Filter, FilterKind, Resolved, one_of
from dosebus.catalogue.group import Group
from dosebus.catalogue.listing import Listing
from dosebus.catalogue.query import ListQuery
from dosebus.catalogue.source import asks_test_data, listed
from dosebus.store.tables import dose

MOST_NAMES = 5_000
"""Beyond so many different names, looking at each costs more than it saves."""
MOST_FITTING = 1_000
"""Beyond so many fitting names, a page is full soon without knowing them."""
NAMED_STUDIES = frozenset(dose.study.c[name] for name in dose.NAMED)
NAMED_EVENTS = frozenset((dose.ct_event.c.acquisition_protocol, dose.projection_event.c.acquisition_protocol))
"""Columns whose names an index holds in order; that of a study has one for each listing."""
CUSTOM_PLANS = sa.text("SET LOCAL plan_cache_mode = force_custom_plan")
TEXTS = frozenset({FilterKind.CONTAINS, FilterKind.EXACT, FilterKind.NAMED})


def resolve(connection: sa.Connection, listing: Listing, query: ListQuery) -> ListQuery:
    """The same query with the texts looked up that stand for names or devices.

    One that asks for test data stays as it is: the names of test data are in no index.
    """
    if asks_test_data(listing, query):
        return query
    if query.filtered:
        # PostgreSQL else plans a statement once for all names, and looks for a rare one as for a frequent one.
        connection.execute(CUSTOM_PLANS)
    filters = tuple(
        replace(one, value=_looked_up(connection, listing, one.key, one.value)) for one in query.filters
    )
    groups = tuple(_group(connection, listing, one) for one in query.groups)
    return replace(query, filters=filters, groups=groups)


def _group(connection: sa.Connection, listing: Listing, group: Group) -> Group:
    conditions = tuple(
        replace(one, value=_looked_up(connection, listing, one.key, one.value)) for one in group.conditions
    )
    return replace(group, conditions=conditions)


def _looked_up(connection: sa.Connection, listing: Listing, key: str, value: Any) -> Any:
    """What a value stands for, or the value itself where it stands for no name."""
    asked = listing.filters_by_key[key]
    if asked.kind not in TEXTS or isinstance(value, Resolved) or value == BLANK:
        return value
    if asked.bearers:
        return _bearers(connection, listing, asked, value)
    column = asked.field.column
    if not isinstance(column, sa.Column):
        return value
    if column.table is dose.device:
        devices = sa.select(dose.device.c.id).where(
            asked.plain(value), dose.device.c.id.in_(_devices(listing))
        )
        ids = connection.scalars(devices).all()
        return Resolved(one_of(dose.study.c.device_id, ids))
    if column in NAMED_STUDIES or column in NAMED_EVENTS:
        name = sa.column("name", sa.Text)
        names = _names(connection, listing, column, asked.plain_of(name, value))
        if names is not None:
            protocols = tuple(names) if column in NAMED_EVENTS else ()
            return Resolved(_within(asked, one_of(column, names)) if names else sa.false(), protocols)
    return value


def _devices(listing: Listing) -> sa.Select[Any]:
    """The devices that have studies in a listing, from their tally."""
    tally = dose.study_tally.c
    bit = sa.literal_column(str(dose.LISTED_IN[listing.name]), sa.Integer())
    return sa.select(tally.device_id).where(tally.listed_in.op("&")(bit) != 0)


def _bearers(connection: sa.Connection, listing: Listing, asked: Filter, value: Any) -> Any:
    """The raw names that bear a standard name."""
    either = []
    for bearer in asked.bearers:
        keys = connection.scalars(sa.select(bearer.keys).where(*bearer.part, asked.plain(value))).all()
        name = sa.func.lower(sa.func.btrim(sa.column("name", sa.Text)), type_=sa.Text())
        names = _names(connection, listing, bearer.column, one_of(name, keys)) if keys else []
        if names is None:
            return value
        if names:
            either.append(sa.and_(one_of(bearer.column, names), *bearer.beside))
    return Resolved(_within(asked, sa.or_(*either)) if either else sa.false())


def _within(asked: Filter, condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return asked.within(condition) if asked.within else condition


def _names(
    connection: sa.Connection, listing: Listing, column: sa.Column[Any], fits: sa.ColumnElement[bool]
) -> list[str] | None:
    """The names that fit; None where there are too many names or too many that fit.

    The index is gone through from name to name, and not from row to row.
    """
    among = [] if column in NAMED_EVENTS else [listed(listing), dose.study.c.not_patient_indicator.is_(None)]
    first = sa.select(column).where(column.is_not(None), *among).order_by(column).limit(1)
    every = sa.select(first.scalar_subquery().label("name"), sa.literal(1).label("place")).cte(
        "names", recursive=True
    )
    following = sa.select(column).where(column > every.c.name, *among).order_by(column).limit(1)
    every = every.union_all(
        sa.select(following.correlate(every).scalar_subquery(), every.c.place + 1).where(
            every.c.name.is_not(None), every.c.place <= MOST_NAMES
        )
    )
    places = sa.func.max(every.c.place)
    found = connection.execute(sa.select(places, sa.func.array_agg(every.c.name).filter(fits))).one()
    names = list(found[1] or ())
    return None if found[0] > MOST_NAMES or len(names) > MOST_FITTING else names
