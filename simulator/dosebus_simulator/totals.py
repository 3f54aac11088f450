"""Sums of a simulated study, made from its events: the truth that a reader must find."""

from __future__ import annotations

from collections.abc import Iterable

from dosebus.domain.ct import CTReport
from dosebus.domain.projection import (
    FluoroscopyAccumulated,
    IntegratedAccumulated,
    PlaneAccumulated,
    ProjectionReport,
)
from dosebus.domain.study import Totals
from dosebus_simulator import concepts as c


def rounded_sum(values: Iterable[float | None], digits: int) -> float:
    """The sum of what is there, without binary dust."""
    return round(sum(value for value in values if value is not None), digits)


def ct_totals(reports: tuple[CTReport, ...]) -> Totals:
    """Totals of a CT study."""
    events = [event for report in reports for event in report.events]

    def count(code_value: str | None) -> int:
        return sum(1 for event in events if event.event_type and event.event_type.code_value == code_value)

    return Totals(
        number_of_events=len(events),
        total_dlp_mgycm=rounded_sum((event.dlp_mgycm for event in events), 2),
        number_of_ct_sequenced_events=count(c.SEQUENCED.code_value),
        number_of_ct_spiral_events=count(c.SPIRAL.code_value),
        number_of_ct_stationary_events=count(c.STATIONARY_CT.code_value),
        number_of_ct_constant_angle_events=count(c.CONSTANT_ANGLE.code_value),
    )


def _dap(plane: PlaneAccumulated) -> float | None:
    part: FluoroscopyAccumulated | IntegratedAccumulated | None = (
        plane.fluoro_and_acquisition or plane.integrated_total
    )
    return part.dap_total_gym2 if part else None


def _dose_rp(plane: PlaneAccumulated) -> float | None:
    part: FluoroscopyAccumulated | IntegratedAccumulated | None = (
        plane.fluoro_and_acquisition or plane.integrated_total
    )
    return part.dose_rp_total_gy if part else None


def _on_plane_b(code_value: str | None) -> bool:
    return code_value == c.PLANE_B.code_value


def projection_totals(report: ProjectionReport) -> Totals:
    """Totals of a projection study with one report; a single plane counts as A."""
    planes = report.accumulated_per_plane
    plane_b = next(
        (p for p in planes if p.acquisition_plane and _on_plane_b(p.acquisition_plane.code_value)), None
    )
    plane_a = next((p for p in planes if p is not plane_b), None)
    events_b = sum(
        1 for e in report.events if e.acquisition_plane and _on_plane_b(e.acquisition_plane.code_value)
    )
    agd = {
        dose.laterality.code_value: dose.accumulated_agd_mgy
        for plane in planes
        for dose in plane.accumulated_average_glandular_dose
        if dose.laterality
    }
    daps = [_dap(plane) for plane in planes]
    return Totals(
        number_of_events=len(report.events),
        number_of_planes=len(planes),
        number_of_events_plane_a=len(report.events) - events_b,
        number_of_events_plane_b=events_b if plane_b else None,
        total_dap_gym2=rounded_sum(daps, 15),
        total_dap_plane_a_gym2=_dap(plane_a) if plane_a else None,
        total_dap_plane_b_gym2=_dap(plane_b) if plane_b else None,
        dose_rp_total_plane_a_gy=_dose_rp(plane_a) if plane_a else None,
        dose_rp_total_plane_b_gy=_dose_rp(plane_b) if plane_b else None,
        accumulated_agd_left_mgy=agd.get(c.LEFT_BREAST.code_value),
        accumulated_agd_right_mgy=agd.get(c.RIGHT_BREAST.code_value),
    )
