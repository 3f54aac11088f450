"""Sums over a whole study."""

from __future__ import annotations

from collections.abc import Iterable
from math import fsum
from typing import Final

from dosebus.domain.ct import CTReport
from dosebus.domain.projection import PlaneAccumulated, ProjectionEvent, ProjectionReport
from dosebus.domain.radiopharmaceutical import RadiopharmaceuticalReport
from dosebus.domain.study import Totals
from dosebus_extract.sr.names import value_of

PLANE_A, PLANE_B, ALL_PLANES = "113620", "113621", "113890"
_RIGHT: Final = frozenset({"T-04020", "73056007", "C0222600", "G-A100", "24028007"})
_LEFT: Final = frozenset({"T-04030", "80248007", "C0222601", "G-A101", "7771000"})
_BOTH: Final = frozenset({"T-04080", "63762007", "C0222605", "G-A102", "51440002"})
_CT_TYPES: Final = {
    "number_of_ct_sequenced_events": frozenset({"113804"}),
    "number_of_ct_spiral_events": frozenset({"116152004", "P5-08001", "C0860888"}),
    "number_of_ct_stationary_events": frozenset({"113806"}),
    "number_of_ct_constant_angle_events": frozenset({"113805"}),
}


def added(values: Iterable[float | None]) -> float | None:
    """The sum of what is there; None where nothing is. Sums bear no binary noise."""
    present = [value for value in values if value is not None]
    return float(f"{fsum(present):.12g}") if present else None


def ct_dlp_total(report: CTReport) -> float | None:
    """The accumulated DLP of a report in mGy.cm; where it is missing, the events' sum."""
    told = added(part.ct_dlp_total_mgycm for part in report.accumulated)
    return told if told is not None else added(event.dlp_mgycm for event in report.events)


def ct_totals(reports: tuple[CTReport, ...]) -> dict[str, float | int | None]:
    types = [value_of(event.event_type) for one in reports for event in one.events if event.event_type]
    return {
        "number_of_events": sum(len(report.events) for report in reports),
        "total_dlp_mgycm": added(ct_dlp_total(report) for report in reports),
        **{key: sum(one in codes for one in types) for key, codes in _CT_TYPES.items()},
    }


def is_plane_b(plane: PlaneAccumulated) -> bool:
    return value_of(plane.acquisition_plane) == PLANE_B


def planes_of(report: ProjectionReport) -> tuple[PlaneAccumulated, ...]:
    """The sums that add up to the report's: not that of all planes where each plane has its own."""
    told = [value_of(plane.acquisition_plane) for plane in report.accumulated_per_plane]
    if ALL_PLANES not in told or not {PLANE_A, PLANE_B} & set(told):
        return report.accumulated_per_plane
    return tuple(
        plane for plane, name in zip(report.accumulated_per_plane, told, strict=True) if name != ALL_PLANES
    )


def plane_sums(plane: PlaneAccumulated) -> tuple[float | None, float | None]:
    """DAP in Gy.m2 and dose at the reference point in Gy of one plane."""
    told = [one for one in (plane.integrated_total, plane.fluoro_and_acquisition) if one is not None]
    dap = next((one.dap_total_gym2 for one in told if one.dap_total_gym2 is not None), None)
    dose = next((one.dose_rp_total_gy for one in told if one.dose_rp_total_gy is not None), None)
    if plane.fluoro_and_acquisition is not None and dap is None:
        one = plane.fluoro_and_acquisition
        dap = added((one.fluoro_dap_total_gym2, one.acquisition_dap_total_gym2))
    if plane.fluoro_and_acquisition is not None and dose is None:
        one = plane.fluoro_and_acquisition
        dose = added((one.fluoro_dose_rp_total_gy, one.acquisition_dose_rp_total_gy))
    return dap, dose


def projection_totals(
    reports: tuple[ProjectionReport, ...], *, mammography: bool
) -> dict[str, float | int | None]:
    planes = [plane for report in reports for plane in planes_of(report)]
    events = [event for report in reports for event in report.events]
    in_b = [value_of(event.acquisition_plane) == PLANE_B for event in events]
    found: dict[str, float | int | None] = {
        "number_of_events": len(events),
        "number_of_planes": min(2, max((len(planes_of(report)) for report in reports), default=0)) or None,
        **_glandular(planes, events if mammography else []),
    }
    if mammography:
        return found
    for name, wanted in (("a", False), ("b", True)):
        sums = [plane_sums(plane) for plane in planes if is_plane_b(plane) is wanted]
        found[f"total_dap_plane_{name}_gym2"] = added(dap for dap, _ in sums)
        found[f"dose_rp_total_plane_{name}_gy"] = added(dose for _, dose in sums)
    for total, key in (("total_dap_plane_{}_gym2", "dap_gym2"), ("dose_rp_total_plane_{}_gy", "dose_rp_gy")):
        if found[total.format("a")] is None and found[total.format("b")] is None:
            for name, wanted in (("a", False), ("b", True)):
                mine = (getattr(one, key) for one, is_b in zip(events, in_b, strict=True) if is_b is wanted)
                found[total.format(name)] = added(mine)
    biplane = any(in_b) or any(is_plane_b(plane) for plane in planes)
    fluoro = [plane.fluoro_and_acquisition for plane in planes if plane.fluoro_and_acquisition]
    return {
        **found,
        "number_of_events_plane_a": in_b.count(False),
        "number_of_events_plane_b": in_b.count(True) if biplane else None,
        "total_dap_gym2": added((found["total_dap_plane_a_gym2"], found["total_dap_plane_b_gym2"])) or 0.0,
        "dose_rp_total_gy": added((found["dose_rp_total_plane_a_gy"], found["dose_rp_total_plane_b_gy"])),
        "total_fluoro_time_s": added(one.total_fluoro_time_s for one in fluoro),
    }


def _glandular(planes: list[PlaneAccumulated], events: list[ProjectionEvent]) -> dict[str, float | None]:
    """The glandular dose by breast as it was summed; where no sum is told, that of the events."""
    summed = [
        (value_of(dose.laterality), dose.accumulated_agd_mgy)
        for plane in planes
        for dose in plane.accumulated_average_glandular_dose
    ]
    told = summed or [(value_of(event.laterality), event.agd_mgy) for event in events]
    sides = {"left": _LEFT, "right": _RIGHT, "both": _BOTH}
    return {
        f"accumulated_agd_{side}_mgy": added(dose for code, dose in told if code in codes)
        for side, codes in sides.items()
    }


def study_totals(
    ct: tuple[CTReport, ...],
    projection: tuple[ProjectionReport, ...],
    radiopharmaceutical: tuple[RadiopharmaceuticalReport, ...],
    *,
    mammography: bool,
) -> Totals:
    """The totals of a study with these reports."""
    found: dict[str, float | int | None] = {}
    if ct:
        found.update(ct_totals(ct))
    if projection:
        events = found.get("number_of_events") or 0
        found.update(projection_totals(projection, mammography=mammography))
        found["number_of_events"] = (found["number_of_events"] or 0) + events
    if radiopharmaceutical:
        found.setdefault("number_of_events", 0)
        given = [one for report in radiopharmaceutical for one in report.administrations]
        found["administered_activity_mbq"] = added(one.administered_activity_mbq for one in given)
    return Totals.model_validate(found)
