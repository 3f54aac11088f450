"""A map's arrays as `dosebus.skin.arrays` reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from dosebus.skin.arrays import dose_bytes, packed
from dosebus_extract.skin.result import EventDose
from dosebus_extract.skin.surface import Floats, Integers

MOST_ENTRIES: Final = 2_000_000
"""Cells of all steps together, 12 MB before compression: a study of 300 stationary events has about 60 000."""


@dataclass(frozen=True, slots=True)
class StoredSteps:
    """The column `contributions` and the column `steps` that tells how to read it."""

    contributions: bytes
    steps: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Step:
    first_event: int
    last_event: int
    cells: Integers
    dose_gy: Floats


def packed_map(dose_gy: Floats) -> bytes:
    """The column `dose_map` of a map (rows, columns)."""
    return packed(np.ascontiguousarray(dose_gy, dtype="<f8").tobytes())


def unpacked_map(stored: bytes, rows: int, columns: int) -> Floats:
    """The map (rows, columns) of a column `dose_map`. Raises dosebus.skin.arrays.NotAnArray."""
    return np.frombuffer(dose_bytes(stored, rows, columns), dtype="<f8").reshape(rows, columns).copy()


def packed_steps(contributions: Sequence[EventDose], most_entries: int = MOST_ENTRIES) -> StoredSteps:
    """The events' parts; neighbouring events are put together until no more than `most_entries` cells remain.

    One step always remains, so a map of more cells than `most_entries` keeps that many.
    """
    steps = [_Step(one.event, one.event, one.cells, one.dose_gy) for one in contributions]
    while len(steps) > 1 and sum(len(step.cells) for step in steps) > most_entries:
        steps = [_together(steps[at : at + 2]) for at in range(0, len(steps), 2)]
    cells = np.concatenate([step.cells for step in steps]) if steps else np.zeros(0)
    doses = np.concatenate([step.dose_gy for step in steps]) if steps else np.zeros(0)
    told = [
        {
            "first_event": step.first_event,
            "last_event": step.last_event,
            "cells": len(step.cells),
            "peak_gy": float(step.dose_gy.max(initial=0.0)),
        }
        for step in steps
    ]
    return StoredSteps(packed(cells.astype("<u2").tobytes() + doses.astype("<f4").tobytes()), told)


def _together(steps: Sequence[_Step]) -> _Step:
    cells, place = np.unique(np.concatenate([step.cells for step in steps]), return_inverse=True)
    doses: Floats = np.bincount(
        place, weights=np.concatenate([step.dose_gy for step in steps]), minlength=len(cells)
    ).astype(np.float64)
    return _Step(steps[0].first_event, steps[-1].last_event, cells, doses)
