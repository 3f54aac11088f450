"""A skin dose map with all that must be said of it."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

import numpy as np

from dosebus_extract.skin.phantom import Phantom, Size
from dosebus_extract.skin.surface import Floats, Integers
from dosebus_extract.skin.uncertainty import Budget


@dataclass(frozen=True, slots=True)
class NotComputed:
    """An event, or with no number the whole study, that has no place on the map, and why."""

    event: int | None
    irradiation_event_uid: str | None
    reason: str
    dap_gym2: float | None = None
    bound_gy: float | None = None
    """No point of the skin got more than this from the event; only where its position is all that is missing."""

    def as_record(self) -> dict[str, Any]:
        """Its public form; what is absent is left out."""
        pairs = {
            "event": self.event,
            "irradiation_event_uid": self.irradiation_event_uid,
            "reason": self.reason,
            "dap_gym2": self.dap_gym2,
            "bound_gy": self.bound_gy,
        }
        return {key: value for key, value in pairs.items() if value is not None}


@dataclass(frozen=True, slots=True)
class EventDose:
    """One event's part of the map: flat places in it, dose (Gy) there, and what had to be assumed."""

    event: int
    irradiation_event_uid: str | None
    cells: Integers
    dose_gy: Floats
    dap_on_phantom_gym2: float
    orientation: str
    orientation_source: str
    notes: tuple[str, ...]

    @property
    def peak_gy(self) -> float:
        """Largest dose of this event."""
        return float(self.dose_gy.max(initial=0.0))


@dataclass(frozen=True, slots=True)
class SkinDoseMap:
    """Skin dose (Gy) by cell: `dose_gy` (rows, columns), row 0 at the crown.

    Columns run over the anterior flat, the patient's left, the back and the right. `bound_gy` is the peak plus the
    bounds of the events whose position is unknown.
    """

    dose_gy: Floats
    phantom: Phantom
    size: Size
    method: str
    mode: str
    dap_fraction: float
    events_total: int
    contributions: tuple[EventDose, ...]
    not_computed: tuple[NotComputed, ...]
    budget: Budget
    is_validated: bool
    calibration_factor: float | None
    table_transmission: str

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.dose_gy.shape[0], self.dose_gy.shape[1]

    @property
    def peak_gy(self) -> float:
        """The largest cell (nominally 1 cm²)."""
        return float(self.dose_gy.max(initial=0.0))

    @property
    def bound_gy(self) -> float:
        """No cell got more than this, as far as events have a bound."""
        return self.peak_gy + sum(missing.bound_gy or 0.0 for missing in self.not_computed)

    @property
    def peak_interval_gy(self) -> tuple[float, float]:
        """The peak with its expanded uncertainty (k = 2)."""
        reach = self.budget.expanded * self.peak_gy
        return max(self.peak_gy - reach, 0.0), self.peak_gy + reach

    @property
    def event_that_gave_most(self) -> int | None:
        """Number of the event with the largest part at the peak cell; None on an empty map."""
        if self.peak_gy <= 0:
            return None
        peak = int(self.dose_gy.argmax())
        parts = ((float(one.dose_gy[one.cells == peak].sum()), -one.event) for one in self.contributions)
        return -max(parts)[1]

    def mean_over_gy(self, area_cm2: int) -> float:
        """Mean dose of the contiguous patch that grows from the peak by its hottest neighbour to `area_cm2` cells."""
        rows, columns = self.shape
        start = divmod(int(self.dose_gy.argmax()), columns)
        seen, waiting, doses = {start}, [(-float(self.dose_gy[start]), start)], list[float]()
        while waiting and len(doses) < area_cm2:
            dose, (row, column) = heappop(waiting)
            doses.append(-dose)
            for place in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
                wrapped = place[0], place[1] % columns
                if 0 <= place[0] < rows and wrapped not in seen:
                    seen.add(wrapped)
                    heappush(waiting, (-float(self.dose_gy[wrapped]), wrapped))
        return float(np.mean(doses)) if doses else 0.0

    def as_record(self) -> dict[str, Any]:
        """The public form: cells with dose only, as [row, column, Gy]."""
        places = np.argwhere(self.dose_gy > 0)
        return {
            "shape": list(self.shape),
            "cells": [[int(row), int(column), float(self.dose_gy[row, column])] for row, column in places],
            "peak_gy": self.peak_gy,
            "dap_fraction": self.dap_fraction,
            "method": self.method,
            "not_computed": [one.as_record() for one in self.not_computed],
        }

    def provenance(self) -> dict[str, Any]:
        """What is kept with the map besides its cells."""
        low, high = self.peak_interval_gy
        record: dict[str, Any] = {
            "mode": self.mode,
            "is_validated": self.is_validated,
            "events_used": len(self.contributions),
            "events_total": self.events_total,
            "height_cm": self.size.height_cm,
            "height_source": self.size.height_source,
            "mass_kg": self.size.mass_kg,
            "mass_source": self.size.mass_source,
            "phantom": {
                "width_cm": self.phantom.width_cm,
                "depth_cm": self.phantom.depth_cm,
                "flat_cells": self.phantom.flat,
                "curved_cells": self.phantom.curved,
                "torso_rows": self.phantom.torso_rows,
                "head_rows": self.phantom.head_rows,
            },
            "peak_low_gy": low,
            "peak_high_gy": high,
            "relative_standard_uncertainty": self.budget.combined,
            "bound_gy": self.bound_gy,
            "event_that_gave_most": self.event_that_gave_most,
            "calibration_factor": self.calibration_factor,
            "table_transmission": self.table_transmission,
            "events": [
                {
                    "event": one.event,
                    "irradiation_event_uid": one.irradiation_event_uid,
                    "peak_gy": one.peak_gy,
                    "orientation": one.orientation,
                    "orientation_source": one.orientation_source,
                    "notes": list(one.notes),
                }
                for one in self.contributions
            ],
        }
        if self.mode != "reference":
            record["mean_over_10_cm2_gy"] = self.mean_over_gy(10)
        return record
