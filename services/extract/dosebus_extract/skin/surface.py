"""The skin as sample points: where they are, which way is inwards, and to which cell of the map they belong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Surface:
    """Samples of the skin in one frame of reference.

    `points`, `normals` and `own_normals`: (cells, samples, 3), cm and inward vectors upright on y; `normals` decides
    whether a sample faces the beam, `own_normals` belongs to the point itself. `columns` (3, cells, samples) and
    `facing_columns` (2, cells, samples; x and z) are points and normals once more, each coordinate on its own. A
    cell's dose is the mean over its samples. `centres` (3, cells) and `reaches` (cells) are a ball round each cell's
    samples, `facings` (2, cells) the mean of `normals`, x and z, and `facing_slack` (cells) how far any of a cell's
    normals is from it.
    `map_index` (cells) is the cell's place in the flattened map of `shape` (rows, columns).
    """

    points: Floats
    normals: Floats
    own_normals: Floats
    columns: Floats
    facing_columns: Floats
    centres: Floats
    reaches: Floats
    facings: Floats
    facing_slack: Floats
    map_index: Integers
    is_head: NDArray[np.bool_]
    shape: tuple[int, int]

    @classmethod
    def of(
        cls,
        points: Floats,
        normals: Floats,
        own_normals: Floats,
        *,
        map_index: Integers,
        is_head: NDArray[np.bool_],
        shape: tuple[int, int],
    ) -> Surface:
        """The surface of given samples; the balls round them are computed. Raises ValueError for a slanted normal."""
        centres = points.mean(axis=1)
        reaches = np.sqrt(((points - centres[:, None, :]) ** 2).sum(axis=2)).max(axis=1)
        facings = normals.mean(axis=1)
        slack = np.sqrt(((normals - facings[:, None, :]) ** 2).sum(axis=2)).max(axis=1)
        if normals[..., 1].any() or own_normals[..., 1].any():
            raise ValueError("a normal of the body is upright on its axis")
        # What a beam asks of all samples is asked coordinate by coordinate: side by side they are read faster.
        return cls(
            points=points,
            normals=normals,
            own_normals=own_normals,
            columns=np.ascontiguousarray(np.moveaxis(points, 2, 0)),
            facing_columns=np.ascontiguousarray(np.moveaxis(normals[..., 0::2], 2, 0)),
            centres=np.ascontiguousarray(centres.T),
            reaches=reaches,
            facings=np.ascontiguousarray(facings[:, 0::2].T),
            facing_slack=slack,
            map_index=map_index,
            is_head=is_head,
            shape=shape,
        )

    @property
    def samples(self) -> int:
        """Samples per cell."""
        return int(self.points.shape[1])
