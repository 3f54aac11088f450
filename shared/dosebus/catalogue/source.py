"""Where the rows of a listing come from: its tables, joined as far as the wanted fields need, and its conditions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.visitors import iterate

from dosebus.catalogue.field import Grain
from dosebus.catalogue.filter import FilterKind
from dosebus.catalogue.listing import Join, Listing
from dosebus.catalogue.query import ListQuery
from dosebus.store.tables import dose

S = dose.study.c


def studies() -> sa.Join:
    """Studies with their devices."""
    return dose.study.outerjoin(dose.device, dose.device.c.id == S.device_id)


def with_studies(listing: Listing, columns: Sequence[sa.ColumnElement[Any]]) -> sa.Join:
    """Studies with their devices, and with those further tables of a study that `columns` read."""
    return _joined(studies(), listing.study_joins, columns)


def with_events(listing: Listing, columns: Sequence[sa.ColumnElement[Any]]) -> sa.Join:
    """Studies with their events, and with those further tables that `columns` read."""
    events = listing.event_table
    joined = with_studies(listing, columns).join(events, events.c.study_id == S.id)
    return _joined(joined, listing.event_joins, columns)


def _joined(source: sa.Join, joins: Iterable[Join], columns: Iterable[sa.ColumnElement[Any]]) -> sa.Join:
    read = tables_of(columns)
    for join in joins:
        if join.table in read:
            source = source.join(join.table, join.on, isouter=True)
    return source


def tables_of(columns: Iterable[sa.ColumnElement[Any]]) -> set[Any]:
    """The tables and aliases that expressions read."""
    return {
        element.table
        for column in columns
        for element in iterate(column)
        if isinstance(element, sa.ColumnClause) and element.table is not None
    }


def conditions(listing: Listing, query: ListQuery) -> list[sa.ColumnElement[bool]]:
    """What a row must fulfil: be of the listing, and every filter. Test data is left out unless asked for."""
    found = [listed(listing), *filters(listing, query)]
    if not asks_test_data(listing, query):
        found.append(S.not_patient_indicator.is_(None))
    return found


def listed(listing: Listing) -> sa.ColumnElement[bool]:
    """Whether a study is of the listing; literally the predicate of partial indexes."""
    return sa.literal_column(f"dose.study.{listing.predicate}", sa.Boolean())


def filters(listing: Listing, query: ListQuery) -> list[sa.ColumnElement[bool]]:
    """What a query asks of a study of the listing."""
    found = [listing.filters_by_key[asked.key].condition(asked.value) for asked in query.filters]
    if query.groups:
        groups = [group.condition(listing.filters_by_key) for group in query.groups]
        found.append(sa.or_(*groups) if query.one_group_is_enough else sa.and_(*groups))
    return found


def asks_test_data(listing: Listing, query: ListQuery) -> bool:
    """Whether the query says itself what becomes of test data."""
    kinds = {listing.filters_by_key[asked.key].kind for asked in query.filters}
    return FilterKind.TEST_DATA in kinds


def matching(listing: Listing, query: ListQuery) -> sa.Select[Any]:
    """The ids of the studies that fulfil a query, with the tables its conditions read."""
    return sa.select(S.id).select_from(studies()).where(*conditions(listing, query))


def grain_of(listing: Listing, *keys: str | None) -> Grain:
    """Event if any of the fields is one value an event."""
    grains = {listing.fields[key].grain for key in keys if key is not None}
    return Grain.EVENT if Grain.EVENT in grains else Grain.STUDY
