"""Combined conditions as a form: groups of rows, each a filter, whether it shall hold, and its text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from starlette.datastructures import QueryParams

from dosebus.catalogue.filter import Filter, FilterKind
from dosebus.catalogue.group import NAME, Group, Mode, may_stand_in_group
from dosebus.catalogue.listing import Listing
from dosebus_web.language import gettext as _
from dosebus_web.language import marked
from dosebus_web.pages.studies import private

FREE_ROWS = 3
MOST_GROUPS = 6
PARTS = ("f", "i", "v")
"""Names in the form, before the group's number: the filter, `is` or `not`, the text."""
NO_ERRORS: Mapping[str, str] = MappingProxyType({})
MODES: Mapping[Mode, str] = {
    Mode.ALL: marked("All of these hold"),
    Mode.ANY: marked("At least one of these holds"),
    Mode.NONE: marked("None of these holds"),
}
VERBS: Mapping[FilterKind, str] = {
    FilterKind.CONTAINS: marked("contains"),
    FilterKind.EXACT: marked("is"),
    FilterKind.NUMBER: marked("is"),
    FilterKind.COUNT: marked("number: none, some, 3, 2-5, 4+"),
}
Items = list[tuple[str, str]]


@dataclass(frozen=True)
class Row:
    """One condition of the form; empty where one can be added."""

    key: str = ""
    negated: bool = False
    raw: str = ""
    error: str = ""


@dataclass(frozen=True)
class Block:
    """One group of the form."""

    number: int
    mode: Mode
    rows: tuple[Row, ...]


def filters_of(listing: Listing) -> list[Filter]:
    """The filters that can be combined; what names a patient must not stand in an address."""
    return [one for one in listing.filters if may_stand_in_group(one) and not private.is_private(one)]


def choices_of(listing: Listing) -> list[tuple[str, str]]:
    """The filters as options of a select."""
    return [("", "–"), *((one.key, phrase(one)) for one in filters_of(listing))]


def phrase(wanted: Filter) -> str:
    """What a filter asks, before its text: `Model contains`, `DLP at least (mGy·cm)`."""
    # "Protocol, exactly" says already that it is.
    verb = None if wanted.key.endswith("_is") else VERBS.get(wanted.kind)
    unit = f" ({_(wanted.unit)})" if wanted.unit else ""
    return f"{_(wanted.label)} {_(verb)}{unit}" if verb else f"{_(wanted.label)}{unit}"


def told(listing: Listing, group: Group) -> str:
    """A group in a sentence."""
    parts = (
        f"{_('not') + ' ' if one.negated else ''}{phrase(listing.filters_by_key[one.key])} “{one.raw}”"
        for one in group.conditions
    )
    return f"{_(MODES[group.mode])}: {'; '.join(parts)}"


def canonical(form: QueryParams) -> Items:
    """The query-string items that a filled form means; rows without a filter or a text ask nothing."""
    items = [(key, raw) for key, raw in form.multi_items() if key[:1] not in PARTS or not key[1:].isdigit()]
    kept = [(key, raw) for key, raw in items if NAME.fullmatch(key) is None]
    for number in range(1, MOST_GROUPS + 2):
        columns = (form.getlist(f"{part}{number}") for part in PARTS)
        rows = [(key, sign, raw) for key, sign, raw in zip(*columns, strict=False) if key and raw.strip()]
        if rows:
            kept.append((f"g{number}", form.get(f"g{number}", Mode.ALL.value)))
            kept.extend((f"g{number}.{'!' if sign == 'not' else ''}{key}", raw) for key, sign, raw in rows)
    return kept


def blocks(items: Sequence[tuple[str, str]], errors: Mapping[str, str] = NO_ERRORS) -> tuple[Block, ...]:
    """The groups of a query with free rows, and one free group as long as there may be more."""
    numbers = sorted({match["number"] for key, raw in items if (match := NAME.fullmatch(key))})
    found = [_block(place, number, items, errors) for place, number in enumerate(numbers[:MOST_GROUPS], 1)]
    if len(found) < MOST_GROUPS:
        found.append(Block(len(found) + 1, Mode.ANY, (Row(),) * FREE_ROWS))
    return tuple(found)


def _block(place: int, number: str, items: Iterable[tuple[str, str]], errors: Mapping[str, str]) -> Block:
    mode = next((raw for key, raw in items if key == f"g{number}"), "")
    known = {one.value: one for one in Mode}
    rows = tuple(_rows(number, items, errors))
    return Block(place, known.get(mode, Mode.ALL), (*rows, *(Row(),) * FREE_ROWS))


def _rows(number: str, items: Iterable[tuple[str, str]], errors: Mapping[str, str]) -> Iterator[Row]:
    for key, raw in items:
        match = NAME.fullmatch(key)
        if match and match["number"] == number and match["key"]:
            yield Row(match["key"], bool(match["negated"]), raw, errors.get(key, ""))


def rest(items: Iterable[tuple[str, str]]) -> Items:
    """The query without its groups, for the hidden fields of the form."""
    return [
        (key, raw)
        for key, raw in items
        if NAME.fullmatch(key) is None and key not in ("groups", "after", "before")
    ]
