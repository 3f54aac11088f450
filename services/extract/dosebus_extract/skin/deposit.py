"""The dose that one beam leaves on the skin."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dosebus_extract.skin.beam import Beam
from dosebus_extract.skin.dose_factors import Factor, nearest_factor
from dosebus_extract.skin.method import Method
from dosebus_extract.skin.phantom import Phantom
from dosebus_extract.skin.pose import Table
from dosebus_extract.skin.shading import meets_head, meets_torso
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
    rays = surface.points[cells] - beam.focus
    depth = _along(rays, beam.axes[0])
    with np.errstate(invalid="ignore"):
        spread = depth / beam.reference_cm
        in_field = (
            (depth > 0)
            & (np.abs(_along(rays, beam.axes[1])) <= beam.half_sides_cm[0] * spread * _EDGE)
            & (np.abs(_along(rays, beam.axes[2])) <= beam.half_sides_cm[1] * spread * _EDGE)
        )
    if min(beam.half_sides_cm) <= 0:
        in_field[:] = False
    hit = in_field & (_dot(rays, surface.normals[cells]) >= 0)
    if method.r9_exit_side == "first-intersection":
        _leave_out_shaded(hit, rays, surface.is_head[cells], beam, scene.phantom)
    row, sample = np.nonzero(hit)
    rays_hit = rays[row, sample]
    factor = _factor(
        beam, surface, cells, rays, in_field, spread=spread[row, sample], quality=quality, method=method
    )
    through = table_transmission(
        scene.rotation @ beam.focus + scene.shift,
        rays_hit @ scene.rotation.T,
        slant=beam.slant,
        transmission=quality.transmission,
        table=scene.table,
        mattress_share=quality.mattress_share,
        method=method,
    )
    closeness = beam.reference_cm * beam.reference_cm / _dot(rays_hit, rays_hit)
    dose = closeness * (beam.kerma_gy * through / surface.samples) * factor
    dose = round_to_nanogray(dose) if method.r21_rounding == "nanogray" else dose * NANOGRAY
    table_part = np.where(through < 1.0, dose, 0.0)
    return Deposit(cells, _sum_by_row(row, dose, len(cells)), _sum_by_row(row, table_part, len(cells)))


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
    coordinates = (surface.centres - beam.focus) @ beam.axes.T
    depth, reach = coordinates[:, 0], surface.reaches + 1e-6
    slopes = [half / beam.reference_cm for half in beam.half_sides_cm]
    near = depth + reach > 0
    for axis, slope in enumerate(slopes, start=1):
        near &= np.abs(coordinates[:, axis]) <= slope * depth + reach * (1.0 + slope)
    return np.nonzero(near)[0]


def _may_face(beam: Beam, surface: Surface, cells: Integers) -> NDArray[np.bool_]:
    """Which cells may have a sample that faces the focus: a superset."""
    rays, reach = surface.centres[cells] - beam.focus, surface.reaches[cells]
    slack = surface.facing_slack[cells] * (np.sqrt(_dot(rays, rays)) + reach) + reach + 1e-6
    may: NDArray[np.bool_] = _dot(rays, surface.facings[cells]) >= -slack
    return may


def _leave_out_shaded(
    hit: NDArray[np.bool_], rays: Floats, is_head: NDArray[np.bool_], beam: Beam, phantom: Phantom
) -> None:
    """Take away the samples that another part of the body hides from the focus."""
    for part, meets in ((is_head, meets_torso), (~is_head, meets_head)):
        row, sample = np.nonzero(hit & part[:, None])
        if len(row):
            hit[row, sample] = ~meets(beam.focus, rays[row, sample], phantom, 1.0)


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
    counted = in_field[:, first] & (_dot(rays[:, first], surface.own_normals[cells][:, first]) >= 0)
    area = counted.sum() / counted.shape[1] if counted.size else 0.0
    return nearest_factor(quality.kvp, quality.copper_mm, float(np.sqrt(area)))


def _sum_by_row(row: Integers, values: Floats, rows: int) -> Floats:
    return np.bincount(row, weights=values, minlength=rows).astype(np.float64)


def _along(rays: Floats, direction: Floats) -> Floats:
    # Written out: a matrix product may add in another order, and edges of the field are compared exactly.
    along: Floats = rays[..., 0] * direction[0] + rays[..., 1] * direction[1] + rays[..., 2] * direction[2]
    return along


def _dot(one: Floats, other: Floats) -> Floats:
    product: Floats = one[..., 0] * other[..., 0] + one[..., 1] * other[..., 1] + one[..., 2] * other[..., 2]
    return product
