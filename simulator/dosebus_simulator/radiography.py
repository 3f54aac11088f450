"""Makes radiography studies with a dose report (TID 10001 with 10006 or 10007): exposures of an integrated system."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dosebus.domain.base import Code
from dosebus.domain.projection import (
    Filter,
    IntegratedAccumulated,
    PlaneAccumulated,
    ProjectionEvent,
    ProjectionReport,
)
from dosebus.domain.study import Study
from dosebus_simulator import concepts as c
from dosebus_simulator.devices import Device
from dosebus_simulator.identity import Person
from dosebus_simulator.projection_writer import write_only_report
from dosebus_simulator.reported import report_head, reported
from dosebus_simulator.simulated import SimulatedStudy
from dosebus_simulator.totals import projection_totals, rounded_sum
from dosebus_simulator.visit import REFERENCE_DAY, Visit, completed, make_study, visit

# Air kerma at 1 m per charge at 80 kV behind 3 mm Al.
OUTPUT_UGY_PER_MAS = 60.0


@dataclass(frozen=True)
class Projection:
    """One exposure of an examination: median charge in mAs, field in mm at the detector."""

    protocol: str
    kvp: float
    mas: float
    field_mm: tuple[float, float]
    source_to_detector_mm: float


@dataclass(frozen=True)
class Examination:
    """One radiographic examination."""

    description: str
    code: str
    target_region: Code
    projections: tuple[Projection, ...]
    laterality: bool = False


EXAMINATIONS = (
    Examination("XR Chest PA", "XRCHPA", c.CHEST, (Projection("Chest PA", 125, 1.6, (350, 400), 1800),)),
    Examination(
        "XR Chest PA and lateral",
        "XRCH2",
        c.CHEST,
        (
            Projection("Chest PA", 125, 1.6, (350, 400), 1800),
            Projection("Chest lateral", 125, 5.0, (300, 400), 1800),
        ),
    ),
    Examination("XR Pelvis", "XRPEL", c.PELVIS, (Projection("Pelvis AP", 77, 25.0, (420, 350), 1150),)),
    Examination("XR Abdomen", "XRABD", c.ABDOMEN, (Projection("Abdomen AP", 80, 28.0, (350, 420), 1150),)),
    Examination(
        "XR Hand two views",
        "XRHAND",
        c.HAND,
        (
            Projection("Hand PA", 52, 1.8, (160, 220), 1100),
            Projection("Hand oblique", 52, 2.0, (160, 220), 1100),
        ),
        laterality=True,
    ),
    Examination(
        "XR Foot two views",
        "XRFOOT",
        c.FOOT,
        (
            Projection("Foot DP", 55, 2.5, (160, 280), 1100),
            Projection("Foot oblique", 55, 2.8, (160, 280), 1100),
        ),
        laterality=True,
    ),
)


def _event(
    visited: Visit, done: Examination, shot: Projection, side: Code | None, begins: datetime
) -> ProjectionEvent:
    source = visited.source
    thick = (visited.person.weight_kg / 75) ** 0.9
    mas = max(0.3, round(shot.mas * thick * source.lognormvariate(0, 0.2), 2))
    current = 400.0 if mas > 4 else 250.0
    exposure_time = round(mas / current * 1000, 1)
    charge_uas = round(current * exposure_time)
    distance_mm = shot.source_to_detector_mm - 300
    kerma = OUTPUT_UGY_PER_MAS * 1e-6 * (shot.kvp / 80) ** 2.1 * charge_uas / 1000 * (1000 / distance_mm) ** 2
    dose_rp = round(kerma, 9)
    height, width = shot.field_mm[1], shot.field_mm[0]
    area_m2 = height * width / 1e6
    exposure_index = round(source.gauss(380, 90), 1)
    return ProjectionEvent(
        irradiation_event_uid=source.uid(),
        datetime_started=begins,
        event_type=c.STATIONARY,
        acquisition_plane=c.SINGLE_PLANE,
        acquisition_protocol=shot.protocol,
        anatomical_structure=done.target_region,
        laterality=side,
        target_region=done.target_region,
        dap_gym2=round(dose_rp * area_m2 * (distance_mm / shot.source_to_detector_mm) ** 2, 13),
        dose_rp_gy=dose_rp,
        kvp=(shot.kvp,),
        tube_current_ma=(current,),
        exposure_time_ms=exposure_time,
        exposure_uas=(charge_uas,),
        focal_spot_mm=1.2 if mas > 4 else 0.6,
        filters=(
            Filter(type=c.FLAT_FILTER, material=c.COPPER, thickness_min_mm=0.1, thickness_max_mm=0.1),
            Filter(type=c.FLAT_FILTER, material=c.ALUMINUM, thickness_min_mm=1.0, thickness_max_mm=1.0),
        ),
        collimated_field_area_m2=round(area_m2, 6),
        collimated_field_height_mm=height,
        collimated_field_width_mm=width,
        distance_source_detector_mm=shot.source_to_detector_mm,
        exposure_index=exposure_index,
        target_exposure_index=400.0,
        deviation_index=source.between(-2, 2, 1),
    )


def _report(study: Study, visited: Visit, events: tuple[ProjectionEvent, ...]) -> ProjectionReport:
    return ProjectionReport(
        **report_head(study, visited.source.uid(), c.PROJECTION_XRAY, c.DIAGNOSTIC_INTENT),
        acquisition_device_type=c.INTEGRATED_SYSTEM,
        xray_detector_data_available=c.YES,
        xray_mechanical_data_available=c.NO,
        xray_source_data_available=c.YES,
        accumulated_per_plane=(
            PlaneAccumulated(
                acquisition_plane=c.SINGLE_PLANE,
                integrated_total=IntegratedAccumulated(
                    dap_total_gym2=rounded_sum((event.dap_gym2 for event in events), 13),
                    dose_rp_total_gy=rounded_sum((event.dose_rp_gy for event in events), 9),
                    total_number_of_radiographic_frames=len(events),
                ),
            ),
        ),
        events=events,
    )


def dx_study(visited: Visit, examination: Examination | None = None, events: int | None = None) -> Study:
    """The record of one radiography study with one report."""
    source = visited.source
    done = examination or source.choice(EXAMINATIONS)
    study = make_study(visited, "DX", done.description, done.code)
    side = source.choice((c.RIGHT, c.LEFT)) if done.laterality else None
    shots = [done.projections[i % len(done.projections)] for i in range(events or len(done.projections))]
    moments = [visited.started + timedelta(seconds=60 + 45 * number) for number in range(len(shots))]
    made = tuple(_event(visited, done, shot, side, at) for shot, at in zip(shots, moments, strict=True))
    report = _report(study, visited, made)
    finished = completed(study, moments[-1], (report.sop_instance_uid or "",))
    return finished.model_copy(update={"projection_reports": (report,), "totals": projection_totals(report)})


def make_dx(
    *seed: object,
    device: Device | None = None,
    person: Person | None = None,
    day: date = REFERENCE_DAY,
    child: bool | None = None,
    examination: Examination | None = None,
    events: int | None = None,
    style: str | None = None,
) -> SimulatedStudy:
    """A radiography study with one dose report; the arguments are those of `make_rf`, with an examination."""
    visited = visit("DX", *seed, device=device, person=person, day=day, child=child)
    study = dx_study(visited, examination, events)
    return reported("dx", study, style or visited.device.style, write_only_report)
