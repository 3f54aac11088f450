"""A listing: the studies of one modality, with the fields they show, the filters they take and their events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from dosebus.catalogue.field import Field, Grain
from dosebus.catalogue.filter import Filter
from dosebus.store.tables import dose


@dataclass(frozen=True, eq=False)
class Join:
    """A further table, at most one row of it a study or event, such as the first X-ray source of a CT event."""

    table: sa.FromClause
    on: sa.ColumnElement[bool]


@dataclass(frozen=True, eq=False)
class Listing:
    """One study list and everything that follows from it.

    `columns` stand on the list page in this order; `study_fields` and `event_fields` go into exports and the API;
    `event_columns` are the keys of `event_fields` that the study page's event table shows; `chart_fields` are read by
    charts only.
    """

    name: str
    title: str
    modality_types: tuple[str, ...]
    predicate: str
    event_table: sa.Table
    event_order: tuple[sa.ColumnElement[Any], ...]
    columns: tuple[Field, ...]
    filters: tuple[Filter, ...]
    study_fields: tuple[Field, ...]
    event_fields: tuple[Field, ...]
    event_columns: tuple[str, ...]
    study_joins: tuple[Join, ...] = ()
    event_joins: tuple[Join, ...] = ()
    default_sort: str = "study_at"
    chart_fields: tuple[Field, ...] = ()
    groupings: tuple[str, ...] = ("display_name", "study_description", "requested_procedure")

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        """Every field of a study or event by key, with those that only charts and filters read."""
        known = {one.field.key: one.field for one in self.filters} | {
            one.key: one for one in self.chart_fields
        }
        known |= {one.key: one for one in (*self.study_fields, *self.event_fields)}
        return known | {one.key: one for one in self.columns}

    @cached_property
    def sorts(self) -> Mapping[str, Field]:
        """Fields a list may be sorted by; patient data is never a sort key."""
        return {one.key: one for one in self.columns if not one.personal and one.grain is Grain.STUDY}

    @cached_property
    def choosable(self) -> Mapping[str, Field]:
        """Fields that can be a column of the list: those it has by itself, then every other one of a study."""
        known = {one.key: one for one in self.columns}
        others = (one for one in self.study_fields if one.key not in known and one.grain is Grain.STUDY)
        return known | {one.key: one for one in others}

    def chosen(self, keys: Iterable[str], *, allow_pid: bool) -> tuple[Field, ...]:
        """The columns of these keys, or those of the listing where there are none, without what may not be seen."""
        fields = self.visible((self.choosable[key] for key in keys), allow_pid=allow_pid)
        return fields or self.visible(self.columns, allow_pid=allow_pid)

    @cached_property
    def filters_by_key(self) -> Mapping[str, Filter]:
        """Filters by the name they have in a query string."""
        return {one.key: one for one in self.filters}

    @cached_property
    def shown_event_fields(self) -> tuple[Field, ...]:
        """Event fields of the study page in order."""
        by_key = {one.key: one for one in self.event_fields}
        return tuple(by_key[key] for key in self.event_columns)

    def visible(self, fields: Iterable[Field], *, allow_pid: bool) -> tuple[Field, ...]:
        """`fields` without patient data unless `allow_pid`."""
        return tuple(one for one in fields if allow_pid or not one.personal)

    def within_event(self) -> Callable[[sa.ColumnElement[bool]], sa.ColumnElement[bool]]:
        """Wraps a condition on an event into: the study has such an event."""
        return exists_in(self.event_table, self.name)


def events_of(name: str) -> tuple[sa.ColumnElement[bool], ...]:
    """What every event of a listing fulfils; indexes of its events are found by it."""
    if name not in dose.CHARTED_EVENTS:
        return ()
    return (sa.literal_column(dose.listed_event(name), sa.Boolean()),)


def exists_in(table: sa.Table, name: str) -> Callable[[sa.ColumnElement[bool]], sa.ColumnElement[bool]]:
    """Wraps a condition on rows of `table` into: the study of the listing called so has such a row."""

    def within(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
        return sa.exists(
            sa.select(sa.literal_column("1"))
            .select_from(table)
            .where(table.c.study_id == dose.study.c.id, condition, *events_of(name))
            .correlate(dose.study)
        )

    return within
