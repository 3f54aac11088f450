"""What the patient table lets through: half lines through a thin plate, or paths through slabs (R5, R6)."""

from __future__ import annotations

from typing import Final

import numpy as np

from dosebus_extract.skin.method import Method
from dosebus_extract.skin.pose import Table
from dosebus_extract.skin.surface import Floats

_LEVEL: Final = 1e-8 / (45.0 * 150.0)


def table_transmission(
    focus: Floats,
    rays: Floats,
    *,
    slant: float,
    transmission: float,
    table: Table,
    mattress_share: float,
    method: Method,
) -> Floats:
    """Transmission (n,) for rays (n, 3), each from the focus (3,) to its skin point, all in the table frame.

    `transmission` is that of a perpendicular ray through plate and mattress; `slant` the central ray's Z component.
    """
    each_ray = method.r5_table_slant == "each-ray"
    if method.r6_table_crossing == "half-line":
        crossed = _half_line_crosses(focus, rays, table)
        if each_ray:
            length = np.sqrt((rays**2).sum(axis=1))
            paths = length / np.maximum(np.abs(rays[:, 2]), _LEVEL)
        else:
            paths = np.full(len(rays), _central_path(slant))
        with np.errstate(over="ignore"):
            return np.where(crossed, np.power(transmission, np.where(crossed, paths, 0.0)), 1.0)
    if min(focus[2], (focus[2] + rays[:, 2]).min(initial=np.inf)) >= table.mattress_cm:
        return np.ones(len(rays))
    low, high = table.boxes()
    inside = _shares_in_boxes(focus, rays, low, high)
    length = np.sqrt(rays[:, 0] * rays[:, 0] + rays[:, 1] * rays[:, 1] + rays[:, 2] * rays[:, 2])
    plate, mattress = inside[0] * length / table.plate_cm, inside[1] * length / table.mattress_cm
    if each_ray:
        paths = (1.0 - mattress_share) * plate + mattress_share * mattress
    else:
        paths = np.where(plate > 0, abs(_central_path(slant)), 0.0)
    attenuated: Floats = np.power(transmission, paths)
    return attenuated


def _central_path(slant: float) -> float:
    return 1.0 / slant if slant else np.inf


def _half_line_crosses(
    focus: Floats, rays: Floats, table: Table
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which half lines meet the table top's rectangle while they climb."""
    climb = rays[:, 2]
    climbs = climb >= _LEVEL
    along = -focus[2] / np.where(climbs, climb, 1.0)
    x, y = focus[0] + along * rays[:, 0], focus[1] + along * rays[:, 1]
    crossed: np.ndarray[tuple[int], np.dtype[np.bool_]] = (
        climbs & (along >= 0) & (np.abs(x) <= table.width_cm / 2) & (y >= 0) & (y <= table.length_cm)
    )
    return crossed


def _shares_in_boxes(focus: Floats, rays: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Which share (n,) of each segment from focus to skin lies in plate and mattress, which differ in Z only."""
    enter, leave = np.zeros(len(rays)), np.ones(len(rays))
    for axis in range(2):
        enter, leave = _narrowed(enter, leave, focus[axis], rays[:, axis], (low[0, axis], high[0, axis]))
    plate, mattress = (
        _narrowed(enter, leave, focus[2], rays[:, 2], (low[box, 2], high[box, 2])) for box in range(2)
    )
    return np.clip(plate[1] - plate[0], 0.0, None), np.clip(mattress[1] - mattress[0], 0.0, None)


def _narrowed(
    enter: Floats, leave: Floats, start: float, step: Floats, between: tuple[float, float]
) -> tuple[Floats, Floats]:
    """The part of [enter, leave] in which start + t step lies between two planes."""
    low, high = between
    level = step == 0
    if not level.any():
        one, other = (low - start) / step, (high - start) / step
        return np.maximum(enter, np.minimum(one, other)), np.minimum(leave, np.maximum(one, other))
    safe = np.where(level, 1.0, step)
    one, other = (low - start) / safe, (high - start) / safe
    beside = np.inf if not low <= start <= high else -np.inf
    return (
        np.maximum(enter, np.where(level, beside, np.minimum(one, other))),
        np.minimum(leave, np.where(level, np.inf, np.maximum(one, other))),
    )
