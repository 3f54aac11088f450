"""What mammograms and radiographs tell alike of their exposure (PS3.3 C.8.7, C.8.11)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from dosebus.domain.base import Code
from dosebus.domain.projection import ProjectionEvent, ProjectionReport
from dosebus_extract.images import codes
from dosebus_extract.sr.header import Header
from dosebus_extract.study_header import (
    ACQUISITION_DATE,
    ACQUISITION_TIME,
    CONTENT_DATE,
    CONTENT_TIME,
    SOP_INSTANCE,
)

ACQUISITION_DATETIME: Final = 0x0008002A
KVP, EXPOSURE_TIME, TUBE_CURRENT = 0x00180060, 0x00181150, 0x00181151
EXPOSURE_MAS, EXPOSURE_UAS, EXPOSURE_TIME_US, TUBE_CURRENT_UA = 0x00181152, 0x00181153, 0x00188150, 0x00188151
CURRENT_MA, DURATION_MS, CHARGE_MAS = 0x00189330, 0x00189328, 0x00189332
"""The binary values of enhanced multi-frame objects."""
FOCAL_SPOT, FIELD_DIMENSIONS, FIELD_SHAPE = 0x00181190, 0x00181149, 0x00181147
EXPOSED_AREA: Final = 0x00400303
"""In cm: two sides, or a diameter."""
ENTRANCE_DOSE_MGY, ENTRANCE_DOSE_DGY = 0x00408302, 0x00400302
SOURCE_DETECTOR, SOURCE_PATIENT = 0x00181110, 0x00181111
GRID, ANATOMIC_REGION, VIEW_CODES, VIEW_MODIFIERS = 0x00181166, 0x00082218, 0x00540220, 0x00540222
CONTROL_MODE, CONTROL_MODE_DESCRIPTION = 0x00187060, 0x00187062
_SIDES: Final = (0x00200062, 0x00209072, 0x00200060)
_MICRO, _MILLI = 1000.0, 1e-3
_MM_PER_CM, _MGY_PER_DGY = 10.0, 100.0


def acquired_at(header: Header) -> datetime | None:
    """When the exposure was made; where that is not told, the image's own time."""
    direct = header.moment(ACQUISITION_DATETIME)
    if direct is not None:
        return direct
    for day_tag, clock_tag in ((ACQUISITION_DATE, ACQUISITION_TIME), (CONTENT_DATE, CONTENT_TIME)):
        day, clock = header.date(day_tag), header.time(clock_tag)
        if day is not None and clock is not None:
            return datetime.combine(day, clock)
    return None


def _first(header: Header, *places: tuple[int, float]) -> float | None:
    """The first of these elements that holds a number, times its factor."""
    for tag, factor in places:
        value = header.number(tag)
        if value is not None:
            return value if factor == 1.0 else float(f"{value * factor:.12g}")
    return None


def exposure_values(header: Header) -> dict[str, Any]:
    """The event's values that every X-ray image may tell."""
    current = _first(header, (TUBE_CURRENT, 1.0), (TUBE_CURRENT_UA, _MILLI), (CURRENT_MA, 1.0))
    duration = _first(header, (EXPOSURE_TIME, 1.0), (EXPOSURE_TIME_US, _MILLI), (DURATION_MS, 1.0))
    exposure = _first(header, (EXPOSURE_UAS, 1.0), (EXPOSURE_MAS, _MICRO), (CHARGE_MAS, _MICRO))
    kvp = header.number(KVP)
    region = header.code(ANATOMIC_REGION)
    return {
        "irradiation_event_uid": header.first(SOP_INSTANCE),
        "datetime_started": acquired_at(header),
        "acquisition_plane": codes.SINGLE_PLANE,
        "event_type": codes.STATIONARY,
        "anatomical_structure": region,
        "target_region": region,
        "kvp": () if kvp is None else (kvp,),
        "exposure_time_ms": duration,
        "average_tube_current_ma": current,
        "exposure_uas": () if exposure is None else (exposure,),
        "focal_spot_mm": header.number(FOCAL_SPOT),
        "collimated_field_area_m2": field_area_m2(header),
        "distance_source_detector_mm": header.number(SOURCE_DETECTOR),
        "grid": tuple(
            grid
            for words in header.texts(GRID)
            for word in words.split("+")
            if (grid := codes.grid(word)) is not None
        ),
        "exposure_control_mode": header.text(CONTROL_MODE),
        "view_modifiers": view_modifiers(header),
    }


def field_area_m2(header: Header) -> float | None:
    """The area of the field of view: a rectangle by its sides, a circle by its diameter, both in mm."""
    sides = header.numbers(FIELD_DIMENSIONS) or tuple(
        side * _MM_PER_CM for side in header.shorts(EXPOSED_AREA) if side
    )
    if len(sides) >= 2:
        return float(f"{sides[0] * sides[1] * 1e-6:.12g}")
    if len(sides) == 1 and (header.first(FIELD_SHAPE) or "").upper() in {"ROUND", "HEXAGONAL"}:
        return float(f"{3.141592653589793 * (sides[0] / 2) ** 2 * 1e-6:.12g}")
    return float(f"{sides[0] ** 2 * 1e-6:.12g}") if sides else None


def entrance_dose_mgy(header: Header) -> float | None:
    """The entrance dose in mGy; else that in whole dGy, where zero says nothing."""
    told = header.number(ENTRANCE_DOSE_MGY)
    if told is None and (deci := header.real(ENTRANCE_DOSE_DGY)):
        return deci * _MGY_PER_DGY
    return told


def laterality(header: Header) -> Code | None:
    """The side of the image; of a frame; or only of the series, as proprietary projections tell it."""
    return next((side for tag in _SIDES if (side := codes.side(header.first(tag))) is not None), None)


def view_modifiers(header: Header) -> tuple[Code, ...]:
    item = header.item(VIEW_CODES)
    if item is None:
        return ()
    return tuple(code for one in item.items(VIEW_MODIFIERS) if (code := one.as_code()) is not None)


def image_event_report(event: ProjectionEvent, procedure: Code, planes: tuple[Any, ...]) -> ProjectionReport:
    """One image as a report of one event, its values copied from the image's attributes."""
    return ProjectionReport(
        procedure_reported=procedure,
        has_intent=codes.DIAGNOSTIC,
        scope_of_accumulation=codes.STUDY,
        source_of_dose_information=codes.COPIED,
        xray_detector_data_available=codes.NO,
        xray_source_data_available=codes.YES,
        xray_mechanical_data_available=codes.YES,
        accumulated_per_plane=planes,
        events=(event,),
    )
