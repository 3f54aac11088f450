"""Standard names: what a study or acquisition is called, whatever a device or person wrote.

Nothing is copied into studies. A list reads the mapping of raw names at the moment it is asked, so a change counts
for all studies at once. Raw names are compared without regard to case and outer blanks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from dosebus.catalogue.field import Field, Grain, LookUp, Lookup, text
from dosebus.catalogue.filter import Bearer, Filter, contains, exact
from dosebus.catalogue.listing import Join, exists_in
from dosebus.store.tables import config, dose

RAW = config.standard_name_raw
MODALITY_TYPES = ("CT", "RF", "MG", "DX", "NM")
"""One a list: `DX` is radiography with CR and panoramic."""
ACQUISITION_TABLES = {
    "CT": dose.ct_event,
    "RF": dose.projection_event,
    "MG": dose.projection_event,
    "DX": dose.projection_event,
}
"""Where the acquisition protocols of a modality are; nuclear medicine has none."""

Condition = sa.ColumnElement[bool]


@dataclass(frozen=True, eq=False)
class Source:
    """A raw name: how the mapping calls its origin, and its column."""

    name: str
    column: sa.Column[Any]

    @property
    def key(self) -> sa.ColumnElement[str]:
        """The raw name as it is compared."""
        return raw_key(self.column)


STUDY_SOURCES = (
    Source("study_description", dose.study.c.study_description),
    Source("requested_procedure", dose.study.c.requested_procedure),
    Source("procedure", dose.study.c.procedure_code_meaning),
)
"""The first of these that is mapped gives a study its standard name."""


def acquisition_sources(modality_type: str) -> tuple[Source, ...]:
    """What gives an acquisition of a modality its standard name."""
    table = ACQUISITION_TABLES.get(modality_type)
    return () if table is None else (Source("acquisition_protocol", table.c.acquisition_protocol),)


def raw_key(column: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    """A raw name as it is compared: `standard_name_raw.raw_key` is made the same way."""
    return sa.func.lower(sa.func.btrim(column), type_=sa.Text())


@dataclass(frozen=True, eq=False)
class Named:
    """A standard name in a listing: the field, the tables it reads, and the filters that ask for it."""

    field: Field
    joins: tuple[Join, ...]
    filters: tuple[Filter, ...]


def study_names(modality_type: str) -> Named:
    """The standard names of the studies of a modality."""
    return _named(modality_type, STUDY_SOURCES, Grain.STUDY, lambda found: found)


def acquisition_names(modality_type: str) -> Named:
    """The standard names of the acquisitions of a modality. Raises LookupError for one without protocols."""
    within = exists_in(ACQUISITION_TABLES[modality_type], modality_type.lower())
    return _named(modality_type, acquisition_sources(modality_type), Grain.EVENT, within)


FIELDS = {
    Grain.STUDY: ("standard_study_name", "Standard study name"),
    Grain.EVENT: ("standard_acquisition_name", "Standard acquisition name"),
}
"""Key and label by what bears the name."""


def _named(
    modality_type: str, sources: Sequence[Source], grain: Grain, within: Callable[[Condition], Condition]
) -> Named:
    key, label = FIELDS[grain]
    tables = [RAW.alias(f"{source.name}_name") for source in sources]
    joins = tuple(
        Join(table, _maps(table, modality_type, source, source.column))
        for table, source in zip(tables, sources, strict=True)
    )
    asked = RAW.alias(f"asked_{key}")
    name_asked = text(key, label, asked.c.name, grain=grain)
    looked_up: dict[str, Any] = {
        "within": within,
        "asks": _fits(asked, modality_type, sources, within),
        "bearers": tuple(_bearers(asked, modality_type, sources)),
    }
    columns = tuple(source.column for source in sources)
    return Named(
        field=text(
            key, label, _first(tables), grain=grain, lookup=Lookup(columns, _lookup(modality_type, sources))
        ),
        joins=joins,
        filters=(
            contains(key, name_asked, **looked_up),
            exact(f"{key}_is", name_asked, f"{label}, exactly", **looked_up),
        ),
    )


def _first(tables: Sequence[sa.FromClause]) -> sa.ColumnElement[str]:
    names = [table.c.name for table in tables]
    return sa.func.coalesce(*names) if len(names) > 1 else names[0]


def _maps(
    table: sa.FromClause, modality_type: str, source: Source, column: sa.ColumnElement[Any]
) -> Condition:
    return sa.and_(*_of(table, modality_type, source), table.c.raw_key == raw_key(column))


def _lookup(modality_type: str, sources: Sequence[Source]) -> LookUp:
    """Joins the mapping to raw names wherever they stand."""

    def look_up(
        rows: sa.FromClause, raws: Sequence[sa.ColumnElement[Any]], name: str
    ) -> tuple[sa.FromClause, sa.ColumnElement[Any]]:
        tables = [RAW.alias(f"{name}_{source.name}") for source in sources]
        for table, source, raw in zip(tables, sources, raws, strict=True):
            rows = rows.outerjoin(table, _maps(table, modality_type, source, raw))
        return rows, _first(tables)

    return look_up


def _bearers(asked: sa.FromClause, modality_type: str, sources: Sequence[Source]) -> Iterator[Bearer]:
    for place, source in enumerate(sources):
        unmapped = tuple(_unmapped(modality_type, before) for before in sources[:place])
        yield Bearer(source.column, asked.c.raw_key, _of(asked, modality_type, source), unmapped)


def _of(table: sa.FromClause, modality_type: str, source: Source) -> tuple[Condition, Condition]:
    # Literals and not parameters, so that the planner knows how few rows these are.
    return (
        table.c.modality_type == sa.literal_column(f"'{modality_type}'", sa.Text()),
        table.c.source == sa.literal_column(f"'{source.name}'", sa.Text()),
    )


def _fits(
    asked: sa.FromClause,
    modality_type: str,
    sources: Sequence[Source],
    within: Callable[[Condition], Condition],
) -> Callable[[Condition], Condition]:
    """Wraps a condition on a standard name into: the study, or an event of it, bears such a name.

    The raw names that the condition stands for are looked up once and compared as a list. Where it stands for none,
    no study is looked at. A query that was resolved asks for the names themselves (see `resolve`).
    """

    def wrapped(condition: Condition) -> Condition:
        any_name = sa.exists().where(condition, *_known(asked, modality_type, sources))
        either: list[Condition] = []
        for place, source in enumerate(sources):
            keys = sa.select(asked.c.raw_key).where(*_of(asked, modality_type, source), condition)
            named_so = source.key == sa.any_(sa.func.array(keys.scalar_subquery()))
            unmapped = [_unmapped(modality_type, before) for before in sources[:place]]
            either.append(sa.and_(named_so, *unmapped))
        found = sa.or_(*either)
        return sa.and_(any_name, within(found))

    return wrapped


def _known(
    asked: sa.FromClause, modality_type: str, sources: Sequence[Source]
) -> tuple[Condition, Condition]:
    names = [sa.literal_column(f"'{source.name}'", sa.Text()) for source in sources]
    return asked.c.modality_type == sa.literal_column(f"'{modality_type}'", sa.Text()), asked.c.source.in_(
        names
    )


def _unmapped(modality_type: str, source: Source) -> Condition:
    table = RAW.alias(f"mapped_{source.name}")
    keys = sa.select(table.c.raw_key).where(*_of(table, modality_type, source))
    return sa.func.coalesce(source.key, "").not_in(keys)
