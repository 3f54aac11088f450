"""(listing, query, page or aggregate) becomes ONE select."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from dosebus.catalogue.aggregate import statistics
from dosebus.catalogue.filter import Resolved
from dosebus.catalogue.gather import Aggregate
from dosebus.catalogue.histogram import density, histogram
from dosebus.catalogue.listing import Listing, events_of
from dosebus.catalogue.query import ListQuery
from dosebus.catalogue.source import conditions, studies, with_events, with_studies
from dosebus.store.tables import dose

S = dose.study.c
CAP = 10_000
MOST_MERGED = 8
"""Beyond so many protocols, studies are looked at one by one."""


def page(listing: Listing, query: ListQuery) -> sa.Select[Any]:
    """The rows of one list page under the keys of the chosen columns, with `id`, `study_instance_uid`, `device_id`.

    One row more than the limit is fetched; `query.page_of(rows)` cuts it off and gives the cursors. Patient fields
    are there only where the query allows them.
    """
    fields = listing.chosen(query.columns, allow_pid=query.allow_pid)
    named = {field.key for field in fields}
    own = [S[name] for name in ("id", "study_instance_uid", "device_id") if name not in named]
    columns = [field.labelled() for field in fields]
    key = listing.sorts[query.sort].sort_key
    order = _order(key, descending=query.descending != (query.before is not None))
    # Which studies, first: an index that holds what is asked tells it without the wide rows.
    some = _of_page(listing, query).subquery("page")
    source = with_studies(listing, [*columns, key]).join(some, some.c.id == S.id)
    return sa.select(*own, *columns).select_from(source).order_by(*order)


def _of_page(listing: Listing, query: ListQuery) -> sa.Select[Any]:
    """The ids of the studies of a page, with one more than the limit."""
    key = listing.sorts[query.sort].sort_key
    cursor = query.after if query.after is not None else query.before
    descending = query.descending != (query.before is not None)
    select = (
        sa.select(S.id)
        .select_from(with_studies(listing, [key]))
        .where(*conditions(listing, query))
        .order_by(*_order(key, descending=descending))
        .limit(query.limit + 1)
    )
    if cursor is None:
        return select
    here = sa.tuple_(key, S.id)
    there = sa.tuple_(_key_of(listing, query, cursor), sa.literal(cursor, sa.BigInteger()))
    return select.where(here < there if descending else here > there)


def count_capped(listing: Listing, query: ListQuery, cap: int = CAP) -> sa.Select[Any]:
    """The number of studies, at most `cap` + 1: a greater number is told as "more than `cap`"."""
    merged = _of_protocols(listing, query, cap)
    some = _each(listing, query) if merged is None else merged
    return sa.select(sa.func.count()).select_from(some.limit(cap + 1).subquery())


def _each(listing: Listing, query: ListQuery) -> sa.Select[Any]:
    """A row a study, and nothing in it, so that any index that tells which studies these are will do."""
    return sa.select(sa.literal_column("1")).select_from(studies()).where(*conditions(listing, query))


def _of_protocols(listing: Listing, query: ListQuery, cap: int) -> sa.Select[Any] | None:
    """The studies of events of some protocols, where nothing else is asked.

    The index of protocols has the studies of each in order. Of each as many are read as are told apart: where one
    has more, all together have more.
    """
    if query.groups or len(query.filters) != 1 or not isinstance(query.filters[0].value, Resolved):
        return None
    protocols = query.filters[0].value.protocols
    if not 0 < len(protocols) <= MOST_MERGED:
        return None
    e = listing.event_table.c
    of_each = [
        sa.select(e.study_id)
        .where(e.acquisition_protocol == protocol, sa.not_(e.test_data), *events_of(listing.name))
        .distinct()
        .order_by(e.study_id)
        .limit(cap + 1)
        for protocol in protocols
    ]
    return sa.select(sa.union_all(*of_each).subquery().c.study_id).distinct()


def stream_events(listing: Listing, query: ListQuery) -> sa.Select[Any]:
    """Every event of every matching study, in the list's order and then the events' order.

    Rows carry `id` (the study's), `report_index`, `event_index` and the keys of `listing.event_fields`. Read beside
    `stream_studies` in one snapshot, by server-side cursors: studies come in the same order there.
    """
    columns = [field.labelled() for field in listing.visible(listing.event_fields, allow_pid=query.allow_pid)]
    key = listing.sorts[query.sort].sort_key
    places = [listing.event_table.c[name] for name in ("report_index", "event_index")]
    return (
        sa.select(S.id, *places, *columns)
        .select_from(with_events(listing, [*columns, key]))
        .where(*conditions(listing, query))
        .order_by(*_order(key, descending=query.descending), *listing.event_order)
    )


def stream_studies(listing: Listing, query: ListQuery) -> sa.Select[Any]:
    """Every matching study in the list's order, under `id` and the keys of `listing.study_fields`."""
    columns = [field.labelled() for field in listing.visible(listing.study_fields, allow_pid=query.allow_pid)]
    order = _order(listing.sorts[query.sort].sort_key, descending=query.descending)
    return (
        sa.select(S.id, *columns)
        .select_from(with_studies(listing, columns))
        .where(*conditions(listing, query))
        .order_by(*order)
    )


def events(listing: Listing, study_id: int) -> sa.Select[Any]:
    """The events of one study in their order, under the keys of `listing.event_fields`."""
    columns = [field.labelled() for field in listing.event_fields]
    places = [listing.event_table.c[name] for name in ("report_index", "event_index")]
    return (
        sa.select(*places, *columns)
        .select_from(with_events(listing, columns))
        .where(S.id == study_id)
        .order_by(*listing.event_order)
    )


def aggregate(listing: Listing, query: ListQuery, wanted: Aggregate) -> sa.Select[Any]:
    """What a chart shows: statistics by series and period, a density or a histogram (see `Aggregate`)."""
    if wanted.against is not None:
        return density(listing, query, wanted)
    return histogram(listing, query, wanted) if wanted.bins else statistics(listing, query, wanted)


def _order(key: sa.ColumnElement[Any], *, descending: bool) -> tuple[sa.UnaryExpression[Any], ...]:
    return (key.desc(), S.id.desc()) if descending else (key.asc(), S.id.asc())


def _key_of(listing: Listing, query: ListQuery, study_id: int) -> Any:
    """The sort key of the study at a cursor."""
    key = listing.sorts[query.sort].sort_key
    return (
        sa.select(key)
        .select_from(with_studies(listing, [key]))
        .where(S.id == study_id)
        .correlate(None)
        .scalar_subquery()
    )
