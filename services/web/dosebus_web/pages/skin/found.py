"""Reads what stands of a study's skin dose: its map, the sums that end with it, and its events."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from dosebus.skin.arrays import dose_bytes, dose_of, little_endian, step_bytes
from dosebus.store.tables import dose
from dosebus_web.pages.skin.body import Part, parts_of

S = dose.study.c
M = dose.skin_map.c
SUM = dose.skin_sum.c
E = dose.projection_event.c
ARRAYS = frozenset({"dose_map", "contributions", "geometry"})
"""Columns that a page does not need to say its figures."""
MOST_EVENTS = 20_000


@dataclass(frozen=True)
class Member:
    """A study of a sum: the flat places of the map where it left a dose (Gy)."""

    study_id: int
    study_date: date | None
    description: str | None
    cells: Sequence[int]
    dose_gy: Sequence[float]


@dataclass(frozen=True)
class DoseMap:
    """A map that can be drawn: of one study, or the sum of several that ends with it."""

    study_id: int
    rows: int
    columns: int
    peak_row: int
    peak_column: int
    peak_gy: float
    stored: bytes
    geometry: dict[str, Any]
    stamp: str
    steps: Sequence[dict[str, Any]] = ()
    contributions: bytes | None = None
    members: tuple[Member, ...] = ()
    """Of a sum: its studies in order of time, where their own maps are on its body; each is a step."""

    @property
    def peak(self) -> int:
        """Flat place of the largest cell."""
        return self.peak_row * self.columns + self.peak_column

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The body under it."""
        return parts_of(self.geometry)

    @cached_property
    def dose_gy(self) -> Sequence[float]:
        """Doses (Gy), row after row."""
        return dose_of(self.stored, self.rows, self.columns)

    @property
    def dose_bytes(self) -> bytes:
        """The same as float64, little-endian."""
        return dose_bytes(self.stored, self.rows, self.columns)

    @property
    def step_bytes(self) -> bytes:
        """What the events, or the studies of a sum, gave: uint16 places, then float32 doses (Gy)."""
        if self.members:
            cells, doses = array("H"), array("f")
            for member in self.members:
                cells.extend(member.cells)
                doses.extend(member.dose_gy)
            return little_endian(cells) + little_endian(doses)
        return step_bytes(self.contributions, self.steps) if self.contributions is not None else b""


def study_of(connection: sa.Connection, study_id: int) -> Any | None:
    """The head of a study of fluoroscopy; None where there is none."""
    device = dose.device.c
    select = (
        sa.select(
            S.id, S.study_instance_uid, S.modality_types, S.study_at, S.study_date, S.study_description,
            S.requested_procedure, S.revision, S.total_dap_gym2, S.not_patient_indicator,
            device.display_name, device.manufacturer, device.model,
        )
        .select_from(dose.study.outerjoin(dose.device))
        .where(S.id == study_id)
    )  # fmt: skip
    row = connection.execute(select).first()
    return row if row is not None and "RF" in row.modality_types else None


def map_row(connection: sa.Connection, study_id: int) -> Any:
    """What was said of a study's map, without its arrays."""
    columns = [one for one in dose.skin_map.c if one.name not in ARRAYS]
    return connection.execute(sa.select(*columns).where(M.study_id == study_id)).first()


def sum_rows(connection: sa.Connection, study_id: int) -> Sequence[Any]:
    """The sums that end with a study, the shortest window first, without their arrays."""
    columns = [one for one in dose.skin_sum.c if one.name not in ARRAYS]
    return connection.execute(sa.select(*columns).where(SUM.study_id == study_id).order_by(SUM.weeks)).all()


def member_rows(connection: sa.Connection, ids: Sequence[int]) -> Sequence[Any]:
    """The studies of a sum with what stands of their own maps, the newest first."""
    select = (
        sa.select(
            S.id, S.study_at, S.study_date, S.study_description, S.total_dap_gym2, M.outcome,
            M.peak_skin_dose_gy, M.peak_bound_gy, M.peak_region,
        )
        .select_from(dose.study.outerjoin(dose.skin_map, M.study_id == S.id))
        .where(S.id.in_(ids))
        .order_by(S.study_at.desc().nulls_last(), S.id.desc())
    )  # fmt: skip
    return connection.execute(select).all()


def event_rows(connection: sa.Connection, study_id: int) -> Sequence[Any]:
    """Type and angles of a study's events in the order in which maps number them from 1."""
    select = (
        sa.select(
            E.event_type_meaning,
            E.acquisition_protocol,
            E.positioner_primary_angle_deg,
            E.positioner_secondary_angle_deg,
        )
        .where(E.study_id == study_id)
        .order_by(E.report_index, E.event_index)
        .limit(MOST_EVENTS)
    )
    return connection.execute(select).all()


def drawable(
    connection: sa.Connection, study_id: int, weeks: int | None, *, replayed: bool = True
) -> DoseMap | None:
    """The map of a study, or its sum over so many weeks; None where there is none.

    A sum that is not to be replayed comes without the maps of its studies.
    """
    if weeks is None:
        table, where = dose.skin_map, M.study_id == study_id
    else:
        table, where = dose.skin_sum, sa.and_(SUM.study_id == study_id, SUM.weeks == weeks)
    row = connection.execute(sa.select(table).where(where)).first()
    if row is None or row.dose_map is None:
        return None
    if weeks is None:
        own: dict[str, Any] = {"steps": row.steps, "contributions": row.contributions}
    else:
        members = _members(connection, row) if replayed else ()
        own = {"members": members, "steps": [_step(n, one) for n, one in enumerate(members, start=1)]}
    return DoseMap(
        study_id=study_id,
        rows=row.row_count,
        columns=row.column_count,
        peak_row=row.peak_row,
        peak_column=row.peak_column,
        peak_gy=row.peak_skin_dose_gy,
        stored=row.dose_map,
        geometry=row.geometry,
        stamp=row.computed_at.isoformat(),
        **own,
    )


def _members(connection: sa.Connection, row: Any) -> tuple[Member, ...]:
    """The studies of a sum, each with its own map; none where one of these was made on another body."""
    body = ("height_cm", "mass_kg", "method_version", "mode")
    select = (
        sa.select(
            S.id, S.study_date, S.study_description, M.dose_map, M.row_count, M.column_count, M.provenance,
            M.method_version, M.method.label("mode"),
        )
        .select_from(dose.study.join(dose.skin_map, M.study_id == S.id))
        .where(S.id.in_(row.member_ids), M.dose_map.is_not(None))
        .order_by(S.study_date.nulls_first(), S.study_time.nulls_first(), S.id)
    )  # fmt: skip
    wanted = [row.provenance.get(key) for key in body]
    found = []
    for one in connection.execute(select):
        told = {**one.provenance, "method_version": one.method_version, "mode": one.mode}
        if [told.get(key) for key in body] != wanted:
            return ()
        doses = dose_of(one.dose_map, one.row_count, one.column_count)
        cells = [place for place, gray in enumerate(doses) if gray > 0]
        given = [doses[place] for place in cells]
        found.append(Member(one.id, one.study_date, one.study_description, cells, given))
    return tuple(found)


def _step(number: int, member: Member) -> dict[str, Any]:
    return {"first_event": number, "last_event": number, "cells": len(member.cells)}
