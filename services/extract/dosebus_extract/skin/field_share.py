"""How much of a field falls on the patient (R22)."""

from __future__ import annotations

from typing import Final

import numpy as np

from dosebus_extract.skin.beam import Beam
from dosebus_extract.skin.phantom import Phantom
from dosebus_extract.skin.shading import meets_head, meets_torso

_RAYS_PER_SIDE: Final = 16


def share_on_phantom(beam: Beam, phantom: Phantom) -> float:
    """Share (0 to 1) of a field's solid angle whose rays meet head or torso, by a grid of rays."""
    if _falls_on_torso(beam, phantom):
        return 1.0
    steps = (np.arange(_RAYS_PER_SIDE) + 0.5) / _RAYS_PER_SIDE * 2.0 - 1.0
    across, along = (grid.reshape(-1) for grid in np.meshgrid(steps, steps))
    width, height = beam.half_sides_cm
    offsets = np.stack([np.full_like(across, beam.reference_cm), across * width, along * height], axis=1)
    solid_angle = (offsets**2).sum(axis=1) ** -1.5
    rays = offsets @ beam.axes
    met = meets_head(beam.focus, rays, phantom, np.inf) | meets_torso(beam.focus, rays, phantom, np.inf)
    return float(solid_angle[met].sum() / solid_angle.sum())


def _falls_on_torso(beam: Beam, phantom: Phantom) -> bool:
    """Whether the field's four edges meet the torso: as that is convex, all rays between them do."""
    width, height = beam.half_sides_cm
    corners = np.array([(beam.reference_cm, x * width, y * height) for x in (-1, 1) for y in (-1, 1)])
    return bool(meets_torso(beam.focus, corners @ beam.axes, phantom, np.inf).all())
