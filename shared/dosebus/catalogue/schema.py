"""Listings described for the API: JSON Schema of rows, and the filters and sorts a client may use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dosebus.catalogue.field import Field, Kind
from dosebus.catalogue.filter import Filter
from dosebus.catalogue.listing import Listing
from dosebus.catalogue.query import PAGE_SIZES

TYPES: dict[Kind, dict[str, Any]] = {
    Kind.TEXT: {"type": ["string", "null"]},
    Kind.NUMBER: {"type": ["number", "null"]},
    Kind.INTEGER: {"type": ["integer", "null"]},
    Kind.DATE: {"type": ["string", "null"], "format": "date"},
    Kind.TIME: {"type": ["string", "null"], "format": "time"},
    Kind.INSTANT: {"type": ["string", "null"], "format": "date-time"},
    Kind.FLAG: {"type": ["boolean", "null"]},
    Kind.NUMBERS: {"type": ["array", "null"], "items": {"type": "number"}},
    Kind.NESTED: {"type": ["array", "object", "null"]},
}


def row_schema(fields: Iterable[Field]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a row with these fields, in stored units."""
    return {
        "type": "object",
        "properties": {field.key: _property(field) for field in fields},
        "additionalProperties": False,
    }


def describe(listing: Listing, *, allow_pid: bool = False) -> dict[str, Any]:
    """A listing as JSON: its columns, study and event fields as schemas, its filters and its sort keys."""
    return {
        "name": listing.name,
        "title": listing.title,
        "modality_types": list(listing.modality_types),
        "row": row_schema(listing.visible(listing.columns, allow_pid=allow_pid)),
        "study": row_schema(listing.visible(listing.study_fields, allow_pid=allow_pid)),
        "event": row_schema(listing.visible(listing.event_fields, allow_pid=allow_pid)),
        "filters": [_filter(one) for one in listing.filters if allow_pid or not one.personal],
        "sorts": list(listing.sorts),
        "default_sort": f"-{listing.default_sort}",
        "limit": {"minimum": PAGE_SIZES[0], "maximum": PAGE_SIZES[-1]},
    }


def _property(field: Field) -> dict[str, Any]:
    described = {"title": field.label, **TYPES[field.kind]}
    if field.unit:
        described["x-unit"] = field.unit
    if field.concept:
        described["x-concept"] = field.concept
    return described


def _filter(one: Filter) -> dict[str, Any]:
    described = {"name": one.key, "title": one.label, "kind": one.kind.value, "field": one.field.key}
    if one.unit:
        described["unit"] = one.unit
    return described
