"""Groups of conditions: filters combined by all, any or none, as a query string holds them.

`g1=any&g1.model=Axiom&g1.!station=ROOM1` asks for a model that holds "Axiom" or a station that does not hold "ROOM1".
All groups must hold, or one of them where `groups=any`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import sqlalchemy as sa

from dosebus.catalogue.filter import Filter, FilterKind

NAME = re.compile(r"g(?P<number>[1-9])(\.(?P<negated>!?)(?P<key>[a-z0-9_]+))?")
MOST_CONDITIONS = 20
"""More than that in one group is a mistake or an attack."""
Judge = Callable[[str], Filter]
"""Gives the filter of a key; raises ValueError saying why it may not be used."""


class Mode(Enum):
    """How the conditions of a group combine."""

    ALL = "all"
    ANY = "any"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Condition:
    """One filter inside a group; `negated` takes also the studies that tell nothing of it."""

    key: str
    raw: str
    value: Any
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions and how they combine."""

    mode: Mode
    conditions: tuple[Condition, ...]

    def items(self, number: int) -> Iterator[tuple[str, str]]:
        """The group as query-string items."""
        yield f"g{number}", self.mode.value
        for one in self.conditions:
            yield f"g{number}.{'!' if one.negated else ''}{one.key}", one.raw

    def condition(self, filters: Mapping[str, Filter]) -> sa.ColumnElement[bool]:
        """The group as SQL."""
        parts = [_sql(filters[one.key], one) for one in self.conditions]
        if self.mode is Mode.ALL:
            return sa.and_(*parts)
        some = sa.or_(*parts)
        return sa.not_(sa.func.coalesce(some, sa.false())) if self.mode is Mode.NONE else some


def _sql(wanted: Filter, asked: Condition) -> sa.ColumnElement[bool]:
    found = wanted.condition(asked.value)
    # An empty value compares to NULL, and a person who says "not" means also what is empty.
    return sa.not_(sa.func.coalesce(found, sa.false())) if asked.negated else found


def may_stand_in_group(wanted: Filter) -> bool:
    """Whether a filter can be combined; test data is a choice of the whole list."""
    return wanted.kind is not FilterKind.TEST_DATA


def read_groups(items: Iterable[tuple[str, str]], judge: Judge) -> tuple[tuple[Group, ...], dict[str, str]]:
    """The groups of these query-string items, and what is wrong with them by parameter.

    A group without a condition asks nothing.
    """
    modes: dict[str, Mode] = {}
    conditions: dict[str, list[Condition]] = {}
    errors: dict[str, str] = {}
    for name, raw in items:
        match = NAME.fullmatch(name)
        if match is None or not raw.strip():
            continue
        try:
            if match["key"] is None:
                modes[match["number"]] = _mode(raw.strip())
                continue
            wanted = judge(match["key"])
            asked = Condition(match["key"], raw.strip(), wanted.parse(raw), bool(match["negated"]))
            _add(conditions.setdefault(match["number"], []), asked)
        except ValueError as error:
            errors[name] = str(error)
    groups = tuple(
        Group(modes.get(number, Mode.ALL), tuple(conditions[number])) for number in sorted(conditions)
    )
    return groups, errors


def _add(kept: list[Condition], asked: Condition) -> None:
    if len(kept) == MOST_CONDITIONS:
        raise ValueError(f"is one condition too many: a group takes {MOST_CONDITIONS}")
    kept.append(asked)


def _mode(raw: str) -> Mode:
    try:
        return Mode(raw)
    except ValueError:
        raise ValueError("is not all, any or none") from None
