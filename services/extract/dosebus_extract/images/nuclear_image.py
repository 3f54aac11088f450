"""PET and NM images: the administration and the series (PS3.3 C.8.4.10, C.8.9.1)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from dosebus.domain.base import Code
from dosebus.domain.contribution import Contribution
from dosebus.domain.radiopharmaceutical import Administration, PETSeries, RadiopharmaceuticalReport
from dosebus_extract.contribution import contribution_of
from dosebus_extract.read import ReadOptions
from dosebus_extract.sr.concepts import Reading
from dosebus_extract.sr.header import Header, as_number
from dosebus_extract.sr.reader import DicomObject
from dosebus_extract.study_header import (
    SERIES_DATE,
    SERIES_INSTANCE,
    SERIES_TIME,
    SOP_INSTANCE,
    STUDY_DATE,
    study_of,
)

_RADIOPHARMACEUTICALS, _AGENT_CODES, _RADIONUCLIDE_CODES = 0x00540016, 0x00540304, 0x00540300
_AGENT, _DOSE, _HALF_LIFE, _SPECIFIC_ACTIVITY = 0x00180031, 0x00181074, 0x00181075, 0x00181077
_START_TIME, _STOP_TIME, _START, _STOP, _VOLUME = 0x00181072, 0x00181073, 0x00181078, 0x00181079, 0x00181071
_ROUTE_CODES, _ROUTE = 0x00540302, 0x00181070
_BECQUEREL: Final = 1e-6
_MOST_MBQ, _LEAST_MBQ, _LEAST_BQ = 1e5, 1.0, 1e4
_PET: Final = "pet_image"


def read_nuclear_image(found: DicomObject, kind: str, _options: ReadOptions) -> Contribution:
    """What one PET or NM image tells; the UID of the administration is left out, images have it wrong."""
    header = found.header
    reading = Reading(header.first(SOP_INSTANCE) or "")
    day = header.date(STUDY_DATE)
    given = tuple(
        _administration(item, kind, datetime.combine(day, datetime.min.time()) if day else None)
        for item in header.items(_RADIOPHARMACEUTICALS)
    )
    report = RadiopharmaceuticalReport(
        administrations=tuple(one for one in given if one != Administration()),
        pet_series=(_series(header),) if kind == _PET else (),
    )
    study = study_of(header).model_copy(
        update={"modality_type": "NM", "radiopharmaceutical_reports": (report,)}
    )
    return contribution_of(header, kind, study, reading)


def _administration(item: Header, kind: str, day: datetime | None) -> Administration:
    activity = item.number(_DOSE)
    route_text = item.text(_ROUTE)
    route = item.code(_ROUTE_CODES) or (Code(code_meaning=route_text) if route_text else None)
    return Administration(
        radiopharmaceutical_agent=item.code(_AGENT_CODES),
        radiopharmaceutical_agent_text=item.text(_AGENT),
        radionuclide=item.code(_RADIONUCLIDE_CODES),
        radionuclide_half_life_s=item.number(_HALF_LIFE),
        radiopharmaceutical_specific_activity_bq_per_mol=_scaled(item.number(_SPECIFIC_ACTIVITY), 1e6),
        administered_activity_mbq=_scaled(activity, activity_factor(activity, kind)),
        start_datetime=_moment(item, _START, _START_TIME, day),
        stop_datetime=_moment(item, _STOP, _STOP_TIME, day),
        injected_volume_cm3=item.number(_VOLUME),
        route_of_administration=route,
    )


def activity_factor(sent: float | None, kind: str) -> float:
    """What makes MBq of an activity: PET images tell Bq, NM images MBq, and some devices do it the other way round.

    No patient is given 100 GBq or 10 kBq, so that the figure tells the unit.
    """
    if kind != _PET:
        return _BECQUEREL if sent is not None and sent >= _MOST_MBQ else 1.0
    return 1.0 if sent is not None and _LEAST_MBQ <= sent < _LEAST_BQ else _BECQUEREL


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else float(f"{value * factor:.12g}")


def _moment(item: Header, whole: int, clock: int, day: datetime | None) -> datetime | None:
    """Date and time as one, else the time on the study's day."""
    found = item.moment(whole)
    if found is not None:
        return found
    at = item.time(clock)
    return datetime.combine(day.date(), at) if at is not None and day is not None else None


def _series(header: Header) -> PETSeries:
    day, clock = header.date(SERIES_DATE), header.time(SERIES_TIME)
    window = header.item(0x00540013)
    series_type = header.texts(0x00541000)
    return PETSeries(
        series_instance_uid=header.first(SERIES_INSTANCE),
        series_datetime=datetime.combine(day, clock or datetime.min.time()) if day else None,
        number_of_slices=_whole(header.real(0x00540081)),
        number_of_time_slices=_whole(header.real(0x00540101)),
        number_of_rr_intervals=_whole(header.real(0x00540061)),
        reconstruction_method=header.text(0x00541103),
        coincidence_window_width_ns=_number(header, 0x00541210),
        energy_window_lower_limit_kev=_number(window, 0x00540014),
        energy_window_upper_limit_kev=_number(window, 0x00540015),
        corrections=header.texts(0x00280051),
        series_type=series_type,
    )


def _number(header: Header | None, tag: int) -> float | None:
    if header is None:
        return None
    return as_number(header.first(tag) or "")


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
