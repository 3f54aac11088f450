"""A list page as data: its columns, rows, filter form and links, all from the field catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from dosebus.catalogue import compile as compiled
from dosebus.catalogue.field import Field
from dosebus.catalogue.filter import Filter, FilterKind
from dosebus.catalogue.listing import Listing
from dosebus.catalogue.query import PAGE_SIZES, ListQuery, QueryError
from dosebus.catalogue.resolve import resolve
from dosebus_web.http.show import count
from dosebus_web.language import gettext as _
from dosebus_web.pages.studies import combine, private
from dosebus_web.pages.studies.cells import Cell, cell

ALWAYS_SHOWN = ("date_from", "date_to", "study_description", "display_name", "protocol")
"""Filters that stand on the page unfolded; `protocol` only where a listing has it."""
NO_ERRORS: Mapping[str, str] = MappingProxyType({})
INPUT_TYPES: Mapping[FilterKind, str] = {FilterKind.DATE_FROM: "date", FilterKind.DATE_TO: "date"}


@dataclass(frozen=True)
class FilterInput:
    """One input of the filter form."""

    key: str
    label: str
    type: str
    value: str
    hint: str = ""
    error: str = ""


@dataclass(frozen=True)
class ColumnChoice:
    """A column that the list can have."""

    key: str
    label: str
    shown: bool


@dataclass(frozen=True)
class Heading:
    """One column's head with the link that sorts by it."""

    field: Field
    sort_query: list[tuple[str, str]] | None
    direction: str | None


@dataclass(frozen=True)
class Row:
    """One study of a list."""

    id: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class ListView:
    """Everything that the list template shows."""

    listing: Listing
    headings: tuple[Heading, ...]
    rows: tuple[Row, ...]
    shown: tuple[FilterInput, ...]
    folded: tuple[FilterInput, ...]
    private: tuple[FilterInput, ...]
    groups: tuple[str, ...]
    """The groups of conditions in sentences."""
    one_group_is_enough: bool
    columns: tuple[ColumnChoice, ...]
    fold_open: bool
    filtered: bool
    search: str
    total: str
    failed: bool
    errors: Mapping[str, str]
    """Why the address cannot be answered, by what has no input to say it at."""
    next_query: list[tuple[str, str]] | None
    previous_query: list[tuple[str, str]] | None
    own_query: list[tuple[str, str]]
    limit: int
    sort: str
    page_sizes: tuple[int, ...] = PAGE_SIZES


@dataclass(frozen=True)
class Asked:
    """What the address and the private search ask of a listing."""

    listing: Listing
    public: Sequence[tuple[str, str]]
    secret: Sequence[tuple[str, str]]
    search: str
    allow_pid: bool

    def parse(self) -> ListQuery:
        """The query. Raises QueryError."""
        hidden = {one.key for one in self.listing.filters if private.is_private(one)}
        errors = {
            key: _("cannot be part of an address")
            for key, raw in self.public
            if raw and key.rpartition(".")[2].removeprefix("!") in hidden
        }
        if errors:
            raise QueryError(errors)
        return ListQuery.parse(self.listing, [*self.public, *self.secret], allow_pid=self.allow_pid)


def view(connection: sa.Connection, asked: Asked, count_limit: int) -> ListView:
    """The list that is asked for; with errors, the form alone."""
    try:
        query = asked.parse()
    except QueryError as error:
        plain = ListQuery.parse(asked.listing, [], allow_pid=asked.allow_pid)
        return _assemble(asked, plain, (), errors=error.errors)
    resolved = resolve(connection, asked.listing, query)
    fetched = connection.execute(compiled.page(asked.listing, resolved)).mappings().all()
    page = query.page_of(fetched)
    counted = connection.execute(compiled.count_capped(asked.listing, resolved, count_limit)).scalar_one()
    total = _("more than %(n)s", n=count(count_limit)) if counted > count_limit else count(counted)
    return _assemble(asked, query, page.rows, cursors=(page.before, page.after), total=total)


def _assemble(
    asked: Asked,
    query: ListQuery,
    rows: Iterable[Mapping[str, Any]],
    *,
    cursors: tuple[int | None, int | None] = (None, None),
    total: str = "",
    errors: Mapping[str, str] = NO_ERRORS,
) -> ListView:
    listing = asked.listing
    fields = listing.chosen(query.columns, allow_pid=asked.allow_pid)
    given = dict([*asked.public, *asked.secret])
    inputs = [_input(one, given, errors) for one in listing.filters if not private.is_private(one)]
    folded = tuple(one for one in inputs if one.key not in ALWAYS_SHOWN)
    before, after = cursors
    return ListView(
        listing=listing,
        headings=tuple(_heading(asked, query, field) for field in fields),
        rows=tuple(_row(row, fields) for row in rows),
        shown=tuple(one for one in inputs if one.key in ALWAYS_SHOWN),
        folded=folded,
        private=tuple(
            _input(one, given, errors) for one in private.filters_of(listing, allow_pid=asked.allow_pid)
        ),
        groups=tuple(combine.told(listing, group) for group in query.groups),
        one_group_is_enough=query.one_group_is_enough,
        columns=column_choices(listing, fields, allow_pid=asked.allow_pid),
        fold_open=any(one.value or one.error for one in folded),
        filtered=query.filtered,
        search=asked.search if asked.secret else "",
        total=total,
        failed=bool(errors),
        errors={key: _(reason) for key, reason in errors.items() if key not in {one.key for one in inputs}},
        next_query=None if after is None else _link(asked, query.turned(after=after)),
        previous_query=None if before is None else _link(asked, query.turned(before=before)),
        own_query=_link(asked, query.turned()),
        limit=query.limit,
        sort=f"-{query.sort}" if query.descending else query.sort,
    )


def column_choices(listing: Listing, shown: Sequence[Field], *, allow_pid: bool) -> tuple[ColumnChoice, ...]:
    """Every column that somebody may choose; those shown first and in their order."""
    others = (one for one in listing.choosable.values() if one not in shown)
    return tuple(
        ColumnChoice(
            one.key, f"{_(one.label)} ({_(one.shown_unit)})" if one.shown_unit else _(one.label), one in shown
        )
        for one in listing.visible((*shown, *others), allow_pid=allow_pid)
    )


def _link(asked: Asked, query: ListQuery) -> list[tuple[str, str]]:
    hidden = {key for key, _ in asked.secret}
    items = [(key, raw) for key, raw in query.items() if key not in hidden]
    return [*items, ("search", asked.search)] if asked.secret else items


def _input(wanted: Filter, given: Mapping[str, str], errors: Mapping[str, str]) -> FilterInput:
    unit = f" ({_(wanted.unit)})" if wanted.unit else ""
    return FilterInput(
        key=wanted.key,
        label=f"{_(wanted.label)}{unit}",
        type=INPUT_TYPES.get(wanted.kind, "text"),
        value=given.get(wanted.key, ""),
        hint=_("none, some, 3, 2-5, 4+") if wanted.kind is FilterKind.COUNT else "",
        error=_(errors.get(wanted.key, "")),
    )


def _heading(asked: Asked, query: ListQuery, field: Field) -> Heading:
    if field.key not in asked.listing.sorts:
        return Heading(field, None, None)
    direction = ("descending" if query.descending else "ascending") if query.sort == field.key else None
    return Heading(field, _link(asked, query.sorted_by(field.key)), direction)


def _row(row: Mapping[str, Any], fields: Iterable[Field]) -> Row:
    return Row(int(row["id"]), tuple(cell(field, row[field.key]) for field in fields))
