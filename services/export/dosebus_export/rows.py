"""The rows of an export: every study once, its events beside it, straight from a server-side cursor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any
from urllib.parse import parse_qsl

import sqlalchemy as sa
from sqlalchemy import Connection

from dosebus.catalogue.compile import stream_events, stream_studies
from dosebus.catalogue.field import Field
from dosebus.catalogue.listing import Listing
from dosebus.catalogue.listings import LISTINGS
from dosebus.catalogue.query import ListQuery
from dosebus.catalogue.resolve import resolve
from dosebus.catalogue.source import matching
from dosebus_export.cells import Cell, Convert, converter

FETCH = 500
"""Rows that are in memory at once."""


@dataclass(frozen=True)
class Exported:
    """A listing with a query, and the fields that go out: with patient data only where asked for."""

    listing: Listing
    query: ListQuery
    study_fields: tuple[Field, ...]
    event_fields: tuple[Field, ...]

    @classmethod
    def of(cls, listing_name: str, query_string: str, *, include_patient: bool) -> Exported:
        """Read what was asked for. Raises LookupError for an unknown listing, QueryError for a bad query."""
        listing = LISTINGS.get(listing_name)
        if listing is None:
            raise LookupError(f"there is no list {listing_name!r}")
        query = ListQuery.parse(listing, parse_qsl(query_string), allow_pid=include_patient)
        return cls(
            listing,
            query,
            listing.visible(listing.study_fields, allow_pid=include_patient),
            listing.visible(listing.event_fields, allow_pid=include_patient),
        )

    def looked_up(self, connection: Connection) -> Exported:
        """The same with names and devices looked up, which finds the studies faster."""
        return replace(self, query=resolve(connection, self.listing, self.query))


@dataclass(frozen=True)
class Written:
    """How values become cells: a converter for each field, and what stands for no value."""

    converter: Callable[[Field], Convert]
    empty: Cell = None


PLAINLY = Written(converter)


@dataclass(frozen=True)
class StudyCells:
    """One study as cells, in the order of the fields."""

    study: tuple[Cell, ...]
    events: tuple[tuple[Cell, ...], ...]


def count_studies(connection: Connection, exported: Exported) -> int:
    """The number of studies that match."""
    some = matching(exported.listing, exported.query).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one())


def most_events(connection: Connection, exported: Exported) -> int:
    """The largest number of events that one matching study has."""
    events = exported.listing.event_table
    per_study = (
        sa.select(sa.func.count().label("events"))
        .select_from(events)
        .where(events.c.study_id.in_(matching(exported.listing, exported.query)))
        .group_by(events.c.study_id)
        .subquery()
    )
    return int(connection.execute(sa.select(sa.func.max(per_study.c.events))).scalar() or 0)


def studies_alone(connection: Connection, exported: Exported) -> Iterator[StudyCells]:
    """Every matching study without its events."""
    statement = stream_studies(exported.listing, exported.query)
    study_cells = _cells_at(exported.study_fields, _positions(statement), PLAINLY)
    for row in _fetched(connection, statement):
        yield StudyCells(study_cells(row), ())


def studies_with_events(
    connection: Connection, exported: Exported, written: Written = PLAINLY
) -> Iterator[StudyCells]:
    """Every matching study with its events in their order.

    Two cursors give both in the order of studies, so that what is known of a study is fetched once and not with
    each event. `connection` must read one snapshot.
    """
    studies = stream_studies(exported.listing, exported.query)
    events = stream_events(exported.listing, exported.query)
    places, event_places = _positions(studies), _positions(events)
    study_cells = _cells_at(exported.study_fields, places, written)
    event_cells = _cells_at(exported.event_fields, event_places, written)
    study_id, id_of_event = places["id"], event_places["id"]
    coming = _fetched(connection, events)
    event = next(coming, None)
    for row in _fetched(connection, studies):
        of_study = []
        while event is not None and event[id_of_event] == row[study_id]:
            of_study.append(event_cells(event))
            event = next(coming, None)
        yield StudyCells(study_cells(row), tuple(of_study))
    if event is not None:
        raise RuntimeError("events came in another order than their studies")


def _fetched(connection: Connection, statement: sa.Select[Any]) -> Iterator[Any]:
    result = connection.execution_options(stream_results=True, max_row_buffer=FETCH).execute(
        statement, execution_options={"yield_per": FETCH}
    )
    for partition in result.partitions():
        yield from partition


def _positions(statement: sa.Select[Any]) -> dict[str, int]:
    return {str(column.key): index for index, column in enumerate(statement.selected_columns)}


def _cells_at(
    fields: Sequence[Field], positions: dict[str, int], written: Written
) -> Callable[[Any], tuple[Cell, ...]]:
    if not fields:
        return lambda _row: ()
    converters, empty = [written.converter(field) for field in fields], written.empty
    if len(fields) == 1:
        only, convert = positions[fields[0].key], converters[0]
        return lambda row: (empty if row[only] is None else convert(row[only]),)
    pick = itemgetter(*(positions[field.key] for field in fields))
    return lambda row: tuple(
        [
            empty if value is None else convert(value)
            for convert, value in zip(converters, pick(row), strict=True)
        ]
    )
