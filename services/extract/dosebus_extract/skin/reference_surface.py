"""The reference's surface: one point and normal per integer step, four corner points per cell, its oddities kept.

Frame: x to the patient's left, y to the feet, z anterior; the table top is z = 0 in every orientation (R17, R18).
"""

from __future__ import annotations

from math import pi

import numpy as np

from dosebus_extract.skin.phantom import HEAD_CELLS, HEAD_RADIUS_CM, Phantom, nearest_integer
from dosebus_extract.skin.surface import Floats, Surface

MATTRESS_CM = 4.0
HEAD_TO_TABLE_END_CM = 5.0
NO_SKIN_CM = -999.0


def reference_surface(
    phantom: Phantom, *, prone: bool, feet_first: bool, own_normals: bool = False
) -> Surface:
    """The reference's samples: (rows x columns) cells of four corners that share one normal (R7, R8, R10, R11).

    `own_normals` gives each corner the normal of its own point instead.
    """
    points, normals = _points_and_normals(phantom, prone=prone, feet_first=feet_first)
    columns, rows = phantom.columns, phantom.rows
    column, row = np.meshgrid(np.arange(columns), np.arange(rows), indexing="ij")
    next_column, next_row = (column + 1) % columns, np.minimum(row + 1, rows - 1)
    corners = ((column, row), (next_column, row), (next_column, next_row), (column, next_row))
    corner_points = np.stack([points[corner] for corner in corners], axis=2)
    point_normals = np.stack([normals[corner] for corner in corners], axis=2)
    shared = np.repeat(normals[column, next_row][:, :, None, :], 4, axis=2)
    map_column = (column + phantom.flat // 2) % columns
    cells = columns * rows
    return Surface.of(
        corner_points.reshape(cells, 4, 3),
        (point_normals if own_normals else shared).reshape(cells, 4, 3),
        point_normals.reshape(cells, 4, 3),
        map_index=(row * columns + map_column).reshape(cells),
        is_head=(row <= phantom.head_rows).reshape(cells),
        shape=(rows, columns),
    )


def _points_and_normals(phantom: Phantom, *, prone: bool, feet_first: bool) -> tuple[Floats, Floats]:
    """Points and inward normals (columns, rows, 3), column 0 at the anterior mid-line, going to the left."""
    sigma, tau = (-1.0 if prone else 1.0), (-1.0 if feet_first else 1.0)
    offset = 174.0 * phantom.scale if feet_first else 0.0
    y = tau * (np.arange(phantom.rows) + HEAD_TO_TABLE_END_CM + offset)
    points = np.empty((phantom.columns, phantom.rows, 3))
    normals = np.zeros_like(points)
    points[:, :, 1] = y
    ring, ring_normals = _torso_ring(phantom, sigma)
    torso = slice(phantom.head_rows + 1, None)
    points[:, torso, 0::2] = ring[:, None, :]
    normals[:, torso, 0::2] = ring_normals[:, None, :]
    _lay_head(phantom, sigma, points, normals)
    if prone:
        old = np.arange(phantom.columns)
        new = phantom.columns - 1 - ((old + phantom.flat + phantom.curved) % phantom.columns)
        turned_points, turned_normals = np.empty_like(points), np.empty_like(normals)
        turned_points[new], turned_normals[new] = points, normals
        points, normals = turned_points, turned_normals
    return points, normals


def _torso_ring(phantom: Phantom, sigma: float) -> tuple[Floats, Floats]:
    """x and z, and the normal's x and z, of the torso's columns (columns, 2)."""
    flat, curved, columns, r = phantom.flat, phantom.curved, phantom.columns, phantom.radius_cm
    delta = 0.5 if flat % 2 else 0.0
    t1 = flat / 2 + 0.5
    t2, t3 = t1 + curved, t1 + curved + flat
    t4 = t3 + curved
    i = np.arange(columns, dtype=np.float64)
    left = (pi / curved) * (i - nearest_integer(t1) + 1)
    right = (pi / curved) * (i - nearest_integer(t3) + 1)
    which = [i < t1, i < t2, i < t3, i < t4]
    zero, one = np.zeros(columns), np.ones(columns)
    front_z = (2 * r + MATTRESS_CM) * one
    x = np.select(
        which,
        [
            i + delta,
            nearest_integer(t1) - 1 + r * np.sin(left) + delta,
            flat - (i - curved) + delta,
            -nearest_integer(flat / 2) - r * np.sin(right) + delta,
        ],
        i - columns + delta,
    )
    z = np.select(
        which,
        [
            front_z,
            MATTRESS_CM + r + r * np.cos(left),
            MATTRESS_CM * one,
            MATTRESS_CM + r - r * np.cos(right),
        ],
        front_z,
    )
    normal_x = np.select(which, [zero, -np.sin(left), zero, np.sin(right)], zero)
    normal_z = np.select(
        which, [-sigma * one, -sigma * np.cos(left), sigma * one, sigma * np.cos(right)], -sigma
    )
    return np.stack([x, z * sigma], axis=1), np.stack([normal_x, normal_z], axis=1)


def _lay_head(phantom: Phantom, sigma: float, points: Floats, normals: Floats) -> None:
    """Put the head's rows, 0 to head_rows inclusive (R10), and the places beside it that are no skin."""
    rows = slice(0, phantom.head_rows + 1)
    round_head = min(HEAD_CELLS, phantom.columns)
    phi = 2 * pi * np.arange(round_head) / HEAD_CELLS
    x = HEAD_RADIUS_CM * np.cos(phi) - phantom.flat / 2 + nearest_integer(phantom.flat / 2)
    z = sigma * (MATTRESS_CM + HEAD_RADIUS_CM * (np.sin(phi) + 1))
    y = points[0, rows, 1].copy()
    points[:round_head, rows, 0] = x[:, None]
    points[:round_head, rows, 2] = z[:, None]
    normals[:round_head, rows, 0] = -np.sin(phi)[:, None]
    normals[:round_head, rows, 2] = z[:, None] - y[None, :] - np.cos(phi)[:, None]
    points[round_head:, rows] = NO_SKIN_CM
