"""How the patient lies: the map from patient axes to table axes, and the table as boxes.

Table frame: X to the left of a head-first supine patient, Y to the foot end, Z up; origin on the table top at the
middle of its head end; cm. Decubitus positions have no reference data.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin
from typing import Final, Literal, get_args

import numpy as np

from dosebus_extract.skin.phantom import Phantom
from dosebus_extract.skin.surface import Floats

Orientation = Literal["HFS", "FFS", "HFP", "FFP", "HFDR", "HFDL", "FFDR", "FFDL"]
ORIENTATIONS: Final[tuple[Orientation, ...]] = get_args(Orientation)

_TO_TABLE: Final[dict[Orientation, tuple[tuple[int, int, int], ...]]] = {
    "HFS": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "FFS": ((-1, 0, 0), (0, -1, 0), (0, 0, 1)),
    "HFP": ((-1, 0, 0), (0, 1, 0), (0, 0, -1)),
    "FFP": ((1, 0, 0), (0, -1, 0), (0, 0, -1)),
    "HFDR": ((0, 0, -1), (0, 1, 0), (1, 0, 0)),
    "HFDL": ((0, 0, 1), (0, 1, 0), (-1, 0, 0)),
    "FFDR": ((0, 0, 1), (0, -1, 0), (1, 0, 0)),
    "FFDL": ((0, 0, -1), (0, -1, 0), (-1, 0, 0)),
}


@dataclass(frozen=True, slots=True)
class Table:
    """A patient table: a plate with a mattress on it, cm."""

    width_cm: float = 45.0
    length_cm: float = 150.0
    plate_cm: float = 0.5
    mattress_cm: float = 4.0
    head_gap_cm: float = 5.0
    """From the table's head end to the end of the patient that is nearer to it."""
    reach_cm: float = 174.0
    """From there to the crown of a feet-first patient of standard height."""

    def boxes(self) -> tuple[Floats, Floats]:
        """Lower and upper corners of plate and mattress in the table frame, each (2, 3)."""
        half = self.width_cm / 2
        return (
            np.array([[-half, 0.0, -self.plate_cm], [-half, 0.0, 0.0]]),
            np.array([[half, self.length_cm, 0.0], [half, self.length_cm, self.mattress_cm]]),
        )


@dataclass(frozen=True, slots=True)
class Pose:
    """`table = rotation @ patient + shift`: rotation (3, 3) proper and orthogonal, shift (3,) in cm."""

    orientation: Orientation
    rotation: Floats
    shift: Floats

    @classmethod
    def of(cls, orientation: Orientation, phantom: Phantom, table: Table) -> Pose:
        """The patient on the mattress, centred, one end near the head end of the table."""
        rotation = np.array(_TO_TABLE[orientation], dtype=np.float64)
        half = phantom.width_cm / 2
        box = np.array([[-half, 0.0, 0.0], [half, float(phantom.rows), phantom.depth_cm]]) @ rotation.T
        low, high = box.min(axis=0), box.max(axis=0)
        crown = table.head_gap_cm + (table.reach_cm * phantom.scale if orientation.startswith("FF") else 0.0)
        shift = np.array([-(low[0] + high[0]) / 2, crown, table.mattress_cm - low[2]])
        return cls(orientation, rotation, shift)

    def patient_point(self, point: Floats) -> Floats:
        """A point of the table frame in the patient frame."""
        return (point - self.shift) @ self.rotation

    def patient_direction(self, direction: Floats) -> Floats:
        """A direction of the table frame in the patient frame."""
        return direction @ self.rotation

    def table_direction(self, direction: Floats) -> Floats:
        """A direction of the patient frame in the table frame."""
        return direction @ self.rotation.T

    def patient_boxes(self, boxes: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
        """Boxes of the table frame in the patient frame, where they are as upright as there."""
        corners = np.stack([self.patient_point(boxes[0]), self.patient_point(boxes[1])])
        return corners.min(axis=0), corners.max(axis=0)


def table_turn(head_tilt_deg: float, horizontal_deg: float, cradle_deg: float) -> Floats:
    """Rotation (3, 3) from table axes to room axes.

    Head tilt (113754) is positive with the head up, horizontal rotation (113755) positive clockwise seen from
    above, cradle tilt (113756) positive with the left side up (PS3.16 annex D).
    """
    t, h, c = (radians(angle) for angle in (head_tilt_deg, horizontal_deg, cradle_deg))
    horizontal = np.array([[cos(h), -sin(h), 0.0], [sin(h), cos(h), 0.0], [0.0, 0.0, 1.0]])
    tilt = np.array([[1.0, 0.0, 0.0], [0.0, cos(t), sin(t)], [0.0, -sin(t), cos(t)]])
    cradle = np.array([[cos(c), 0.0, -sin(c)], [0.0, 1.0, 0.0], [sin(c), 0.0, cos(c)]])
    turn: Floats = horizontal @ tilt @ cradle
    return turn
