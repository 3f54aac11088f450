"""Fluoroscopy-guided procedures of the simulated hospital: how long, how much dose, from which angles."""

from __future__ import annotations

from dataclasses import dataclass

from dosebus.domain.base import Code
from dosebus_simulator import concepts as c


@dataclass(frozen=True)
class Procedure:
    """One kind of procedure. Dose is the median air kerma at the reference point in Gy, range by log-normal spread."""

    description: str
    code: str
    target_region: Code
    dose_rp_gy: float
    spread: float
    fluoroscopy_events: tuple[int, int]
    runs: tuple[int, int]
    field_mm: float
    angles: tuple[tuple[float, float], ...]
    frame_rate: float = 15.0
    rotational: bool = False
    interventional: bool = True
    stations: tuple[str, ...] = ()
    weight: int = 10


CORONARY_ANGLES = (
    (-30.0, 0.0),
    (-30.0, 25.0),
    (30.0, 25.0),
    (45.0, -25.0),
    (0.0, 30.0),
    (-10.0, -30.0),
    (90.0, 0.0),
)
BODY_ANGLES = ((0.0, 0.0), (-20.0, 0.0), (20.0, 0.0), (0.0, 10.0))

PROCEDURES: tuple[Procedure, ...] = (
    Procedure(
        "Coronary angiography",
        "RFCORO",
        c.HEART,
        0.42,
        0.45,
        (7, 16),
        (6, 10),
        150,
        CORONARY_ANGLES,
        stations=("CATHBI", "CATHLAB2"),
        weight=22,
    ),
    Procedure(
        "Percutaneous coronary intervention",
        "RFPCI",
        c.HEART,
        0.95,
        0.5,
        (12, 34),
        (9, 22),
        150,
        CORONARY_ANGLES,
        stations=("CATHBI", "CATHLAB2"),
        weight=14,
    ),
    Procedure(
        "Recanalisation of a chronic coronary occlusion",
        "RFCTO",
        c.HEART,
        1.5,
        0.4,
        (30, 48),
        (12, 24),
        150,
        ((-30.0, 0.0), (-30.0, 0.0), (-28.0, 4.0), (45.0, 0.0)),
        stations=("CATHBI",),
        weight=1,
    ),
    Procedure(
        "Cerebral angiography",
        "RFCEREB",
        c.HEAD,
        0.55,
        0.45,
        (8, 18),
        (8, 16),
        200,
        ((0.0, 20.0), (90.0, 0.0), (-25.0, 15.0)),
        frame_rate=3.0,
        rotational=True,
        stations=("ANGIO1", "CATHBI"),
        weight=8,
    ),
    Procedure(
        "Uterine artery embolisation",
        "RFUAE",
        c.PELVIS,
        0.6,
        0.5,
        (8, 20),
        (4, 9),
        260,
        BODY_ANGLES,
        frame_rate=2.0,
        stations=("ANGIO1",),
        weight=5,
    ),
    Procedure(
        "TIPS insertion",
        "RFTIPS",
        c.ABDOMEN,
        0.85,
        0.5,
        (14, 30),
        (5, 12),
        260,
        BODY_ANGLES,
        frame_rate=3.0,
        rotational=True,
        stations=("ANGIO1",),
        weight=3,
    ),
    Procedure(
        "PICC line insertion",
        "RFPICC",
        c.CHEST,
        0.004,
        0.6,
        (2, 5),
        (0, 1),
        240,
        ((0.0, 0.0),),
        interventional=False,
        stations=("ANGIO1", "CARMOR3"),
        weight=14,
    ),
    Procedure(
        "Pacemaker implantation",
        "RFPM",
        c.CHEST,
        0.03,
        0.6,
        (5, 14),
        (0, 2),
        200,
        ((0.0, 0.0), (-30.0, 0.0)),
        stations=("CATHLAB2", "CARMOR3"),
        weight=10,
    ),
    Procedure(
        "Hip nailing",
        "RFHIP",
        c.PELVIS,
        0.008,
        0.6,
        (4, 18),
        (0, 3),
        200,
        ((0.0, 0.0), (90.0, 0.0)),
        stations=("CARMOR3",),
        weight=12,
    ),
)


def procedures_at(station: str | None) -> tuple[Procedure, ...]:
    """The procedures that are done at a station."""
    return tuple(
        procedure for procedure in PROCEDURES if not procedure.stations or station in procedure.stations
    )
