"""How often each raw name was written, and when last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa

from dosebus.catalogue.listing import Listing
from dosebus.catalogue.listings import LISTINGS
from dosebus.catalogue.standard_names import (
    ACQUISITION_TABLES,
    STUDY_SOURCES,
    Source,
    acquisition_sources,
)
from dosebus.store.tables import dose
from dosebus_web.pages.names.mapping import RawKey
from dosebus_web.pages.names.store import Chapter

S = dose.study.c


@dataclass(frozen=True, slots=True)
class Seen:
    """A raw name with the number of its studies or acquisitions, and the time of the latest."""

    key: RawKey
    raw_name: str
    volume: int
    last_seen_at: datetime | None


def listing_of(chapter: Chapter) -> Listing:
    """The list whose studies a chapter names."""
    return next(one for one in LISTINGS.values() if chapter.modality_type in one.modality_types)


def sources_of(chapter: Chapter) -> tuple[Source, ...]:
    """Where the raw names of a chapter come from."""
    return acquisition_sources(chapter.modality_type) if chapter.kind == "acquisition" else STUDY_SOURCES


def seen(connection: sa.Connection, chapter: Chapter, since: date | None) -> Iterator[Seen]:
    """Every raw name of the studies since a day (None: of all), the most frequent first by source.

    One scan a source: what is older than anybody looks for is left out, so that the page stays fast.
    """
    for source in sources_of(chapter):
        for row in connection.execute(_counted(chapter, source, since)):
            yield Seen((source.name, row.key), row.raw_name, row.volume, row.last_seen_at)


def _counted(chapter: Chapter, source: Source, since: date | None) -> sa.Select[*tuple[Any, ...]]:
    rows: sa.FromClause = dose.study
    if chapter.kind == "acquisition":
        events = ACQUISITION_TABLES[chapter.modality_type]
        rows = rows.join(events, events.c.study_id == S.id)
    volume = sa.func.count().label("volume")
    wanted = (
        sa.select(
            source.key.label("key"),
            sa.func.min(sa.func.btrim(source.column)).label("raw_name"),
            volume,
            sa.func.max(S.study_at).label("last_seen_at"),
        )
        .select_from(rows)
        .where(
            sa.literal_column(f"dose.study.{listing_of(chapter).predicate}", sa.Boolean()),
            S.not_patient_indicator.is_(None),
            source.column.is_not(None),
        )
        .group_by(source.key)
        # Asked of a few hundred groups rather than of millions of rows.
        .having(source.key != "")
        .order_by(volume.desc(), source.key)
    )
    if since is not None:
        moment = sa.literal(datetime.combine(since, time()), sa.DateTime())
        wanted = wanted.where(sa.literal_column(dose.STUDY_AT_KEY, sa.DateTime()) >= moment)
    return wanted
