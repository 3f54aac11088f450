"""What is odd about a study as a whole: sums, lengths, geometry, clocks, doubled UIDs. Never a reason to refuse it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from math import isclose
from typing import Final

from dosebus.domain.contribution import Contribution
from dosebus.domain.ct import CTReport
from dosebus.domain.projection import ProjectionReport
from dosebus.domain.study import Finding, Study
from dosebus_extract.sr.names import value_of
from dosebus_extract.totals import PLANE_B, added, is_plane_b, plane_sums, planes_of

_SUM_TOLERANCE: Final = 0.02
_LENGTH_FACTORS: Final = (0.5, 2.0)
_CLOCK_TOLERANCE: Final = timedelta(days=2)
_SCANNED: Final = frozenset({"113804", "116152004", "P5-08001", "C0860888"})
_NEEDED_GEOMETRY: Final = (
    "positioner_primary_angle_deg",
    "positioner_secondary_angle_deg",
    "distance_source_detector_mm",
)


def of_study(study: Study, telling: list[Contribution]) -> tuple[Finding, ...]:
    """Every finding about the study as it stands, in a fixed order."""
    found: list[Finding] = []
    for index, ct in enumerate(study.ct_reports):
        found += _of_ct(ct, f"ct_reports[{index}]")
    for index, projection in enumerate(study.projection_reports):
        found += _of_projection(
            projection, f"projection_reports[{index}]", fluoroscopy=study.modality_type == "RF"
        )
    found += _clocks(study)
    found += _doubled(study)
    found += _identities(telling)
    if study.study_date is None:
        found.append(_finding("no_study_date", "no object tells the date of the study", None))
    return tuple(found)


def _finding(code: str, message: str, place: str | None, severity: str = "warning") -> Finding:
    return Finding(code=code, severity=severity, message=message, place=place)


def _of_ct(report: CTReport, place: str) -> Iterator[Finding]:
    told = added(part.ct_dlp_total_mgycm for part in report.accumulated)
    summed = added(event.dlp_mgycm for event in report.events)
    if told is None:
        yield _finding("no_total", "the report tells no total DLP; the events' sum stands for it", place)
    elif summed is not None and not isclose(told, summed, rel_tol=_SUM_TOLERANCE, abs_tol=0.1):
        yield _finding("total_differs", f"total DLP is {told:g} mGy·cm, the events' sum {summed:g}", place)
    counts = [p.total_number_of_irradiation_events for p in report.accumulated]
    number = sum(count for count in counts if count is not None)
    if number and number != len(report.events):
        yield _finding("event_count_differs", f"{number} events announced, {len(report.events)} told", place)
    for index, event in enumerate(report.events):
        where = f"{place}.events[{index}]"
        scanned = value_of(event.event_type) in _SCANNED
        if scanned and event.ctdivol_mgy and event.dlp_mgycm and event.scanning_length_mm:
            ratio = event.dlp_mgycm / (event.ctdivol_mgy * event.scanning_length_mm / 10)
            if not _LENGTH_FACTORS[0] <= ratio <= _LENGTH_FACTORS[1]:
                yield _finding(
                    "dlp_and_length_differ", f"DLP is {ratio:.2f} x CTDIvol x scanning length", where
                )


def _of_projection(report: ProjectionReport, place: str, *, fluoroscopy: bool) -> Iterator[Finding]:
    for wanted, name in ((False, "A"), (True, "B")):
        planes = [plane for plane in planes_of(report) if is_plane_b(plane) is wanted]
        events = [
            event for event in report.events if (value_of(event.acquisition_plane) == PLANE_B) is wanted
        ]
        told = added(plane_sums(plane)[0] for plane in planes)
        summed = added(event.dap_gym2 for event in events)
        if told is not None and summed is not None and not isclose(told, summed, rel_tol=0.05, abs_tol=1e-7):
            yield _finding(
                "total_differs",
                f"plane {name}: total DAP is {told * 1e6:g} cGy·cm², the events' sum {summed * 1e6:g}",
                place,
            )
    if not report.accumulated_per_plane:
        yield _finding("no_total", "the report tells no accumulated dose", place)
    lacking = [
        event for event in report.events if any(getattr(event, key) is None for key in _NEEDED_GEOMETRY)
    ]
    if fluoroscopy and lacking:
        yield _finding("geometry_missing", f"{len(lacking)} events lack angles or distances", place, "info")


def _clocks(study: Study) -> Iterator[Finding]:
    for place, report in _reports(study):
        start, end = report.start_of_irradiation_datetime, report.end_of_irradiation_datetime
        if start and end and end < start:
            yield _finding("clock", "irradiation ends before it starts", place)
        times = [event.datetime_started for event in report.events] + [start]
        if study.study_date is None:
            continue
        day = datetime.combine(study.study_date, datetime.min.time())
        far = [t for t in times if t is not None and not -_CLOCK_TOLERANCE <= t - day <= _CLOCK_TOLERANCE]
        if far:
            yield _finding("clock", f"{len(far)} times are days away from the study's date", place)


def _reports(study: Study) -> Iterator[tuple[str, CTReport | ProjectionReport]]:
    for index, ct in enumerate(study.ct_reports):
        yield f"ct_reports[{index}]", ct
    for index, projection in enumerate(study.projection_reports):
        yield f"projection_reports[{index}]", projection


def _doubled(study: Study) -> Iterator[Finding]:
    seen: Counter[str] = Counter()
    for _, report in _reports(study):
        seen.update(event.irradiation_event_uid for event in report.events if event.irradiation_event_uid)
    for uid, times in sorted(seen.items()):
        if times > 1:
            yield _finding("doubled_event_uid", f"event {uid} is told {times} times", None)


def _identities(telling: list[Contribution]) -> Iterator[Finding]:
    ids = {one.study.patient.patient_id for one in telling if one.study.patient.patient_id}
    if len(ids) > 1:
        yield _finding(
            "patients_differ", f"the study's objects name {len(ids)} different patient IDs", None, "error"
        )
