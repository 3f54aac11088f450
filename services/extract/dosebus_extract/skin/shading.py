"""Which part of the body a ray meets first: the head shades the shoulders, the torso the head (R9).

Patient frame. The torso is a box and two cylinders, the head one cylinder, all upright along y and cut by planes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dosebus_extract.skin.phantom import HEAD_RADIUS_CM, Phantom
from dosebus_extract.skin.surface import Floats

Flags = NDArray[np.bool_]


def head_box(phantom: Phantom) -> tuple[Floats, Floats]:
    """The upright box (low, high) round the head."""
    r = HEAD_RADIUS_CM
    return np.array([-r, 0.0, 0.0]), np.array([r, float(phantom.head_rows), 2 * r])


def torso_box(phantom: Phantom) -> tuple[Floats, Floats]:
    """The upright box round the torso."""
    half, depth = phantom.width_cm / 2, phantom.depth_cm
    return (
        np.array([-half, float(phantom.head_rows), 0.0]),
        np.array([half, float(phantom.rows), depth]),
    )


def meets_head(focus: Floats, rays: Floats, phantom: Phantom, upto: float = 1.0) -> Flags:
    """Which segments focus + t ray, 0 <= t < upto, pass through the head. Rays (n, 3) -> (n,)."""
    y = _slab(focus[1], rays[:, 1], 0.0, float(phantom.head_rows))
    circle = _circle(focus, rays, 0.0, HEAD_RADIUS_CM, HEAD_RADIUS_CM)
    return _overlap(y, circle, upto)


def meets_torso(focus: Floats, rays: Floats, phantom: Phantom, upto: float = 1.0) -> Flags:
    """Which segments pass through the torso."""
    r, half = phantom.radius_cm, phantom.flat / 2
    y = _slab(focus[1], rays[:, 1], float(phantom.head_rows), float(phantom.rows))
    x = _slab(focus[0], rays[:, 0], -half, half)
    z = _slab(focus[2], rays[:, 2], 0.0, 2 * r)
    box = (np.maximum(x[0], z[0]), np.minimum(x[1], z[1]))
    return (
        _overlap(y, box, upto)
        | _overlap(y, _circle(focus, rays, half, r, r), upto)
        | _overlap(y, _circle(focus, rays, -half, r, r), upto)
    )


def is_inside(point: Floats, phantom: Phantom) -> bool:
    """Whether a point (3,) is within head or torso."""
    boxes = (head_box(phantom), torso_box(phantom))
    if not any((low <= point).all() and (point <= high).all() for low, high in boxes):
        return False
    still = np.array([[0.0, 0.0, 0.0]])
    return bool(meets_head(point, still, phantom)[0] or meets_torso(point, still, phantom)[0])


Interval = tuple[Floats, Floats]


def _slab(start: float, step: Floats, low: float, high: float) -> Interval:
    """Where start + t step is between two planes: (enter, leave), empty when enter > leave."""
    level = step == 0
    if not level.any():
        one, other = (low - start) / step, (high - start) / step
        return np.minimum(one, other), np.maximum(one, other)
    safe = np.where(level, 1.0, step)
    one, other = (low - start) / safe, (high - start) / safe
    within = low <= start <= high
    enter = np.where(level, -np.inf if within else np.inf, np.minimum(one, other))
    leave = np.where(level, np.inf if within else -np.inf, np.maximum(one, other))
    return enter, leave


def _circle(focus: Floats, rays: Floats, x: float, z: float, radius: float) -> Interval:
    """Where a ray is within an endless cylinder along y about (x, z)."""
    dx, dz = rays[:, 0], rays[:, 2]
    fx, fz = focus[0] - x, focus[2] - z
    a, b, c = dx * dx + dz * dz, dx * fx + dz * fz, fx * fx + fz * fz - radius * radius
    level = a == 0
    safe = np.where(level, 1.0, a)
    discriminant = b * b - safe * c
    root = np.sqrt(np.maximum(discriminant, 0.0))
    missed = discriminant <= 0
    enter = np.where(missed, np.inf, (-b - root) / safe)
    leave = np.where(missed, -np.inf, (-b + root) / safe)
    within = c <= 0
    return (
        np.where(level, -np.inf if within else np.inf, enter),
        np.where(level, np.inf if within else -np.inf, leave),
    )


def _overlap(first: Interval, second: Interval, upto: float) -> Flags:
    """Whether two intervals and [0, upto) share more than a point."""
    enter = np.maximum(np.maximum(first[0], second[0]), 0.0)
    leave = np.minimum(np.minimum(first[1], second[1]), upto)
    shared: Flags = leave - enter > 1e-9
    return shared
