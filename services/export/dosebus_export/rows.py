"""The rows of an export: every study once, its events beside it, straight from a server-side cursor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any
from urllib.parse import parse_qsl

import sqlalchemy as sa
from sqlalchemy import Connection

from dosebus.catalogue.compile import stream, stream_studies
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
    study = _cells_at(exported.study_fields, _positions(statement))
    for row in _fetched(connection, statement):
        yield StudyCells(study(row), ())


def studies_with_events(connection: Connection, exported: Exported) -> Iterator[StudyCells]:
    """Every matching study with its events in their order."""
    statement = stream(exported.listing, exported.query)
    positions = _positions(statement)
    study_cells = _cells_at(exported.study_fields, positions)
    event_cells = _cells_at(exported.event_fields, positions)
    study_id, place = positions["id"], positions["event_index"]
    current: Any = None
    cells: tuple[Cell, ...] = ()
    events: list[tuple[Cell, ...]] = []
    for row in _fetched(connection, statement):
        if row[study_id] != current:
            if current is not None:
                yield StudyCells(cells, tuple(events))
            current, cells, events = row[study_id], study_cells(row), []
        if row[place] is not None:
            events.append(event_cells(row))
    if current is not None:
        yield StudyCells(cells, tuple(events))


def _fetched(connection: Connection, statement: sa.Select[Any]) -> Iterator[Any]:
    result = connection.execution_options(stream_results=True, max_row_buffer=FETCH).execute(
        statement, execution_options={"yield_per": FETCH}
    )
    for partition in result.partitions():
        yield from partition


def _positions(statement: sa.Select[Any]) -> dict[str, int]:
    return {str(column.key): index for index, column in enumerate(statement.selected_columns)}


def _cells_at(fields: Sequence[Field], positions: dict[str, int]) -> Callable[[Any], tuple[Cell, ...]]:
    if not fields:
        return lambda _row: ()
    converters: list[Convert] = [converter(field) for field in fields]
    if len(fields) == 1:
        only, convert = positions[fields[0].key], converters[0]
        return lambda row: (convert(row[only]),)
    pick = itemgetter(*(positions[field.key] for field in fields))
    return lambda row: tuple([convert(value) for convert, value in zip(converters, pick(row), strict=True)])
