"""The reference's skin dose method cell by cell in plain Python: the slow side of target 9 and an oracle for tests.

Written from the same description as the product but sharing nothing with it: no arrays, one point at a time.
Lengths are cm, doses Gy. An exposure is a dict of the numbers in `Plain`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from math import cos, floor, inf, pi, radians, sin, sqrt

Vector = tuple[float, float, float]
KVP = (50.0, 80.0, 110.0, 150.0)
COPPER = (0.0, 0.1, 0.2, 0.3, 0.6, 0.9)
SIDES = (5.0, 10.0, 20.0, 35.0)
FACTORS = {
    50.0: "1.2 1.3 1.3 1.3|1.3 1.3 1.4 1.4|1.3 1.4 1.4 1.4|1.3 1.4 1.4 1.5|1.3 1.4 1.5 1.5|1.3 1.5 1.5 1.6",
    80.0: "1.3 1.4 1.4 1.5|1.3 1.4 1.5 1.5|1.3 1.5 1.6 1.6|1.4 1.5 1.6 1.7|1.4 1.5 1.7 1.7|1.4 1.5 1.7 1.7",
    110.0: "1.3 1.4 1.5 1.5|1.3 1.5 1.6 1.6|1.3 1.5 1.6 1.7|1.4 1.5 1.6 1.7|1.4 1.5 1.7 1.7|1.3 1.5 1.7 1.7",
    150.0: "1.3 1.5 1.5 1.6|1.3 1.5 1.6 1.6|1.3 1.5 1.6 1.7|1.3 1.5 1.6 1.7|1.3 1.5 1.6 1.7|1.3 1.5 1.6 1.7",
}
TABLE_KVP = (60.0, 80.0, 110.0, 125.0)
TRANSMISSION = (
    (0.66, 0.68, 0.71, 0.72),
    (0.73, 0.75, 0.78, 0.78),
    (0.75, 0.78, 0.81, 0.81),
    (0.76, 0.79, 0.83, 0.83),
    (0.79, 0.81, 0.85, 0.85),
    (0.80, 0.82, 0.85, 0.86),
)


@dataclass(frozen=True)
class Plain:
    """One exposure in plain numbers; `frames` and `end` only for an arc."""

    kerma: float
    dap: float
    kvp: float
    copper: float
    isocentre: float
    primary: float
    secondary: float
    longitudinal: float
    lateral: float
    height: float
    end: float | None = None
    frames: int | None = None


def plain_map(
    exposures: list[Plain], orientation: str, height_cm: float = 178.6, mass_kg: float = 73.2
) -> list[list[float]]:
    """The map in Gy, rows from the crown, of the reference's method."""
    body = _Body(height_cm, mass_kg, orientation)
    total = [[0] * body.columns for _ in range(body.rows)]
    for exposure in exposures:
        for frame in range(max((exposure.frames or 1) - 1, 1)):
            _add_frame(total, body, exposure, frame, orientation)
    shift = body.flat // 2
    return [
        [total[row][(column - shift) % body.columns] / 1e9 for column in range(body.columns)]
        for row in range(body.rows)
    ]


def _add_frame(total: list[list[int]], body: _Body, exposure: Plain, frame: int, orientation: str) -> None:
    kerma = exposure.kerma / (exposure.frames or 1)
    step = ((exposure.end or 0.0) - exposure.primary) / exposure.frames if exposure.frames else 0.0
    b, u, v = _axes(exposure.primary, exposure.secondary)
    turned = _axes(exposure.primary + frame * step, exposure.secondary)[0]
    sx, sy, sz = {"HFS": (1, 1, 1), "FFS": (-1, -1, 1), "HFP": (-1, 1, -1), "FFP": (1, -1, -1)}[orientation]
    centre = (-sx * exposure.longitudinal, sy * exposure.lateral, sz * exposure.height)
    focus = _minus(centre, _times(exposure.isocentre, turned))
    distance = exposure.isocentre - 15
    half = sqrt(exposure.dap / exposure.kerma * 1e4) / 2

    def in_field(p: Vector) -> bool:
        ray = _minus(p, focus)
        depth = _dot(ray, b)
        limit = half * (depth / distance) * (1 + 1e-12)
        return half > 0 and depth > 0 and abs(_dot(ray, u)) <= limit and abs(_dot(ray, v)) <= limit

    def faces(p: Vector, normal: Vector) -> bool:
        return _dot(normal, _minus(p, focus)) >= 0

    count = sum(
        in_field(body.points[i][q]) and faces(body.points[i][q], body.normals[i][q])
        for i in range(body.columns)
        for q in range(body.rows)
    )
    row = FACTORS[_nearest(KVP, exposure.kvp)].split("|")[COPPER.index(_nearest(COPPER, exposure.copper))]
    factor = float(row.split()[SIDES.index(_nearest(SIDES, sqrt(count)))])
    slab = TRANSMISSION[COPPER.index(_nearest(COPPER, exposure.copper))][
        TABLE_KVP.index(_nearest(TABLE_KVP, exposure.kvp))
    ]
    for i in range(body.columns):
        for q in range(body.rows):
            following = (i + 1) % body.columns
            below = min(q + 1, body.rows - 1)
            normal = body.normals[i][below]
            for p in (
                body.points[i][q],
                body.points[following][q],
                body.points[following][below],
                body.points[i][below],
            ):
                if in_field(p) and faces(p, normal):
                    t = slab ** (1 / turned[2]) if _meets_table(focus, p) else 1.0
                    ray = _minus(p, focus)
                    dose = (distance**2 / _dot(ray, ray)) * (kerma * t / 4) * factor
                    total[q][i] += int(Decimal(dose).scaleb(9).to_integral_value(ROUND_HALF_UP))


class _Body:
    """Points and inward normals by column (from the anterior mid-line to the left) and row (from the crown)."""

    def __init__(self, height_cm: float, mass_kg: float, orientation: str) -> None:
        scale = height_cm / 178.6
        radius = 10 / sqrt(scale) * sqrt(mass_kg / 73.2)
        self.flat, self.curved = _integer((14.4 / 10) * radius), _integer(pi * radius)
        self.head = _integer(24 * scale)
        self.columns = 2 * self.flat + 2 * self.curved
        self.rows = _integer(70 * scale) + self.head
        self.up = 1.0 if orientation[2] == "S" else -1.0
        self.r = self.curved / pi
        down = 1.0 if orientation[0] == "H" else -1.0
        start = 5 + (0.0 if orientation[0] == "H" else 174 * scale)
        pairs = [[self._at(i, q, down * (q + start)) for q in range(self.rows)] for i in range(self.columns)]
        if orientation[2] == "P":
            turned = list(pairs)
            for i, column in enumerate(pairs):
                turned[self.columns - 1 - ((i + self.flat + self.curved) % self.columns)] = column
            pairs = turned
        self.points = [[pair[0] for pair in column] for column in pairs]
        self.normals = [[pair[1] for pair in column] for column in pairs]

    def _at(self, i: int, q: int, y: float) -> tuple[Vector, Vector]:
        if q <= self.head:
            return self._head(i, y)
        return self._torso(i, y)

    def _head(self, i: int, y: float) -> tuple[Vector, Vector]:
        if i >= 58:
            return (-999.0, -999.0, -999.0), (0.0, 0.0, 0.0)
        radius, phi = 58 / (2 * pi), 2 * pi * i / 58
        z = self.up * (4 + radius * (sin(phi) + 1))
        x = radius * cos(phi) - self.flat / 2 + _integer(self.flat / 2)
        return (x, y, z), (-sin(phi), 0.0, z - y - cos(phi))

    def _torso(self, i: int, y: float) -> tuple[Vector, Vector]:
        flat, curved, r, up = self.flat, self.curved, self.r, self.up
        shift = 0.5 if flat % 2 else 0.0
        t1 = flat / 2 + 0.5
        t3 = t1 + curved + flat
        if i < t1:
            return (i + shift, y, up * (2 * r + 4)), (0.0, 0.0, -up)
        if i < t1 + curved:
            a = (pi / curved) * (i - _integer(t1) + 1)
            x = _integer(t1) - 1 + r * sin(a) + shift
            return (x, y, up * (4 + r + r * cos(a))), (-sin(a), 0.0, -up * cos(a))
        if i < t3:
            return (flat - (i - curved) + shift, y, up * 4.0), (0.0, 0.0, up)
        if i < t3 + curved:
            a = (pi / curved) * (i - _integer(t3) + 1)
            x = -_integer(flat / 2) - r * sin(a) + shift
            return (x, y, up * (4 + r - r * cos(a))), (sin(a), 0.0, up * cos(a))
        return (i - self.columns + shift, y, up * (2 * r + 4)), (0.0, 0.0, -up)


def _meets_table(focus: Vector, p: Vector) -> bool:
    dx, dy, dz = _minus(p, focus)
    if dz < 1e-8 / (45 * 150):
        return False
    along = -focus[2] / dz
    return along >= 0 and abs(focus[0] + along * dx) <= 22.5 and 0 <= focus[1] + along * dy <= 150


def _axes(primary: float, secondary: float) -> tuple[Vector, Vector, Vector]:
    p, s = radians(primary), radians(secondary)
    return (
        (sin(p) * cos(s), -sin(s), cos(p) * cos(s)),
        (cos(p), 0.0, -sin(p)),
        (sin(p) * sin(s), cos(s), cos(p) * sin(s)),
    )


def _nearest(values: tuple[float, ...], wanted: float) -> float:
    best, gap = values[0], inf
    for value in values:
        if abs(value - wanted) < gap:
            best, gap = value, abs(value - wanted)
    return best


def _integer(number: float) -> int:
    whole = floor(number)
    return whole + 1 if number - whole >= 0.5 else whole


def _minus(a: Vector, b: Vector) -> Vector:
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


def _times(k: float, a: Vector) -> Vector:
    return k * a[0], k * a[1], k * a[2]


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
