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
    plate = _path_in_box(focus, rays, low[0], high[0]) / table.plate_cm
    mattress = _path_in_box(focus, rays, low[1], high[1]) / table.mattress_cm
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


def _path_in_box(focus: Floats, rays: Floats, low: Floats, high: Floats) -> Floats:
    """Length (n,) of each segment from the focus along its ray that lies in a box."""
    enter, leave = np.zeros(len(rays)), np.ones(len(rays))
    # One axis at a time: a reduction over three columns costs more than the arithmetic.
    for axis in range(3):
        step, start = rays[:, axis], focus[axis]
        level = step == 0
        safe = np.where(level, 1.0, step)
        one, other = (low[axis] - start) / safe, (high[axis] - start) / safe
        beside = np.inf if not low[axis] <= start <= high[axis] else -np.inf
        np.maximum(enter, np.where(level, beside, np.minimum(one, other)), out=enter)
        np.minimum(leave, np.where(level, np.inf, np.maximum(one, other)), out=leave)
    inside = np.clip(leave - enter, 0.0, None)
    path: Floats = inside * np.sqrt((rays**2).sum(axis=1))
    return path
