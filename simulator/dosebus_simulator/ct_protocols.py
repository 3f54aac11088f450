"""CT protocols of the simulated hospital: what is scanned, how, and with what dose."""

from __future__ import annotations

from dataclasses import dataclass

from dosebus.domain.base import Code
from dosebus_simulator import concepts as c


@dataclass(frozen=True)
class Phase:
    """One scan of a protocol. Dose is the median CTDIvol in mGy of a 75 kg adult; lengths in mm."""

    name: str
    ctdivol_mgy: float
    length_mm: tuple[int, int]
    event_type: Code = c.SPIRAL
    contrast: bool = False
    kvp: tuple[int, ...] = (120,)
    pitch: float = 1.0
    collimation_mm: tuple[float, float] = (0.6, 38.4)
    rotation_s: float = 0.5
    dual_source: bool = False
    monitored: bool = False


@dataclass(frozen=True)
class Protocol:
    """One examination of the CT."""

    study_description: str
    procedure_code: str
    target_region: Code
    phases: tuple[Phase, ...]
    phantom: Code = c.BODY_PHANTOM
    children: bool = False
    weight: int = 10


HEAD_PHASE = Phase("Head Routine", 48.0, (140, 175), kvp=(120,), pitch=0.55, rotation_s=1.0)
CHEST_PHASE = Phase("Chest Routine", 6.5, (290, 360), kvp=(100, 120), pitch=1.2)
VENOUS_PHASE = Phase("AbdPelvis Venous", 9.5, (400, 490), contrast=True, kvp=(100, 120), pitch=0.9)

PROTOCOLS: tuple[Protocol, ...] = (
    Protocol("CT Head without contrast", "CTHEAD", c.HEAD, (HEAD_PHASE,), c.HEAD_PHANTOM, weight=24),
    Protocol(
        "CT Head Trauma",
        "CTHEADTR",
        c.HEAD,
        (Phase("Head Sequence", 52.0, (120, 150), c.SEQUENCED, rotation_s=1.0, collimation_mm=(1.2, 19.2)),),
        c.HEAD_PHANTOM,
        weight=7,
    ),
    Protocol("CT Chest", "CTCHEST", c.CHEST, (CHEST_PHASE,), weight=16),
    Protocol(
        "CT Low Dose Chest",
        "CTLUNGLD",
        c.CHEST,
        (Phase("Lung LowDose", 1.6, (290, 350), kvp=(100,), pitch=1.5),),
        weight=8,
    ),
    Protocol(
        "CT Pulmonary Angiogram",
        "CTPA",
        c.CHEST,
        (
            Phase(
                "Pulmonary Embolism", 5.5, (260, 320), contrast=True, kvp=(80, 100), pitch=1.4, monitored=True
            ),
        ),
        weight=10,
    ),
    Protocol("CT Abdomen Pelvis with contrast", "CTABDPEL", c.ABDOMEN, (VENOUS_PHASE,), weight=18),
    Protocol(
        "CT Thorax abdomen and pelvis with contrast",
        "CTTAP",
        c.ABDOMEN,
        (
            Phase(
                "Thorax Arterial", 7.0, (300, 350), contrast=True, kvp=(100, 120), pitch=1.2, monitored=True
            ),
            VENOUS_PHASE,
        ),
        weight=12,
    ),
    Protocol(
        "CT Liver three phases",
        "CTLIVER3",
        c.ABDOMEN,
        (
            Phase("Liver Native", 8.0, (200, 260), pitch=0.9),
            Phase("Liver Arterial", 9.5, (200, 260), contrast=True, pitch=0.9, monitored=True),
            VENOUS_PHASE,
        ),
        weight=5,
    ),
    Protocol(
        "CT Coronary Angiogram",
        "CTCORO",
        c.HEART,
        (
            Phase("Calcium Score", 1.8, (130, 150), c.SEQUENCED, rotation_s=0.25, collimation_mm=(1.2, 38.4)),
            Phase(
                "Coronary Flash",
                4.2,
                (120, 145),
                contrast=True,
                kvp=(80, 100),
                pitch=3.2,
                rotation_s=0.25,
                dual_source=True,
                monitored=True,
            ),
        ),
        weight=7,
    ),
    Protocol(
        "CT Dual Energy Kidney stone",
        "CTDEKUB",
        c.ABDOMEN,
        (Phase("DE Kidney", 7.5, (380, 440), kvp=(100,), pitch=0.6, dual_source=True),),
        weight=5,
    ),
    Protocol(
        "CT Head child",
        "CTHEADCH",
        c.HEAD,
        (Phase("Head Child", 24.0, (120, 155), pitch=0.6, rotation_s=0.5),),
        c.HEAD_PHANTOM,
        children=True,
        weight=12,
    ),
    Protocol(
        "CT Chest child",
        "CTCHESTCH",
        c.CHEST,
        (Phase("Chest Child", 4.5, (120, 250), kvp=(70, 80), pitch=1.5, rotation_s=0.28),),
        children=True,
        weight=8,
    ),
    Protocol(
        "CT Abdomen child with contrast",
        "CTABDCH",
        c.ABDOMEN,
        (Phase("Abdomen Child", 6.0, (180, 330), contrast=True, kvp=(70, 80, 100), pitch=1.2),),
        children=True,
        weight=6,
    ),
)


def protocols_for(children: bool) -> tuple[Protocol, ...]:
    """The protocols for children or for adults."""
    return tuple(protocol for protocol in PROTOCOLS if protocol.children is children)
