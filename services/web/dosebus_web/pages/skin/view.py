"""The skin dose page as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from dosebus_web.pages.skin import found
from dosebus_web.pages.skin.body import RegionPeak, region_peaks
from dosebus_web.pages.skin.events import Unplaced, unplaced
from dosebus_web.pages.skin.found import DoseMap
from dosebus_web.pages.skin.wording import BUDGET, NOTICED_GY, POSITIONS


@dataclass(frozen=True)
class SkinView:
    """Everything that the template shows. `row` is of the chosen map or sum; None where nothing was looked at yet."""

    study: Any
    weeks: int | None
    row: Any
    sums: Sequence[Any]
    drawn: DoseMap | None
    regions: Sequence[RegionPeak]
    unplaced: Sequence[Unplaced]
    members: Sequence[Any]
    at_peak: Mapping[int, float]
    """Of a sum: what each study gave at the peak (Gy)."""
    orientations: Sequence[tuple[str, str, int]]
    notes: Sequence[tuple[str, int]]
    is_current: bool

    @property
    def is_noticed(self) -> bool:
        """Whether the peak is set off."""
        return self.row is not None and (self.row.peak_skin_dose_gy or 0.0) >= NOTICED_GY

    @property
    def told(self) -> Mapping[str, Any]:
        """Where the figures come from."""
        return self.row.provenance if self.row is not None else {}

    @property
    def stamp(self) -> str:
        """Changes when the map does."""
        return self.row.computed_at.isoformat() if self.row is not None else ""

    @property
    def offsets(self) -> Sequence[tuple[str, float, float]]:
        """Of each table position its name, sign and offset (cm), as the map took them."""
        device = self.told.get("device") or {}
        signs, offsets = device.get("position_sign"), device.get("position_offset_cm")
        return list(zip(POSITIONS, signs, offsets, strict=True)) if signs and offsets else []

    @property
    def budget(self) -> Sequence[tuple[str, float]]:
        """The parts of the uncertainty, relative and standard (1 sigma)."""
        budget = self.told.get("budget") or {}
        return [(text, float(budget[key])) for key, text in BUDGET.items() if key in budget]


def view(connection: sa.Connection, study_id: int, weeks: int | None) -> SkinView | None:
    """The page of a study's map, or of its sum over so many weeks; None where there is no such study or sum."""
    study = found.study_of(connection, study_id)
    if study is None:
        return None
    own = found.map_row(connection, study_id)
    sums = found.sum_rows(connection, study_id)
    row = own if weeks is None else next((one for one in sums if one.weeks == weeks), None)
    if weeks is not None and row is None:
        return None
    drawn = found.drawable(connection, study_id, weeks)
    told = row.provenance if row is not None else {}
    return SkinView(
        study=study,
        weeks=weeks,
        row=row,
        sums=sums,
        drawn=drawn,
        regions=region_peaks(drawn.parts, drawn.dose_gy, drawn.columns) if drawn else (),
        unplaced=unplaced(row.not_computed) if row is not None and weeks is None else (),
        members=found.member_rows(connection, row.member_ids)
        if row is not None and weeks is not None
        else (),
        at_peak={one["study_id"]: one["at_peak_gy"] for one in told.get("parts", ())},
        orientations=_orientations(told),
        notes=_notes(told),
        is_current=own is None or own.study_revision == study.revision,
    )


def _orientations(told: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    """Orientation, where it is from, and how many events lay so."""
    counted = Counter((one["orientation"], one["orientation_source"]) for one in told.get("events", ()))
    return [(orientation, source, count) for (orientation, source), count in counted.most_common()]


def _notes(told: Mapping[str, Any]) -> list[tuple[str, int]]:
    """What had to be assumed, with the number of events it was assumed for; 0 where it is the whole study."""
    counted = Counter(note for one in told.get("events", ()) for note in one.get("notes", ()))
    return [*((note, 0) for note in told.get("size_notes", ())), *counted.most_common()]
