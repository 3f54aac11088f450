"""Makes mammography studies with a dose report (TID 10001 with 10005): two views of each breast."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from dosebus.domain.base import Code
from dosebus.domain.projection import (
    AccumulatedGlandularDose,
    Filter,
    PlaneAccumulated,
    ProjectionEvent,
    ProjectionReport,
)
from dosebus.domain.study import Study
from dosebus_simulator import concepts as c
from dosebus_simulator.devices import Device
from dosebus_simulator.identity import Chance, Person, make_person
from dosebus_simulator.projection_writer import write_only_report
from dosebus_simulator.reported import report_head, reported
from dosebus_simulator.simulated import SimulatedStudy
from dosebus_simulator.totals import projection_totals, rounded_sum
from dosebus_simulator.visit import REFERENCE_DAY, Visit, completed, make_study, visit

CRANIO_CAUDAL = c.sct("399162004", "cranio-caudal")
MEDIO_LATERAL_OBLIQUE = c.sct("399368009", "medio-lateral oblique")
VIEWS = (
    (c.RIGHT, CRANIO_CAUDAL, "R CC"),
    (c.LEFT, CRANIO_CAUDAL, "L CC"),
    (c.RIGHT, MEDIO_LATERAL_OBLIQUE, "R MLO"),
    (c.LEFT, MEDIO_LATERAL_OBLIQUE, "L MLO"),
)
BREAST_SUPPORT = c.dcm("113865", "4.2cm above Breast Support Surface")
ACCUMULATED_SIDES = ((c.RIGHT, c.RIGHT_BREAST), (c.LEFT, c.LEFT_BREAST))


def make_woman(source: Chance, on: date) -> Person:
    """An invented woman of screening age."""
    while True:
        person = make_person(source, source.randrange(1_000_000), on)
        age = (on - person.birth_date).days / 365.25
        if person.sex == "F" and 40 <= age <= 75:
            return person


def _event(
    visited: Visit, view: tuple[Code, Code, str], thickness: float, begins: datetime
) -> ProjectionEvent:
    source = visited.source
    side, direction, name = view
    squeezed = round(thickness * source.uniform(0.94, 1.06))
    kvp = float(round(25 + squeezed / 12))
    mas = round(squeezed * source.uniform(1.2, 1.9), 1)
    agd = round(0.011 * mas * (kvp / 28) ** 2.2 * (50 / squeezed) ** 0.4, 3)
    return ProjectionEvent(
        irradiation_event_uid=source.uid(),
        datetime_started=begins,
        event_type=c.STATIONARY,
        acquisition_plane=c.SINGLE_PLANE,
        acquisition_protocol=name,
        anatomical_structure=c.BREAST,
        laterality=side,
        view=direction,
        target_region=c.BREAST,
        half_value_layer_mmal=round(0.3 + kvp / 150, 3),
        entrance_exposure_at_rp_mgy=round(agd * source.uniform(2.6, 3.2), 3),
        reference_point_definition=BREAST_SUPPORT,
        agd_mgy=agd,
        kvp=(kvp,),
        tube_current_ma=(100.0,),
        exposure_time_ms=round(mas * 10, 1),
        exposure_uas=(round(mas * 1000),),
        focal_spot_mm=0.3,
        anode_target_material=c.TUNGSTEN,
        filters=(
            Filter(type=c.STRIP_FILTER, material=c.RHODIUM, thickness_min_mm=0.05, thickness_max_mm=0.05),
        ),
        positioner_primary_angle_deg=0.0
        if direction == CRANIO_CAUDAL
        else (45.0 if side == c.LEFT else -45.0),
        compressed_thickness_mm=float(squeezed),
        compression_force_n=float(source.randint(70, 160)),
        distance_source_detector_mm=700.0,
    )


def _glandular_doses(events: tuple[ProjectionEvent, ...]) -> tuple[AccumulatedGlandularDose, ...]:
    return tuple(
        AccumulatedGlandularDose(
            laterality=breast,
            accumulated_agd_mgy=rounded_sum(
                (event.agd_mgy for event in events if event.laterality == side), 3
            ),
        )
        for side, breast in ACCUMULATED_SIDES
    )


def mg_study(visited: Visit) -> Study:
    """The record of one mammography study with one report: four views, the sums per breast."""
    source = visited.source
    study = make_study(visited, "MG", "Mammography screening", "MGSCREEN")
    thickness = min(max(source.gauss(55, 13), 22), 95)
    moments = [visited.started + timedelta(seconds=90 + 70 * number) for number in range(len(VIEWS))]
    events = tuple(_event(visited, view, thickness, at) for view, at in zip(VIEWS, moments, strict=True))
    report = ProjectionReport(
        **report_head(study, source.uid(), c.MAMMOGRAPHY, c.DIAGNOSTIC_INTENT),
        acquisition_device_type=c.INTEGRATED_SYSTEM,
        xray_detector_data_available=c.NO,
        xray_mechanical_data_available=c.YES,
        xray_source_data_available=c.YES,
        accumulated_per_plane=(
            PlaneAccumulated(
                acquisition_plane=c.SINGLE_PLANE, accumulated_average_glandular_dose=_glandular_doses(events)
            ),
        ),
        events=events,
    )
    totals = projection_totals(report)
    # A mammography report tells no DAP and no planes: absent, not zero.
    told = totals.model_copy(update={"total_dap_gym2": None, "number_of_events_plane_a": None})
    finished = completed(study, moments[-1], (report.sop_instance_uid or "",))
    return finished.model_copy(update={"projection_reports": (report,), "totals": told})


def make_mg(
    *seed: object,
    device: Device | None = None,
    person: Person | None = None,
    day: date = REFERENCE_DAY,
    style: str | None = None,
) -> SimulatedStudy:
    """A mammography study with one dose report; the arguments are those of `make_rf`."""
    visited = visit("MG", *seed, device=device, person=person or make_woman(_woman_of(seed), day), day=day)
    return reported("mg", mg_study(visited), style or visited.device.style, write_only_report)


def _woman_of(seed: tuple[object, ...]) -> Chance:
    return Chance(":".join(str(part) for part in ("woman", *seed)))
