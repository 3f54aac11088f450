"""The event table of a study page, whole or folded by what the events have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from dosebus.catalogue import compile as compiled
from dosebus.catalogue.field import Field, Kind
from dosebus.catalogue.listing import Listing
from dosebus_web.http.show import quantity
from dosebus_web.pages.studies.cells import Cell, cell

EVENT_LIMIT = 2_000
NAMING = frozenset({
    "datetime_started", "event_type", "acquisition_protocol", "standard_acquisition_name", "acquisition_plane",
})  # fmt: skip
DOSES = frozenset({"ctdivol_mgy", "dlp_mgycm", "dap_gym2", "dose_rp_gy", "agd_mgy"})
ADDITIVE = (
    "dlp_mgycm", "dap_gym2", "dose_rp_gy", "event_activity_mbq", "exposure_time_s", "exposure_time_ms",
)  # fmt: skip
"""Event fields whose sum over some events means something."""
Numbered = tuple[int, Mapping[str, Any]]
MOST_FOLDS = 60
"""A field with more values than this tells nothing when it is folded by."""


@dataclass(frozen=True)
class Sum:
    """What a group of events adds up to in one field."""

    label: str
    value: str
    unit: str


@dataclass(frozen=True)
class Fold:
    """Events that have a value in common, with their sums."""

    title: str
    sums: tuple[Sum, ...]
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]


@dataclass(frozen=True)
class Events:
    """The event table: columns that hold something, and each event with its number; folded or in one piece."""

    fields: tuple[Field, ...]
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]
    folds: tuple[Fold, ...]
    fold_by: str
    foldable: tuple[Field, ...]
    cut: bool


def events_of(connection: sa.Connection, listing: Listing, study_id: int, fold_by: str = "") -> Events:
    """The events of a study. A `fold_by` that is no foldable field folds nothing."""
    select = compiled.events(listing, study_id).limit(EVENT_LIMIT + 1)
    fetched = connection.execute(select).mappings().all()
    numbered: list[Numbered] = [(n, dict(row)) for n, row in enumerate(fetched[:EVENT_LIMIT], 1)]
    fields = tuple(
        field
        for field in doses_first(listing.shown_event_fields)
        if any(row[field.key] not in (None, "", [], False) for _, row in numbered)
    )
    foldable = tuple(field for field in fields if _folds(field, [row for _, row in numbered]))
    by = next((field for field in foldable if field.key == fold_by), None)
    return Events(
        fields=fields,
        rows=_rows(numbered, fields),
        folds=_fold(numbered, fields, by) if by else (),
        fold_by=by.key if by else "",
        foldable=foldable,
        cut=len(fetched) > EVENT_LIMIT,
    )


def doses_first(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """The fields with the doses behind what names the event, so that they are seen without scrolling."""
    named = tuple(field for field in fields if field.key in NAMING)
    doses = tuple(field for field in fields if field.key in DOSES)
    return (*named, *doses, *(field for field in fields if field not in named and field not in doses))


def _folds(field: Field, rows: Sequence[Mapping[str, Any]]) -> bool:
    return field.kind is Kind.TEXT and 1 < len({row[field.key] for row in rows}) <= MOST_FOLDS


def _rows(numbered: Iterable[Numbered], fields: Sequence[Field]) -> tuple[tuple[int, tuple[Cell, ...]], ...]:
    return tuple((number, tuple(cell(field, row[field.key]) for field in fields)) for number, row in numbered)


def _fold(numbered: Sequence[Numbered], fields: Sequence[Field], by: Field) -> tuple[Fold, ...]:
    held: dict[str, list[Numbered]] = {}
    for number, row in numbered:
        held.setdefault(quantity(by, row[by.key]), []).append((number, row))
    rest = [field for field in fields if field is not by]
    return tuple(
        Fold(title, tuple(_sums(fields, [row for _, row in rows])), _rows(rows, rest))
        for title, rows in held.items()
    )


def _sums(fields: Iterable[Field], rows: Sequence[Mapping[str, Any]]) -> Iterable[Sum]:
    for field in fields:
        known = [row[field.key] for row in rows if isinstance(row[field.key], int | float)]
        if field.key in ADDITIVE and known:
            yield Sum(field.label, quantity(field, float(sum(known))), field.shown_unit or "")
