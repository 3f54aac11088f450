"""Patient Radiation Dose reports: estimated doses to the patient's organs (PS3.16 TID 10030 to 10034)."""

from __future__ import annotations

from datetime import datetime

from dosebus.domain.base import Code, Part
from dosebus.domain.person import Observer


class DoseValue(Part):
    """One estimated figure, in the unit in which it was sent (UCUM)."""

    quantity: Code | None = None
    organ: Code | None = None
    laterality: Code | None = None
    value: float | None = None
    unit: str | None = None


class DoseEstimate(Part):
    """One radiation dose estimate (TID 10031) with its method (TID 10033)."""

    name: str | None = None
    start_datetime: datetime | None = None
    methodology: str | None = None
    method_type: Code | None = None
    irradiation_event_uids: tuple[str, ...] = ()
    values: tuple[DoseValue, ...] = ()
    comment: str | None = None


class PatientDoseReport(Part):
    """One Patient Radiation Dose SR."""

    sop_instance_uid: str | None = None
    observers: tuple[Observer, ...] = ()
    estimates: tuple[DoseEstimate, ...] = ()
    comment: str | None = None
