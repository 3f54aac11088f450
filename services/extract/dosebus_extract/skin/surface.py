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

    `points`, `normals` and `own_normals`: (cells, samples, 3), cm and inward unit vectors; `normals` decides
    whether a sample faces the beam, `own_normals` belongs to the point itself. A cell's dose is the mean over its
    samples. `centres` (cells, 3) and `reaches` (cells) are a ball round each cell's samples, `facings` (cells, 3)
    the mean of `normals` and `facing_slack` (cells) how far any of a cell's normals is from it.
    `map_index` (cells) is the cell's place in the flattened map of `shape` (rows, columns).
    """

    points: Floats
    normals: Floats
    own_normals: Floats
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
        """The surface of given samples; the balls round them are computed."""
        centres = points.mean(axis=1)
        reaches = np.sqrt(((points - centres[:, None, :]) ** 2).sum(axis=2)).max(axis=1)
        facings = normals.mean(axis=1)
        slack = np.sqrt(((normals - facings[:, None, :]) ** 2).sum(axis=2)).max(axis=1)
        return cls(points, normals, own_normals, centres, reaches, facings, slack, map_index, is_head, shape)

    @property
    def samples(self) -> int:
        """Samples per cell."""
        return int(self.points.shape[1])
