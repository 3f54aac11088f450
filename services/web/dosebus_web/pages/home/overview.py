"""The home page as data: every device by modality, its work, and what waits for somebody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.selectable import LateralFromClause

from dosebus.catalogue.listing import Listing
from dosebus.catalogue.listings import LISTINGS
from dosebus.store.prepared import Prepared, cursor_of
from dosebus.store.tables import alerts, dose
from dosebus_web.configured import configured
from dosebus_web.pages.alerts.listing import WAITING, lost_messages

S, T = dose.study.c, dose.study_tally.c
PERIODS = (7, 28)
PERIODS_KEY = "home.periods"
SILENT_DAYS = 7
SILENT_DAYS_KEY = "home.silent_days"
DAYS = 28


@dataclass(frozen=True)
class DeviceWork:
    """One device in one modality."""

    device_id: int | None
    name: str
    place: str
    studies: int
    recent: tuple[int, ...]
    latest_at: datetime | None
    latest_id: int
    silent: bool
    days: tuple[int, ...]

    @property
    def bars(self) -> str:
        """The days as bars of one path, 4 wide and up to 19 high; elements of their own are most of the page."""
        top = max(1, *self.days)
        heights = (round(19 * number / top, 1) if number else 0.6 for number in self.days)
        return "".join(f"M{4 * place} 20v-{height:g}h3v{height:g}z" for place, height in enumerate(heights))


@dataclass(frozen=True)
class ModalityWork:
    """One modality with its devices."""

    listing: Listing
    studies: int
    recent: tuple[int, ...]
    devices: tuple[DeviceWork, ...]


@dataclass(frozen=True)
class Overview:
    """Everything that the home page shows."""

    modalities: tuple[ModalityWork, ...]
    periods: tuple[int, ...]
    alerts: Sequence[Any]
    alerts_waiting: int
    messages_lost: int
    """Alerts that wait although somebody should have been told: the message failed, came back, or is in doubt."""
    set_aside: int
    latest: Sequence[Any]


def periods(connection: sa.Connection) -> tuple[int, ...]:
    """The two periods of days in which work is counted; a setting."""
    value = configured(connection, PERIODS_KEY)
    return tuple(int(days) for days in value) if isinstance(value, list) and value else PERIODS


def silent_days(connection: sa.Connection) -> int:
    """The days without a study after which a device counts as silent; a setting."""
    value = configured(connection, SILENT_DAYS_KEY)
    return value if isinstance(value, int) else SILENT_DAYS


def overview(connection: sa.Connection) -> Overview:
    """What the home page shows now."""
    spans, silence = periods(connection), silent_days(connection)
    return Overview(
        modalities=tuple(
            work
            for listing in LISTINGS.values()
            if (work := _modality(connection, listing, spans, silence)).studies
        ),
        periods=spans,
        alerts=_open_alerts(connection),
        alerts_waiting=_count(connection, alerts.alert, WAITING),
        messages_lost=lost_messages(connection),
        set_aside=_count(connection, dose.dicom_object, dose.dicom_object.c.outcome == "rejected"),
        latest=_latest(connection),
    )


def _modality(
    connection: sa.Connection, listing: Listing, spans: tuple[int, ...], silence: int
) -> ModalityWork:
    rows = _every_device(listing).run(cursor_of(connection), {})
    daily = _daily(connection, listing, max(DAYS, silence + 1, *spans))
    nothing: Mapping[int, int] = {}
    devices = tuple(_device(row, spans, silence, daily.get(row[0], nothing)) for row in rows)
    return ModalityWork(
        listing,
        sum(device.studies for device in devices),
        tuple(sum(device.recent[index] for device in devices) for index in range(len(spans))),
        devices,
    )


def _device(
    row: tuple[Any, ...], spans: tuple[int, ...], silence: int, days: Mapping[int, int]
) -> DeviceWork:
    """A device with its studies of the last days, which stand by how many days ago they were."""
    device_id, studies, latest_at, latest_id, name, place = row
    return DeviceWork(
        device_id,
        name,
        place,
        studies,
        tuple(sum(days.get(ago, 0) for ago in range(span)) for span in spans),
        latest_at,
        latest_id,
        silent=not any(days.get(ago, 0) for ago in range(silence + 1)),
        days=tuple(days.get(ago, 0) for ago in range(DAYS - 1, -1, -1)),
    )


def _listed(listing: Listing) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return sa.literal_column(f"dose.study.{listing.predicate}", sa.Boolean()), S.not_patient_indicator.is_(
        None
    )


@cache
def _every_device(listing: Listing) -> Prepared:
    """The devices of a listing with the number of their studies and the latest one, that one first."""
    every = _by_device(listing)
    latest = _latest_of(listing, every)
    name = sa.func.coalesce(dose.device.c.display_name, "unknown device").label("name")
    place = sa.func.concat_ws(" ", dose.device.c.manufacturer, dose.device.c.model).label("place")
    statement = (
        sa.select(*every.c, *latest.c, name, place)
        .select_from(
            every.outerjoin(dose.device, dose.device.c.id == every.c.device_id).join(latest, sa.true())
        )
        .order_by(latest.c.latest_at.desc().nulls_last(), name)
    )
    return Prepared(statement, literal=True)


def _by_device(listing: Listing) -> sa.CTE:
    """All studies of each device, from their tally."""
    studies = sa.cast(sa.func.sum(T.studies), sa.BigInteger)
    bit = sa.literal_column(str(dose.LISTED_IN[listing.name]), sa.Integer())
    return (
        sa.select(T.device_id, studies.label("studies"))
        .where(T.listed_in.op("&")(bit) != 0)
        .group_by(T.device_id)
        .having(studies > 0)
        .cte("every")
    )


def _latest_of(listing: Listing, every: sa.CTE) -> LateralFromClause:
    """The study of a device's latest time; of several the last one that came. One of both halves finds it."""

    def last(of_device: sa.ColumnElement[bool]) -> sa.Select[Any]:
        return (
            sa.select(S.study_at.label("latest_at"), S.id.label("latest_id"))
            .where(*_listed(listing), of_device)
            .order_by(_at(S.study_at).desc(), S.id.desc())
            .limit(1)
            .correlate(every)
        )

    unknown = sa.and_(S.device_id.is_(None), every.c.device_id.is_(None))
    return sa.union_all(last(S.device_id == every.c.device_id), last(unknown)).lateral("latest")


def _at(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """A time as the index of the list has it."""
    return sa.func.coalesce(column, sa.literal_column("'-infinity'::timestamp"))


@cache
def _days_of(listing: Listing, days: int) -> Prepared:
    """Studies of each device of a listing by how many days ago they were, since `days` ago."""
    ago = (sa.func.current_date() - sa.cast(S.study_at, sa.Date)).label("ago")
    statement = (
        sa.select(S.device_id, ago, sa.func.count())
        .where(*_listed(listing), _at(S.study_at) >= sa.func.current_date() - days)
        .group_by(S.device_id, ago)
    )
    return Prepared(statement, literal=True)


def _daily(connection: sa.Connection, listing: Listing, days: int) -> dict[int | None, dict[int, int]]:
    """Studies of each device by how many days ago they were."""
    found: dict[int | None, dict[int, int]] = {}
    for device_id, ago, studies in _days_of(listing, days).run(cursor_of(connection), {}):
        found.setdefault(device_id, {})[ago] = studies
    return found


def _open_alerts(connection: sa.Connection) -> Sequence[Any]:
    statement = sa.select(alerts.alert).where(WAITING).order_by(alerts.alert.c.raised_at.desc()).limit(5)
    return connection.execute(statement).all()


def _count(connection: sa.Connection, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one())


def _latest(connection: sa.Connection) -> Sequence[Any]:
    statement = (
        sa.select(
            S.id, S.study_at, S.recorded_at, S.modality_types, S.study_description, S.total_dlp_mgycm,
            S.total_dap_gym2, S.administered_activity_mbq, S.accumulated_agd_left_mgy,
            S.accumulated_agd_right_mgy, dose.device.c.display_name,
        )
        .select_from(dose.study.outerjoin(dose.device))
        .order_by(S.recorded_at.desc())
        .limit(10)
    )  # fmt: skip
    return connection.execute(statement).all()
