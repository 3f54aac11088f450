"""The simulated hospital's devices: makes and models that are met, all numbers and places invented."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, time

from dosebus.domain.study import Equipment
from dosebus_simulator.table import TableOrigin

INSTITUTION = "Riverside Teaching Hospital"
SATELLITE = "Hillside Children's Hospital"
NAMESPACE = uuid.UUID("5f0b6c0e-6a0f-4e0b-9f0e-2f6f3d7a1c55")


@dataclass(frozen=True)
class Device:
    """One device: what it images, who it is, and which way of writing reports its vendor has."""

    modality: str
    equipment: Equipment
    style: str = "standard"
    tubes: int = 1
    planes: int = 1
    children_only: bool = False
    table: TableOrigin | None = None
    """How a fluoroscopy system counts its table's positions; None for one without a table of its own."""


def _equipment(
    number: int,
    maker: str,
    model: str,
    station: str,
    software: str,
    *,
    department: str,
    institution: str = INSTITUTION,
) -> Equipment:
    return Equipment(
        manufacturer=maker,
        model=model,
        institution=institution,
        institution_address="1 River Road, Riverside",
        department=department,
        station_name=station,
        device_serial_number=f"SN{40000 + 37 * number}",
        software_version=software,
        device_observer_uid=f"2.25.{uuid.uuid5(NAMESPACE, station).int}",
        display_name=f"{institution} {station}",
        date_of_last_calibration=date(2026, 1, 1 + number),
        time_of_last_calibration=time(7, number, 0),
    )


DEVICES: tuple[Device, ...] = (
    Device(
        "CT",
        _equipment(1, "SIEMENS", "SOMATOM Force", "CTRIVER1", "syngo CT VB20A", department="Radiology"),
        tubes=2,
    ),
    Device(
        "CT",
        _equipment(
            2, "GE MEDICAL SYSTEMS", "Revolution EVO", "CTRIVER2", "revo_evo_22bc.50", department="Radiology"
        ),
    ),
    Device(
        "CT",
        _equipment(
            3, "CANON MEDICAL SYSTEMS", "Aquilion ONE", "CTEMERG", "V10.6ER003", department="Emergency"
        ),
    ),
    Device(
        "CT",
        _equipment(
            4,
            "Philips",
            "Incisive CT",
            "CTHILL1",
            "5.0.0",
            department="Paediatric radiology",
            institution=SATELLITE,
        ),
        children_only=True,
    ),
    Device(
        "RF",
        _equipment(5, "Siemens", "ARTIS pheno", "ANGIO1", "VE21B", department="Interventional radiology"),
        table=TableOrigin(),
    ),
    Device(
        "RF",
        _equipment(6, "Philips", "Azurion 7 B20/15", "CATHBI", "2.1.6", department="Cardiology"),
        planes=2,
        table=TableOrigin(sign=(1.0, 1.0, -1.0), offset_cm=(0.0, -162.0, 104.0)),
    ),
    Device(
        "RF",
        _equipment(7, "CANON_MEC", "Alphenix Core+", "CATHLAB2", "V8.30", department="Cardiology"),
        table=TableOrigin(sign=(1.0, -1.0, 1.0), offset_cm=(1.5, 88.0, -96.0)),
    ),
    Device(
        "RF",
        _equipment(8, "GE Healthcare", "OEC 3D", "CARMOR3", "1.5.2", department="Operating theatre"),
        style="retired",
    ),
    Device("DX", _equipment(9, "CARESTREAM", "DRX-Evolution", "DXROOM1", "5.7.607", department="Radiology")),
    Device("DX", _equipment(10, "SIEMENS", "Ysio Max", "DXROOM2", "VF10C", department="Emergency")),
    Device(
        "MG",
        _equipment(
            11,
            "HOLOGIC, Inc.",
            "Selenia Dimensions",
            "MAMMO1",
            "AWS:MAMMODROC_1_10_1",
            department="Breast clinic",
        ),
    ),
    Device(
        "MG",
        _equipment(
            12, "GE HEALTHCARE", "Senographe Pristina", "MAMMO2", "Ver3.1", department="Breast clinic"
        ),
    ),
    Device(
        "NM",
        _equipment(13, "SIEMENS", "Biograph64_Vision 600", "PETCT1", "VG80B", department="Nuclear medicine"),
    ),
    Device(
        "NM",
        _equipment(
            14, "GE MEDICAL SYSTEMS", "Discovery MI", "PETCT2", "48.02", department="Nuclear medicine"
        ),
    ),
)


def devices_for(modality: str) -> tuple[Device, ...]:
    """The devices of one modality.

    Raises:
        ValueError: the hospital has none of that modality.
    """
    found = tuple(device for device in DEVICES if device.modality == modality)
    if not found:
        raise ValueError(f"no simulated device of modality {modality!r}")
    return found
