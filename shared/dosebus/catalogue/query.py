"""A query of a listing: filters, sort and page, read from a query string and written back to one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dosebus.catalogue.filter import Filter
from dosebus.catalogue.group import NAME as GROUP_NAME
from dosebus.catalogue.group import Group, may_stand_in_group, read_groups
from dosebus.catalogue.listing import Listing

PAGE_SIZES = (10, 25, 50, 100, 200, 400)
DEFAULT_PAGE_SIZE = 50
CONTROLS = frozenset({"sort", "after", "before", "limit", "columns", "groups"})


class QueryError(ValueError):
    """A query string that cannot be answered; `errors` says by parameter why."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__("; ".join(f"{key} {reason}" for key, reason in self.errors.items()))


@dataclass(frozen=True, slots=True)
class Asked:
    """One filter as it was asked: its key, its text, and the value the text means."""

    key: str
    raw: str
    value: Any


@dataclass(frozen=True, slots=True)
class Page:
    """One page of rows and the cursors of its neighbours (None where there is none)."""

    rows: tuple[Mapping[str, Any], ...]
    after: int | None
    before: int | None


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What is asked of a listing. Cursors are study ids: no patient data in addresses."""

    listing: str
    filters: tuple[Asked, ...] = ()
    groups: tuple[Group, ...] = ()
    one_group_is_enough: bool = False
    columns: tuple[str, ...] = ()
    """Keys of the columns to show; none: those of the listing."""
    sort: str = "study_at"
    descending: bool = True
    after: int | None = None
    before: int | None = None
    limit: int = DEFAULT_PAGE_SIZE
    allow_pid: bool = False

    @classmethod
    def parse(
        cls, listing: Listing, query_items: Iterable[tuple[str, str]], *, allow_pid: bool = False
    ) -> ListQuery:
        """Read `query_items` (name, text). Empty texts ask nothing; a filter may be given once.

        Controls: `sort` (a sort key, `-` before it for descending), `after`, `before` (cursors), `limit` (10 to 400),
        `columns` (keys with commas between), `groups` (`any`: one group of conditions is enough; see `group`).
        Raises QueryError naming every parameter that is unknown, not permitted or has a bad value.
        """
        items = [(key, raw) for key, raw in query_items if raw.strip()]
        groups, errors = read_groups(items, lambda key: _groupable(listing, key, allow_pid))
        asked: dict[str, Asked] = {}
        controls: dict[str, Any] = {"sort": listing.default_sort, "descending": True, "columns": ()}
        for key, raw in items:
            if GROUP_NAME.fullmatch(key):
                continue
            try:
                if key in CONTROLS:
                    controls.update(_control(listing, key, raw.strip(), controls["columns"]))
                else:
                    asked[key] = _filter(listing, key, raw, allow_pid, asked)
            except ValueError as error:
                errors[key] = str(error)
        if errors:
            raise QueryError(errors)
        return cls(
            listing=listing.name,
            filters=tuple(asked.values()),
            groups=groups,
            allow_pid=allow_pid,
            **controls,
        )

    @property
    def filtered(self) -> bool:
        """Whether anything is asked that a study may not fulfil."""
        return bool(self.filters or self.groups)

    def items(self, *, page: bool = True) -> list[tuple[str, str]]:
        """The query as query-string items, such that `parse` gives it back; without cursors unless `page`."""
        found = [(one.key, one.raw) for one in self.filters]
        for number, group in enumerate(self.groups, 1):
            found.extend(group.items(number))
        if self.one_group_is_enough:
            found.append(("groups", "any"))
        if self.columns:
            found.append(("columns", ",".join(self.columns)))
        found.append(("sort", f"-{self.sort}" if self.descending else self.sort))
        if self.limit != DEFAULT_PAGE_SIZE:
            found.append(("limit", str(self.limit)))
        if page and self.after is not None:
            found.append(("after", str(self.after)))
        if page and self.before is not None:
            found.append(("before", str(self.before)))
        return found

    def value(self, key: str) -> str:
        """The text that a filter was asked with, or the empty text; fills forms."""
        return next((one.raw for one in self.filters if one.key == key), "")

    def sorted_by(self, key: str) -> ListQuery:
        """The first page sorted by `key`: descending, or ascending if it was descending by this key."""
        down = not (self.sort == key and self.descending)
        return replace(self, sort=key, descending=down, after=None, before=None)

    def turned(self, *, after: int | None = None, before: int | None = None) -> ListQuery:
        """The same query at another page."""
        return replace(self, after=after, before=before)

    def page_of(self, fetched: Sequence[Any]) -> Page:
        """The page in the rows that `compile.page` fetched; one more than the limit tells of a further page."""
        further = len(fetched) > self.limit
        rows = fetched[: self.limit]
        if self.before is not None:
            rows = rows[::-1]
        first = int(rows[0]["id"]) if rows else None
        last = int(rows[-1]["id"]) if rows else None
        has_next = self.before is not None or further
        has_previous = self.after is not None or (self.before is not None and further)
        return Page(tuple(rows), last if has_next else None, first if has_previous else None)


def _control(listing: Listing, key: str, raw: str, columns: tuple[str, ...]) -> dict[str, Any]:
    if key == "columns":
        return {"columns": _columns(listing, raw, columns)}
    if key == "groups":
        if raw not in ("all", "any"):
            raise ValueError("is not all or any")
        return {"one_group_is_enough": raw == "any"}
    if key == "sort":
        name = raw.removeprefix("-")
        if name not in listing.sorts:
            raise ValueError(f"is not one of {', '.join(listing.sorts)}")
        return {"sort": name, "descending": raw.startswith("-")}
    if not re.fullmatch(r"\d{1,18}", raw):
        raise ValueError("is not a whole number")
    number = int(raw)
    if key == "limit" and not PAGE_SIZES[0] <= number <= PAGE_SIZES[-1]:
        raise ValueError(f"is not between {PAGE_SIZES[0]} and {PAGE_SIZES[-1]}")
    return {key: number}


def _columns(listing: Listing, raw: str, before: tuple[str, ...]) -> tuple[str, ...]:
    """The chosen columns; a form with boxes gives the parameter once a box."""
    chosen = list(before)
    for key in raw.split(","):
        if key not in listing.choosable:
            raise ValueError(f"{key[:40]} is not a column of the {listing.title} list")
        if key not in chosen:
            chosen.append(key)
    return tuple(chosen)


def _groupable(listing: Listing, key: str, allow_pid: bool) -> Filter:
    known = _known(listing, key, allow_pid)
    if not may_stand_in_group(known):
        raise ValueError("cannot be part of a group")
    return known


def _filter(listing: Listing, key: str, raw: str, allow_pid: bool, asked: Mapping[str, Asked]) -> Asked:
    known = _known(listing, key, allow_pid)
    if key in asked:
        raise ValueError("is given twice")
    return Asked(key, raw.strip(), known.parse(raw))


def _known(listing: Listing, key: str, allow_pid: bool) -> Filter:
    known = listing.filters_by_key.get(key)
    if known is None:
        raise ValueError(f"is not a filter of the {listing.title} list")
    if known.personal and not allow_pid:
        raise ValueError("needs the permission to see patient data")
    return known
