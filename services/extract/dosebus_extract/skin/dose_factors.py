"""What turns air kerma free in air into skin dose: backscatter, water over air, and the table's transmission.

Sources: Benmakhlouf et al 2011, Phys Med Biol 56 7179 and 2013, Phys Med Biol 58 247 (eq 8 and tables; read from the
transcription that PySkinDose publishes under the MIT licence). The rounded combined factors and the Artis Zeego
transmission are the figures the reference method uses.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

import numpy as np

from dosebus_extract.skin.surface import Floats

NEAREST_KVP: Final = (50.0, 80.0, 110.0, 150.0)
NEAREST_COPPER_MM: Final = (0.0, 0.1, 0.2, 0.3, 0.6, 0.9)
NEAREST_SIDE_CM: Final = (5.0, 10.0, 20.0, 35.0)
_NEAREST_FACTOR: Final = (
    (
        (1.2, 1.3, 1.3, 1.3),
        (1.3, 1.3, 1.4, 1.4),
        (1.3, 1.4, 1.4, 1.4),
        (1.3, 1.4, 1.4, 1.5),
        (1.3, 1.4, 1.5, 1.5),
        (1.3, 1.5, 1.5, 1.6),
    ),
    (
        (1.3, 1.4, 1.4, 1.5),
        (1.3, 1.4, 1.5, 1.5),
        (1.3, 1.5, 1.6, 1.6),
        (1.4, 1.5, 1.6, 1.7),
        (1.4, 1.5, 1.7, 1.7),
        (1.4, 1.5, 1.7, 1.7),
    ),
    (
        (1.3, 1.4, 1.5, 1.5),
        (1.3, 1.5, 1.6, 1.6),
        (1.3, 1.5, 1.6, 1.7),
        (1.4, 1.5, 1.6, 1.7),
        (1.4, 1.5, 1.7, 1.7),
        (1.3, 1.5, 1.7, 1.7),
    ),
    (
        (1.3, 1.5, 1.5, 1.6),
        (1.3, 1.5, 1.6, 1.6),
        (1.3, 1.5, 1.6, 1.7),
        (1.3, 1.5, 1.6, 1.7),
        (1.3, 1.5, 1.6, 1.7),
        (1.3, 1.5, 1.6, 1.7),
    ),
)

ZEEGO_KVP: Final = (60.0, 80.0, 110.0, 125.0)
ZEEGO_COPPER_MM: Final = (0.0, 0.1, 0.2, 0.3, 0.6, 0.9)
ZEEGO_TRANSMISSION: Final = (
    (0.66, 0.68, 0.71, 0.72),
    (0.73, 0.75, 0.78, 0.78),
    (0.75, 0.78, 0.81, 0.81),
    (0.76, 0.79, 0.83, 0.83),
    (0.79, 0.81, 0.85, 0.85),
    (0.80, 0.82, 0.85, 0.86),
)

SIDES_CM: Final = (5.0, 10.0, 20.0, 25.0, 35.0)
_EQUATION_8: Final = (
    (1.00870, 0.929969, 0.865442, 0.858665, 0.857065),
    (2.35816e-3, 4.08549e-3, 5.36739e-3, 5.51579e-3, 5.55933e-3),
    (-9.48937e-6, -1.66271e-5, -2.21494e-5, -2.27532e-5, -2.28004e-5),
    (0.103143, 0.153605, 0.172418, 0.170826, 0.166418),
    (-1.04881e-3, -1.45187e-3, -1.46088e-3, -1.38540e-3, -1.28180e-3),
    (3.59731e-6, 5.05312e-6, 5.17430e-6, 4.91192e-6, 4.53036e-6),
    (-7.31303e-3, -9.32427e-3, -8.30138e-3, -7.64330e-3, -6.81574e-3),
    (7.93272e-5, 9.40568e-5, 7.13576e-5, 6.13126e-5, 4.94197e-5),
    (-2.74296e-7, -3.28449e-7, -2.54885e-7, -2.21399e-7, -1.79074e-7),
)


def nearest(tabulated: tuple[float, ...], argument: float) -> int:
    """Index of the tabulated value nearest to an argument, of two equally near ones the smaller."""
    return int(np.argmin(np.abs(np.array(tabulated) - argument)))


def nearest_factor(kvp: float, copper_mm: float, side_cm: float) -> float:
    """Combined backscatter and water over air factor without interpolation (R12 of the reference)."""
    return _NEAREST_FACTOR[nearest(NEAREST_KVP, kvp)][nearest(NEAREST_COPPER_MM, copper_mm)][
        nearest(NEAREST_SIDE_CM, side_cm)
    ]


def nearest_transmission(kvp: float, copper_mm: float) -> float:
    """Transmission of an Artis Zeego's table and mattress without interpolation (R13 of the reference)."""
    return ZEEGO_TRANSMISSION[nearest(ZEEGO_COPPER_MM, copper_mm)][nearest(ZEEGO_KVP, kvp)]


@dataclass(frozen=True, slots=True)
class TransmissionTable:
    """Perpendicular transmission of table and mattress, `values[copper][kvp]`, and its uncertainty (1 sigma)."""

    name: str
    kvp: tuple[float, ...]
    copper_mm: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]
    uncertainty: float

    def __post_init__(self) -> None:
        """Raises ValueError when the table is not a full grid of transmissions in (0, 1]."""
        if len(self.values) != len(self.copper_mm) or any(len(row) != len(self.kvp) for row in self.values):
            raise ValueError(f"transmission table {self.name}: values do not fill the grid")
        if any(not 0 < value <= 1 for row in self.values for value in row):
            raise ValueError(f"transmission table {self.name}: a transmission is above 0 and at most 1")

    def at(self, kvp: float, copper_mm: float) -> float:
        """Bilinear in kVp and copper, clamped to the grid."""
        across = [np.interp(kvp, self.kvp, row) for row in self.values]
        return float(np.interp(copper_mm, self.copper_mm, across))


ZEEGO_TABLE: Final = TransmissionTable(
    "Siemens Artis Zeego 2016", ZEEGO_KVP, ZEEGO_COPPER_MM, ZEEGO_TRANSMISSION, 0.03
)
UNKNOWN_TABLE: Final = TransmissionTable("unknown table", (80.0,), (0.0,), ((0.80,),), 0.06)


@dataclass(frozen=True, slots=True)
class Factor:
    """Backscatter times water over air of one beam quality as a function of the field's side."""

    sides_cm: Floats
    values: Floats
    is_clamped: bool

    def at(self, side_cm: Floats) -> Floats:
        """Linear between the sides; 1 x water over air at side 0; constant above the largest side."""
        return np.interp(side_cm, self.sides_cm, self.values)


@lru_cache(maxsize=4096)
def published_factor(kvp: float, copper_mm: float, hvl_mmal: float | None) -> Factor:
    """The factor of a beam quality after Benmakhlouf 2013; a half value layer that was measured goes first.

    Clamped to 50 to 150 kV and to the half value layers tabulated for 3.1 mm Al and 0 to 0.9 mm Cu.
    """
    qualities = _qualities()
    voltage = float(np.clip(kvp, qualities.kvp[0], qualities.kvp[-1]))
    layers = np.array([np.interp(voltage, qualities.kvp, column) for column in qualities.hvl_mmal.T])
    wanted = hvl_mmal if hvl_mmal else float(np.interp(copper_mm, qualities.copper_mm, layers))
    layer = float(np.clip(wanted, layers[0], layers[-1]))
    quotients = [
        np.interp(layer, layers, [np.interp(voltage, qualities.kvp, column) for column in side.T])
        for side in np.moveaxis(qualities.muen, 2, 0)
    ]
    u = (1.0, voltage, voltage * voltage)
    terms = np.array([a * b for b in (1.0, layer, layer * layer) for a in u])
    backscatter = terms @ np.array(_EQUATION_8)
    sides = np.array((0.0, *SIDES_CM))
    values = np.array([quotients[0], *(backscatter * np.array(quotients))])
    is_clamped = voltage != kvp or layer != wanted or copper_mm > qualities.copper_mm[-1]
    return Factor(sides, values, is_clamped)


@dataclass(frozen=True, slots=True)
class _Qualities:
    kvp: Floats
    copper_mm: Floats
    hvl_mmal: Floats
    muen: Floats


@lru_cache(maxsize=1)
def _qualities() -> _Qualities:
    text = files("dosebus_extract.skin").joinpath("data/beam_quality.csv").read_text(encoding="ascii")
    rows = [[float(value) for value in row] for row in list(csv.reader(text.splitlines()))[1:]]
    kvp, copper = sorted({row[0] for row in rows}), sorted({row[1] for row in rows})
    grid = np.array(rows).reshape(len(kvp), len(copper), -1)
    return _Qualities(np.array(kvp), np.array(copper), grid[:, :, 2], grid[:, :, 3:])
