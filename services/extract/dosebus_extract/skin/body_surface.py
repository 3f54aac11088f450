"""The corrected surface: cells laid out by arc length, each with k x k sub-points and own normals (R7, R8, R10, R11).

Patient frame: x to the left, y to the feet with the crown at 0, z anterior with the back at 0; cm.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi

import numpy as np

from dosebus_extract.skin.phantom import HEAD_CELLS, HEAD_RADIUS_CM, Phantom
from dosebus_extract.skin.surface import Floats, Integers, Surface

Ring = Callable[[Floats], tuple[Floats, Floats]]


def body_surface(phantom: Phantom, sub_points: int) -> Surface:
    """Samples of head and torso, every cell 1 cm², in map order: anterior, left, back, right; crown to feet.

    The head has `head_rows` rows of 58 cells with its anterior mid-line above that of the torso.
    """
    columns = max(phantom.columns, HEAD_CELLS)
    shape = (phantom.rows, columns)
    torso_columns = np.arange(phantom.columns)
    head_columns = phantom.flat // 2 - HEAD_CELLS // 2 + np.arange(HEAD_CELLS)
    torso = _cells(
        torso_columns,
        np.arange(phantom.head_rows, phantom.rows),
        sub_points,
        lambda s: torso_ring(phantom, s),
    )
    head = _cells(head_columns, np.arange(phantom.head_rows), sub_points, lambda s: head_ring(phantom, s))
    points = np.concatenate([head[0], torso[0]])
    normals = np.concatenate([head[1], torso[1]])
    places = np.concatenate([head[2] * columns + head[3] % columns, torso[2] * columns + torso[3]])
    is_head = np.arange(len(places)) < len(head[2])
    return Surface.of(points, normals, normals, map_index=places, is_head=is_head, shape=shape)


def _cells(
    columns: Integers, rows: Integers, sub_points: int, ring: Ring
) -> tuple[Floats, Floats, Integers, Integers]:
    """Points and normals (cells, sub_points², 3), and each cell's row and column, of a band of rows."""
    within = (np.arange(sub_points) + 0.5) / sub_points
    arc = (columns[:, None] + within).reshape(-1)
    ring_points, ring_normals = (part.reshape(len(columns), sub_points, 2) for part in ring(arc))
    y = rows[:, None] + within
    points = np.empty((len(rows), len(columns), sub_points, sub_points, 3))
    normals = np.zeros_like(points)
    points[..., 1] = y[:, None, :, None]
    points[..., 0::2] = ring_points[None, :, None, :, :]
    normals[..., 0::2] = ring_normals[None, :, None, :, :]
    row, column = np.meshgrid(rows, columns, indexing="ij")
    samples = sub_points * sub_points
    return (
        points.reshape(-1, samples, 3),
        normals.reshape(-1, samples, 3),
        row.reshape(-1),
        column.reshape(-1),
    )


def torso_ring(phantom: Phantom, arc: Floats) -> tuple[Floats, Floats]:
    """x, z and the inward normal's x, z at arc lengths from the right edge of the anterior flat."""
    flat, curved, r = phantom.flat, phantom.curved, phantom.radius_cm
    left, right = (pi / curved) * (arc - flat), (pi / curved) * (arc - 2 * flat - curved)
    which = [arc < flat, arc < flat + curved, arc < 2 * flat + curved]
    zero, one = np.zeros_like(arc), np.ones_like(arc)
    x = np.select(
        which,
        [arc - flat / 2, flat / 2 + r * np.sin(left), flat / 2 - (arc - flat - curved)],
        -flat / 2 - r * np.sin(right),
    )
    z = np.select(which, [2 * r * one, r + r * np.cos(left), zero], r - r * np.cos(right))
    normal_x = np.select(which, [zero, -np.sin(left), zero], np.sin(right))
    normal_z = np.select(which, [-one, -np.cos(left), one], np.cos(right))
    return np.stack([x, z], axis=-1), np.stack([normal_x, normal_z], axis=-1)


def head_ring(phantom: Phantom, arc: Floats) -> tuple[Floats, Floats]:
    """The same for the head; arc lengths share the torso's origin so that the anterior mid-lines agree."""
    angle = (arc - phantom.flat / 2) / HEAD_RADIUS_CM
    outward = np.stack([np.sin(angle), np.cos(angle)], axis=-1)
    return HEAD_RADIUS_CM * outward + np.array([0.0, HEAD_RADIUS_CM]), -outward
