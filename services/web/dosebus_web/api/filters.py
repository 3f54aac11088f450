"""The query string of a listing: its parameters for OpenAPI, and reading it strictly."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from dosebus.catalogue.filter import Filter, FilterKind
from dosebus.catalogue.group import NAME as GROUP_NAME
from dosebus.catalogue.listing import Listing
from dosebus.catalogue.query import DEFAULT_PAGE_SIZE, PAGE_SIZES, ListQuery, QueryError
from dosebus_web.api.problem import ParameterError, of_query
from dosebus_web.pages.studies.private import is_private

TEXT = {"type": "string", "maxLength": 200, "pattern": r"^[^\x00]*$"}
NUMBER = {"type": "string", "pattern": r"^[-+]?[0-9]{1,15}([.,][0-9]{0,9})?$"}
WHOLE = {"type": "string", "pattern": "^[0-9]{1,18}$"}
DAY = {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
KINDS: Mapping[FilterKind, tuple[dict[str, Any], str]] = {
    FilterKind.CONTAINS: (TEXT, "thorax"),
    FilterKind.EXACT: (TEXT, "thorax"),
    FilterKind.NAMED: (TEXT, "thorax"),
    FilterKind.DATE_FROM: (DAY, "2026-01-01"),
    FilterKind.DATE_TO: (DAY, "2026-12-31"),
    FilterKind.AT_LEAST: (NUMBER, "0.5"),
    FilterKind.AT_MOST: (NUMBER, "1000"),
    FilterKind.NUMBER: (WHOLE, "1"),
    FilterKind.COUNT: (
        {"type": "string", "pattern": r"^(none|some|more|[0-9]{1,6}(\+|-[0-9]{1,6})?)$"},
        "2-5",
    ),
    FilterKind.TEST_DATA: ({"type": "string", "enum": ["exclude", "include", "only"]}, "exclude"),
}
"""By kind of filter: the schema of its text, and an example."""
OF_ROWS = frozenset({"sort", "limit", "after", "before", "columns"})
"""What asks for rows of a list and not for studies."""
CURSOR = {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}


def parameters(listing: Listing, *, rows: bool = True) -> list[dict[str, Any]]:
    """The parameters of a listing for OpenAPI; those of its rows only where `rows` are answered."""
    found = [_filter(one) for one in listing.filters if not is_private(one)]
    found.append(
        _control("groups", {"type": "string", "enum": ["all", "any"]}, "Whether all groups must hold.")
    )
    if not rows:
        return found
    keys = list(listing.choosable)
    one = "|".join(keys)
    return [
        *found,
        _control(
            "sort",
            {"type": "string", "enum": [f"{sign}{key}" for key in listing.sorts for sign in ("", "-")]},
            "Key to sort by; `-` before it: descending.",
            f"-{listing.default_sort}",
        ),
        _control(
            "columns",
            {"type": "string", "pattern": f"^({one})(,({one}))*$"},
            "Keys, commas between; those of patients with the scope `pid`.",
            keys[0],
        ),
        _control(
            "limit",
            {
                "type": "integer",
                "minimum": PAGE_SIZES[0],
                "maximum": PAGE_SIZES[-1],
                "default": DEFAULT_PAGE_SIZE,
            },
            "How many at most.",
            50,
        ),
        _control("after", CURSOR, "Cursor: `after` of the page before."),
        _control("before", CURSOR, "Cursor: `before` of the page after."),
    ]


def parse(listing: Listing, items: Iterable[tuple[str, str]], *, allow_pid: bool) -> ListQuery:
    """The query of a request's parameters, each as its schema says. Raises ParameterError, 403 for patient columns."""
    given = list(items)
    schemas = {one["name"]: one["schema"] for one in parameters(listing)}
    errors = {key: reason for key, raw in given if (reason := _wrong(schemas, listing, key, raw))}
    if errors:
        raise ParameterError(errors)
    if not allow_pid and _personal_columns(listing, given):
        raise ParameterError({"columns": "of patients need the scope pid"}, 403)
    try:
        return ListQuery.parse(listing, given, allow_pid=allow_pid)
    except QueryError as error:
        raise of_query(error) from error


def _personal_columns(listing: Listing, items: Iterable[tuple[str, str]]) -> bool:
    wanted = {one for key, raw in items if key == "columns" for one in raw.split(",")}
    return any(listing.choosable[one].personal for one in wanted & listing.choosable.keys())


def _wrong(schemas: Mapping[str, Mapping[str, Any]], listing: Listing, key: str, raw: str) -> str:
    """What is wrong with a text by its schema; nothing where the listing itself tells it better."""
    group = GROUP_NAME.fullmatch(key)
    name = group["key"] or "" if group is not None else key
    known = listing.filters_by_key.get(name)
    if known is not None and is_private(known):
        return f"must not stand in an address: ask POST /api/v1/listings/{listing.name}/find"
    schema = schemas.get(name)
    if schema is None or fits(schema, raw):
        return ""
    if "enum" in schema:
        return f"is not one of {', '.join(schema['enum'])}"
    return READABLE.get(schema.get("format", schema["type"]), "has a value that cannot be read")


READABLE = {"date": "is not a date like 2026-01-31", "integer": "is not a whole number in its limits"}


def fits(schema: Mapping[str, Any], raw: str) -> bool:
    """Whether a text is one that the schema of its parameter admits."""
    if schema["type"] == "integer":
        whole = re.fullmatch("[0-9]{1,18}", raw) is not None
        return whole and schema["minimum"] <= int(raw) <= schema["maximum"]
    pattern = schema.get("pattern", "^.*$")[1:-1]
    read = re.fullmatch(pattern, raw, re.DOTALL) is not None and len(raw) <= schema.get("maxLength", 4000)
    return read and raw in schema.get("enum", (raw,))


def _filter(one: Filter) -> dict[str, Any]:
    schema, example = KINDS[one.kind]
    unit = {"x-unit": one.unit} if one.unit else {}
    return _control(one.key, schema | unit, f"{one.label} ({one.kind.value}).", example)


def _control(name: str, schema: dict[str, Any], told: str, example: Any = None) -> dict[str, Any]:
    described = {"name": name, "in": "query", "required": False, "description": told, "schema": schema}
    return described if example is None else described | {"example": example}
