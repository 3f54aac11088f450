"""The dose that one beam leaves on the skin."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dosebus_extract.skin.beam import Beam
from dosebus_extract.skin.dose_factors import Factor, nearest_factor
from dosebus_extract.skin.method import Method
from dosebus_extract.skin.phantom import Phantom
from dosebus_extract.skin.pose import Table
from dosebus_extract.skin.shading import head_box, meets_head, meets_torso, torso_box
from dosebus_extract.skin.surface import Floats, Integers, Surface
from dosebus_extract.skin.table_attenuation import table_transmission

NANOGRAY: Final = 1e9
_EDGE: Final = 1.0 + 1e-12
"""Edges belong to the field; this allows for the rounding of products."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The skin with the table under it: `table point = rotation @ scene point + shift`."""

    surface: Surface
    phantom: Phantom
    table: Table
    rotation: Floats
    shift: Floats


@dataclass(frozen=True, slots=True)
class Quality:
    """What the beam's spectrum means for dose: the two ways to a factor, and the table's transmission."""

    kvp: float
    copper_mm: float
    factor: Factor
    transmission: float
    mattress_share: float


@dataclass(frozen=True, slots=True)
class Deposit:
    """Dose in nGy of the cells that a beam reaches, and the part of it that came through the table."""

    cells: Integers
    dose_ngy: Floats
    through_table_ngy: Floats


def deposit(beam: Beam, scene: Scene, quality: Quality, method: Method) -> Deposit:
    """Dose of one beam: K (reference distance / distance)² x table x backscatter factor, mean over a cell's samples."""
    surface = scene.surface
    cells = _cells_in_reach(beam, surface)
    if not method.has_reference_surface:
        cells = cells[_may_face(beam, surface, cells)]
    rays = surface.columns[:, cells] - beam.focus[:, None, None]
    depth = _along(rays, beam.axes[0])
    with np.errstate(invalid="ignore"):
        spread = depth / beam.reference_cm
        in_field = depth > 0
        for axis, half in zip(beam.axes[1:], beam.half_sides_cm, strict=True):
            in_field &= np.abs(_along(rays, axis)) <= half * spread * _EDGE
    if min(beam.half_sides_cm) <= 0:
        in_field[:] = False
    hit = in_field & (_upright(rays, surface.facing_columns[:, cells]) >= 0)
    if method.r9_exit_side == "first-intersection":
        _leave_out_shaded(hit, rays, surface.is_head[cells], beam, scene.phantom)
    places = np.nonzero(hit.reshape(-1))[0]
    row = places // surface.samples
    rays_hit = rays.reshape(3, -1)[:, places]
    factor = _factor(
        beam,
        surface,
        cells,
        rays,
        in_field,
        spread=spread.reshape(-1)[places],
        quality=quality,
        method=method,
    )
    through = table_transmission(
        scene.rotation @ beam.focus + scene.shift,
        (scene.rotation @ rays_hit).T,
        slant=beam.slant,
        transmission=quality.transmission,
        table=scene.table,
        mattress_share=quality.mattress_share,
        method=method,
    )
    closeness = beam.reference_cm * beam.reference_cm / _squared(rays_hit)
    dose = closeness * (beam.kerma_gy * through / surface.samples) * factor
    dose = round_to_nanogray(dose) if method.r21_rounding == "nanogray" else dose * NANOGRAY
    whole = _sum_by_row(row, dose, len(cells))
    attenuated = through < 1.0
    if attenuated.all():
        return Deposit(cells, whole, whole)
    return Deposit(cells, whole, _sum_by_row(row[attenuated], dose[attenuated], len(cells)))


def round_to_nanogray(dose_gy: Floats) -> Floats:
    """Whole nGy of doses in Gy, halves of the exact binary value away from zero. Doses are not negative."""
    scaled = dose_gy * NANOGRAY
    whole = np.floor(scaled)
    rest = scaled - whole
    rounded: Floats = whole + (rest >= 0.5)
    doubtful = np.nonzero(np.abs(rest - 0.5) <= 8 * np.spacing(scaled))[0]
    for place in doubtful:
        if np.isfinite(scaled[place]):
            exact = Decimal(float(dose_gy[place])).scaleb(9)
            rounded[place] = float(exact.to_integral_value(rounding=ROUND_HALF_UP))
    return rounded


def _cells_in_reach(beam: Beam, surface: Surface) -> Integers:
    """Cells whose ball round all samples may touch the field: a superset of those with a sample in it."""
    depth, across, along = beam.axes @ (surface.centres - beam.focus[:, None])
    reach = surface.reaches + 1e-6
    near = depth + reach > 0
    for offset, half in zip((across, along), beam.half_sides_cm, strict=True):
        slope = half / beam.reference_cm
        near &= np.abs(offset) <= slope * depth + reach * (1.0 + slope)
    return np.nonzero(near)[0]


def _may_face(beam: Beam, surface: Surface, cells: Integers) -> NDArray[np.bool_]:
    """Which cells may have a sample that faces the focus: a superset."""
    rays, reach = surface.centres[:, cells] - beam.focus[:, None], surface.reaches[cells]
    slack = surface.facing_slack[cells] * (np.sqrt(_squared(rays)) + reach) + reach + 1e-6
    may: NDArray[np.bool_] = _upright(rays, surface.facings[:, cells]) >= -slack
    return may


def _leave_out_shaded(
    hit: NDArray[np.bool_], rays: Floats, is_head: NDArray[np.bool_], beam: Beam, phantom: Phantom
) -> None:
    """Take away the samples that another part of the body hides from the focus."""
    for part, low, high, meets in (
        (is_head, *torso_box(phantom), meets_torso),
        (~is_head, *head_box(phantom), meets_head),
    ):
        if not part.any() or _misses(beam, low, high):
            continue
        row, sample = np.nonzero(hit & part[:, None])
        if len(row):
            hit[row, sample] = ~meets(beam.focus, rays[:, row, sample].T, phantom, 1.0)


def _misses(beam: Beam, low: Floats, high: Floats) -> bool:
    """Whether an upright box lies wholly behind the focus or beyond one side of the field; false where in doubt."""
    corners = np.array(list(product(*zip(low, high, strict=True)))) - beam.focus
    depth, across, along = beam.axes @ corners.T
    if (depth < -1e-6).all():
        return True
    for offset, half in zip((across, along), beam.half_sides_cm, strict=True):
        limit = depth * (half / beam.reference_cm) + 1e-6
        if (offset > limit).all() or (offset < -limit).all():
            return True
    return False


def _factor(
    beam: Beam,
    surface: Surface,
    cells: Integers,
    rays: Floats,
    in_field: NDArray[np.bool_],
    *,
    spread: Floats,
    quality: Quality,
    method: Method,
) -> Floats | float:
    """Backscatter and water over air: by the field's side at each point, or by the count of cells hit (R12)."""
    if method.r12_backscatter == "benmakhlouf-2013":
        return quality.factor.at(beam.side_cm * spread)
    first = slice(0, 1) if method.has_reference_surface else slice(None)
    own_normals = np.moveaxis(surface.own_normals[cells][:, first, 0::2], 2, 0)
    counted = in_field[:, first] & (_upright(rays[:, :, first], own_normals) >= 0)
    area = counted.sum() / counted.shape[1] if counted.size else 0.0
    return nearest_factor(quality.kvp, quality.copper_mm, float(np.sqrt(area)))


def _sum_by_row(row: Integers, values: Floats, rows: int) -> Floats:
    return np.bincount(row, weights=values, minlength=rows).astype(np.float64)


def _along(rays: Floats, direction: Floats) -> Floats:
    # Written out: a matrix product may add in another order, and edges of the field are compared exactly.
    along: Floats = rays[0] * direction[0] + rays[1] * direction[1] + rays[2] * direction[2]
    return along


def _upright(rays: Floats, normals: Floats) -> Floats:
    """Rays (3, ...) times normals (2, ...), which have no component along y."""
    dot: Floats = rays[0] * normals[0] + rays[2] * normals[1]
    return dot


def _squared(rays: Floats) -> Floats:
    squared: Floats = rays[0] * rays[0] + rays[1] * rays[1] + rays[2] * rays[2]
    return squared
