"""How often each raw name was written, and when last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa

from dosebus.catalogue.listing import Listing, events_of
from dosebus.catalogue.listings import LISTINGS
from dosebus.catalogue.source import listed
from dosebus.catalogue.standard_names import (
    ACQUISITION_TABLES,
    STUDY_SOURCES,
    Source,
    acquisition_sources,
    raw_key,
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
    """Counted as they are written, from an index alone; only the few names that there are, are folded."""
    listing = listing_of(chapter)
    if chapter.kind == "acquisition":
        # Events know their study's time, and whether it is test data.
        table: sa.Table = ACQUISITION_TABLES[chapter.modality_type]
        known = (*events_of(listing.name), sa.not_(table.c.test_data))
    else:
        table, known = dose.study, (listed(listing), S.not_patient_indicator.is_(None))
    raw = (
        sa.select(
            source.column.label("raw_name"),
            sa.func.count().label("volume"),
            sa.func.max(table.c.study_at).label("last_seen_at"),
        )
        .where(*known, source.column.is_not(None))
        .group_by(source.column)
    )
    if since is not None:
        moment = sa.literal(datetime.combine(since, time()), sa.DateTime())
        raw = raw.where(sa.literal_column(dose.STUDY_AT_KEY, sa.DateTime()) >= moment)
    every = raw.cte("every").c
    volume = sa.cast(sa.func.sum(every.volume), sa.BigInteger).label("volume")
    key = raw_key(every.raw_name)
    return (
        sa.select(
            key.label("key"),
            sa.func.min(sa.func.btrim(every.raw_name)).label("raw_name"),
            volume,
            sa.func.max(every.last_seen_at).label("last_seen_at"),
        )
        .group_by(key)
        .having(key != "")
        .order_by(volume.desc(), key)
    )
