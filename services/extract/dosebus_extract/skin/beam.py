"""The beams of one exposure: one for a stationary event, one per frame of an arc or of a moving table.

A scene frame is where the surface stands: the patient frame, or for the reference's surface its own frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil, cos, radians, sin, sqrt
from typing import Final

import numpy as np

from dosebus_extract.skin.exposure import Exposure, Refused
from dosebus_extract.skin.method import Method
from dosebus_extract.skin.pose import Pose, table_turn
from dosebus_extract.skin.surface import Floats

MOST_FRAMES: Final = 20_000
"""Of one rotation: one of a minute at 60 pulses a second has 3600."""
FIELD_TOLERANCE: Final = 0.25
"""How far a collimator's area may be from DAP over air kerma before it is not believed (R14)."""


@dataclass(frozen=True, slots=True)
class Beam:
    """One pyramid of X rays in a scene frame.

    `axes` (3, 3): rows are the central ray's direction and the field's two edges; `half_sides_cm` of the field at
    `reference_cm` from `focus`; `slant` is the central ray's component along the table's normal.
    """

    focus: Floats
    axes: Floats
    half_sides_cm: tuple[float, float]
    reference_cm: float
    kerma_gy: float
    slant: float

    @property
    def side_cm(self) -> float:
        """Side of the square of the field's area at the reference point."""
        return 2.0 * sqrt(self.half_sides_cm[0] * self.half_sides_cm[1])


@dataclass(frozen=True, slots=True)
class Frame:
    """A share of an exposure: its angles and how far (0 to 1) the table has moved."""

    primary_deg: float
    secondary_deg: float
    travel: float
    kerma_gy: float


Placing = Callable[[Frame], tuple[Floats, Floats, Floats]]
"""The isocentre (3,) and the axes (3, 3) of a frame in the scene, and the table's normal (3,) there."""


def axes_at(primary_deg: float, secondary_deg: float) -> Floats:
    """Central ray (focus to detector) and field edges (3, 3) for a pair of positioner angles (PS3.3 C.8.7.5.1.2)."""
    p, s = radians(primary_deg), radians(secondary_deg)
    return np.array(
        [
            [sin(p) * cos(s), -sin(s), cos(p) * cos(s)],
            [cos(p), 0.0, -sin(p)],
            [sin(p) * sin(s), cos(s), cos(p) * sin(s)],
        ]
    )


def frames_of(exposure: Exposure, method: Method) -> tuple[Frame, ...]:
    """The frames of an exposure (R2, R3): all of its arc, or the reference's part of it, and its table's travel.

    Raises Refused where they are more than can be meant.
    """
    arc = 0.0 if exposure.primary_end_deg is None else exposure.primary_end_deg - exposure.primary_deg
    tilt = 0.0
    if exposure.secondary_end_deg is not None and method.r3_arc_step == "over-intervals":
        tilt = exposure.secondary_end_deg - exposure.secondary_deg
    needed = _frames_needed(exposure, method, arc, tilt)
    frames = needed if exposure.frames is None else exposure.frames
    if method.r3_arc_step == "over-intervals":
        frames = min(frames, needed) if frames > 1 else needed
    intervals = max(frames - 1, 1) if method.r3_arc_step == "over-intervals" else frames
    if frames > MOST_FRAMES:
        raise Refused(f"more than {MOST_FRAMES} frames: the number of pulses or the angles cannot be right")
    kept = frames - 1 if method.r2_last_frame == "dropped" and frames > 1 else frames
    return tuple(
        Frame(
            exposure.primary_deg + k * (arc / intervals),
            exposure.secondary_deg + k * (tilt / intervals),
            k / intervals,
            exposure.kerma_gy / frames,
        )
        for k in range(kept)
    )


def beams_of(exposure: Exposure, frames: tuple[Frame, ...], place: Placing, method: Method) -> Iterator[Beam]:
    """The beams of an exposure's frames. Raises Refused where the reference point cannot be placed."""
    start = place(frames[0])[1]
    for frame in frames:
        isocentre, axes, table_normal = place(frame)
        focus = isocentre - exposure.source_isocentre_cm * axes[0]
        distance = exposure.reference_point.distance_cm
        if distance is None:
            raise Refused("the reference point has no distance")
        yield Beam(
            focus=focus,
            axes=start if method.r1_field_direction == "start" else axes,
            half_sides_cm=half_sides(exposure, distance),
            reference_cm=distance,
            kerma_gy=frame.kerma_gy,
            slant=float(axes[0] @ table_normal),
        )


def half_sides(exposure: Exposure, reference_cm: float) -> tuple[float, float]:
    """Half the field's width and height (cm) at the reference point: the collimator's if credible, else a square."""
    area = exposure.dap_gym2 / exposure.kerma_gy * 1e4
    if exposure.collimator_cm is not None and exposure.source_detector_cm and area > 0:
        scale = reference_cm / exposure.source_detector_cm
        width, height = (side * scale for side in exposure.collimator_cm)
        if abs(width * height / area - 1) <= FIELD_TOLERANCE:
            return width / 2, height / 2
    half = sqrt(area) / 2
    return half, half


def reference_placing(exposure: Exposure) -> Placing:
    """The reference's frame: table offsets signed by orientation, angles never changed, the table not turned."""
    longitudinal, lateral, height = exposure.position_cm or (0.0, 0.0, 0.0)
    head = 1.0 if exposure.orientation.startswith("H") else -1.0
    up = 1.0 if exposure.orientation.endswith("S") else -1.0
    isocentre = np.array([-head * up * longitudinal, head * lateral, up * height])
    normal = np.array([0.0, 0.0, 1.0])
    return lambda frame: (isocentre, axes_at(frame.primary_deg, frame.secondary_deg), normal)


def patient_placing(
    exposure: Exposure, pose: Pose, *, angles_follow_patient: bool, assumed: Floats | None
) -> Placing:
    """The patient frame. `assumed` is the isocentre there when the table's position is not known.

    The table's tilts are taken about the isocentre.
    """
    turn = table_turn(*exposure.table_angles_deg)
    normal = pose.patient_direction(np.array([0.0, 0.0, 1.0]))

    def place(frame: Frame) -> tuple[Floats, Floats, Floats]:
        axes = axes_at(frame.primary_deg, frame.secondary_deg)
        in_room = pose.table_direction(axes) if angles_follow_patient else axes
        return _isocentre(exposure, pose, frame, assumed), pose.patient_direction(in_room @ turn), normal

    return place


def reference_distance(exposure: Exposure, place: Placing, tabletop_cm: float) -> float:
    """Distance (cm) from focus to reference point, where need be along the central ray to a height above the table.

    `tabletop_cm` is the table top's coordinate along the table's normal in the scene. Raises Refused.
    """
    point = exposure.reference_point
    if point.distance_cm is not None:
        return point.distance_cm
    isocentre, axes, normal = place(
        Frame(exposure.primary_deg, exposure.secondary_deg, 0.0, exposure.kerma_gy)
    )
    focus = isocentre - exposure.source_isocentre_cm * axes[0]
    climb = float(axes[0] @ normal)
    if abs(climb) < 0.1 or point.above_tabletop_cm is None:
        raise Refused("the reference point is above the table top and the beam is nearly level with it")
    distance = (tabletop_cm + point.above_tabletop_cm - float(focus @ normal)) / climb
    if distance <= 0:
        raise Refused("the reference point is not in front of the source")
    return distance


def _isocentre(exposure: Exposure, pose: Pose, frame: Frame, assumed: Floats | None) -> Floats:
    if exposure.position_cm is None:
        if assumed is None:
            raise Refused("the table position is missing")
        return assumed
    longitudinal, lateral, height = exposure.position_cm
    if exposure.end_position_cm is not None:
        longitudinal, lateral, height = (
            start + frame.travel * (end - start)
            for start, end in zip(exposure.position_cm, exposure.end_position_cm, strict=True)
        )
    return pose.patient_point(np.array([-longitudinal, lateral, height]))


def _frames_needed(exposure: Exposure, method: Method, arc: float, tilt: float) -> int:
    """Frames so that none covers more angle or travel than the method allows."""
    turned = sqrt(arc * arc + tilt * tilt)
    travel = radians(turned) * exposure.source_isocentre_cm
    if exposure.position_cm is not None and exposure.end_position_cm is not None:
        pairs = zip(exposure.position_cm, exposure.end_position_cm, strict=True)
        travel += sqrt(sum((end - start) ** 2 for start, end in pairs))
    steps = max(turned / method.arc_degrees_per_frame, travel / method.focus_travel_cm_per_frame)
    return ceil(steps) + 1
