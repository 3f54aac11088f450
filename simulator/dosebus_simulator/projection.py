"""Makes fluoroscopy studies: pulses, filters and field give the dose, and the totals are the sums of the events.

The air kerma at the reference point is tube output times charge by the inverse square of the distance; the
dose-area product is that kerma times the field area at the same distance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from dosebus.domain.base import Code
from dosebus.domain.projection import (
    Calibration,
    Filter,
    FluoroscopyAccumulated,
    PlaneAccumulated,
    ProjectionEvent,
    ProjectionReport,
)
from dosebus.domain.study import Study
from dosebus_simulator import concepts as c
from dosebus_simulator.devices import Device, devices_for
from dosebus_simulator.fluoroscopy_protocols import Procedure, procedures_at
from dosebus_simulator.identity import Person
from dosebus_simulator.projection_writer import write_only_report
from dosebus_simulator.reported import report_head, reported
from dosebus_simulator.simulated import SimulatedStudy
from dosebus_simulator.table import TableOrigin, TablePosition
from dosebus_simulator.totals import projection_totals, rounded_sum
from dosebus_simulator.visit import REFERENCE_DAY, Visit, completed, make_study, visit

SOURCE_TO_ISOCENTER_MM = 785.0
SOURCE_TO_REFERENCE_POINT_MM = SOURCE_TO_ISOCENTER_MM - 150.0
# Air kerma at 1 m per charge at 80 kV behind 2.5 mm Al, typical of tungsten tubes, and what 0.1 mm Cu leaves of it.
OUTPUT_UGY_PER_MAS = 72.0
COPPER_TRANSMISSION_PER_TENTH_MM = 0.72


@dataclass(frozen=True)
class Beam:
    """One irradiation before its length is settled; pulse width in ms, field side at the detector in mm."""

    fluoroscopy: bool
    plane: Code
    kvp: float
    tube_current_ma: float
    pulse_width_ms: float
    pulse_rate_per_s: float
    pulses: int
    copper_mm: float
    field_mm: float
    source_to_detector_mm: float
    angles: tuple[float, float]
    rotational: bool = False

    @property
    def dose_per_pulse_gy(self) -> float:
        """Air kerma at the reference point of one pulse."""
        output = OUTPUT_UGY_PER_MAS * (self.kvp / 80) ** 2.2
        output *= COPPER_TRANSMISSION_PER_TENTH_MM ** (self.copper_mm * 10)
        charge_mas = self.tube_current_ma * self.pulse_width_ms / 1000
        return float(output * 1e-6 * charge_mas * (1000 / SOURCE_TO_REFERENCE_POINT_MM) ** 2)

    @property
    def field_at_reference_point_m2(self) -> float:
        """Field area at the reference point."""
        side_m = self.field_mm / 1000 * SOURCE_TO_REFERENCE_POINT_MM / self.source_to_detector_mm
        return side_m * side_m


def _beam(visited: Visit, done: Procedure, fluoroscopy: bool, plane: Code, rotational: bool) -> Beam:
    source = visited.source
    thick = (visited.person.weight_kg / 75) ** 0.3
    primary, secondary = source.choice(done.angles)
    if plane == c.PLANE_B:
        primary = primary + 90 if primary <= 30 else primary - 90
    return Beam(
        fluoroscopy=fluoroscopy,
        plane=plane,
        kvp=round(min(125, source.uniform(66, 84) * thick), 1),
        tube_current_ma=source.between(30, 120, 1) if fluoroscopy else source.between(250, 700, 1),
        pulse_width_ms=source.between(3.5, 9.0, 1) if fluoroscopy else source.between(4.0, 9.0, 1),
        pulse_rate_per_s=source.choice((7.5, 7.5, 10, 15))
        if fluoroscopy
        else (30.0 if rotational else done.frame_rate),
        pulses=source.randint(40, 900) if fluoroscopy else source.randint(20, 90),
        copper_mm=source.choice((0.2, 0.3, 0.6, 0.9)) if fluoroscopy else source.choice((0.0, 0.1, 0.1, 0.2)),
        field_mm=round(done.field_mm * source.choice((0.7, 0.85, 1.0, 1.0))),
        source_to_detector_mm=source.randint(990, 1200),
        angles=(round(primary + source.gauss(0, 2), 1), round(secondary + source.gauss(0, 2), 1)),
        rotational=rotational,
    )


def _beams(visited: Visit, done: Procedure, events: int | None) -> list[Beam]:
    source = visited.source
    planes = (c.PLANE_A, c.PLANE_B) if visited.device.planes > 1 else (c.SINGLE_PLANE,)
    kinds = [True] * source.randint(*done.fluoroscopy_events) + [False] * source.randint(*done.runs)
    while events is not None and len(kinds) < events:
        kinds.append(source.random() < 0.7)
    source.shuffle(kinds)
    if events is not None:
        kinds = kinds[:events]
    rotational = next((i for i, fluoro in enumerate(kinds) if not fluoro), None) if done.rotational else None
    return [
        _beam(
            visited,
            done,
            fluoro,
            source.choice(planes) if i > 1 else planes[i % len(planes)],
            i == rotational,
        )
        for i, fluoro in enumerate(kinds)
    ]


def _scaled(beams: list[Beam], dose_rp_gy: float) -> list[Beam]:
    """The beams with as many pulses as the wanted dose takes, and less current where a pulse is the least there is."""
    factor = dose_rp_gy / sum(beam.dose_per_pulse_gy * beam.pulses for beam in beams)
    scaled = []
    for beam in beams:
        pulses = max(2, round(beam.pulses * factor))
        current = round(max(1.0, beam.tube_current_ma * factor * beam.pulses / pulses), 1)
        scaled.append(replace(beam, pulses=pulses, tube_current_ma=current))
    return scaled


def _filters(copper_mm: float) -> tuple[Filter, ...]:
    if not copper_mm:
        return ()
    return (
        Filter(
            type=c.STRIP_FILTER, material=c.COPPER, thickness_min_mm=copper_mm, thickness_max_mm=copper_mm
        ),
    )


def _mechanics(beam: Beam, origin: TableOrigin | None, table: TablePosition) -> dict[str, float | None]:
    """Where the gantry stood, and the table if the system has one (TID 10003C)."""
    primary, secondary = beam.angles
    gantry = {
        "positioner_primary_angle_deg": -100.0 if beam.rotational else primary,
        "positioner_secondary_angle_deg": 0.0 if beam.rotational else secondary,
        "positioner_primary_end_angle_deg": 100.0 if beam.rotational else None,
        "positioner_secondary_end_angle_deg": 0.0 if beam.rotational else None,
    }
    if origin is None:
        return gantry
    longitudinal, lateral, height = origin.reported_mm(table.at)
    return gantry | {
        "table_head_tilt_angle_deg": 0.0,
        "table_horizontal_rotation_angle_deg": 0.0,
        "table_cradle_tilt_angle_deg": 0.0,
        "table_longitudinal_position_mm": longitudinal,
        "table_lateral_position_mm": lateral,
        "table_height_position_mm": height,
    }


def _event(
    visited: Visit, done: Procedure, beam: Beam, table: TablePosition, begins: datetime
) -> ProjectionEvent:
    source = visited.source
    exposure_time = round(beam.pulses * beam.pulse_width_ms, 1)
    dose_rp = round(beam.dose_per_pulse_gy * beam.pulses, 8)
    kind = c.ROTATIONAL if beam.rotational else c.FLUOROSCOPY if beam.fluoroscopy else c.STATIONARY
    protocol = "3D rotation" if beam.rotational else "Fluoro low" if beam.fluoroscopy else "Run"
    field = beam.field_mm
    event = ProjectionEvent(
        irradiation_event_uid=source.uid(),
        datetime_started=begins,
        event_type=kind,
        acquisition_plane=beam.plane,
        acquisition_protocol=protocol,
        patient_table_relationship=c.sct("102540008", "headfirst"),
        patient_orientation=c.sct("102538003", "recumbent"),
        patient_orientation_modifier=c.sct("40199007", "supine"),
        target_region=done.target_region,
        reference_point_definition=c.FIFTEEN_CM_FROM_ISOCENTER,
        dap_gym2=round(dose_rp * beam.field_at_reference_point_m2, 12),
        dose_rp_gy=dose_rp,
        fluoro_mode=c.PULSED if beam.fluoroscopy else None,
        pulse_rate_per_s=beam.pulse_rate_per_s,
        number_of_pulses=beam.pulses,
        kvp=(beam.kvp,),
        tube_current_ma=(beam.tube_current_ma,),
        exposure_uas=(round(beam.tube_current_ma * exposure_time),),
        exposure_time_ms=exposure_time,
        pulse_width_ms=(beam.pulse_width_ms,),
        irradiation_duration_s=round(beam.pulses / beam.pulse_rate_per_s, 2),
        focal_spot_mm=0.6 if beam.fluoroscopy else 1.0,
        filters=_filters(beam.copper_mm),
        collimated_field_area_m2=round(field * field / 1e6, 6),
        collimated_field_height_mm=field,
        collimated_field_width_mm=field,
        distance_source_detector_mm=beam.source_to_detector_mm,
        distance_source_isocenter_mm=SOURCE_TO_ISOCENTER_MM,
        distance_source_reference_point_mm=SOURCE_TO_REFERENCE_POINT_MM,
    )
    return event.model_copy(update=_mechanics(beam, visited.device.table, table))


def _plane_total(plane: Code, events: tuple[ProjectionEvent, ...], calibrated: datetime) -> PlaneAccumulated:
    mine = [event for event in events if event.acquisition_plane == plane]
    fluoro = [event for event in mine if event.event_type == c.FLUOROSCOPY]
    runs = [event for event in mine if event.event_type != c.FLUOROSCOPY]
    return PlaneAccumulated(
        acquisition_plane=plane,
        calibrations=(
            Calibration(
                dose_measurement_device=c.sct("15869005", "Dosimeter"),
                calibration_datetime=calibrated,
                calibration_factor=1.0,
                calibration_uncertainty_percent=5.0,
                calibration_responsible_party="Vendor service",
            ),
        ),
        fluoro_and_acquisition=FluoroscopyAccumulated(
            dap_total_gym2=rounded_sum((event.dap_gym2 for event in mine), 12),
            dose_rp_total_gy=rounded_sum((event.dose_rp_gy for event in mine), 8),
            fluoro_dap_total_gym2=rounded_sum((event.dap_gym2 for event in fluoro), 12),
            fluoro_dose_rp_total_gy=rounded_sum((event.dose_rp_gy for event in fluoro), 8),
            total_fluoro_time_s=rounded_sum((event.irradiation_duration_s for event in fluoro), 2),
            acquisition_dap_total_gym2=rounded_sum((event.dap_gym2 for event in runs), 12),
            acquisition_dose_rp_total_gy=rounded_sum((event.dose_rp_gy for event in runs), 8),
            total_acquisition_time_s=rounded_sum((event.irradiation_duration_s for event in runs), 2),
            total_number_of_radiographic_frames=round(sum(event.number_of_pulses or 0 for event in runs)),
            reference_point_definition=c.FIFTEEN_CM_FROM_ISOCENTER,
        ),
    )


def _planes(visited: Visit, events: tuple[ProjectionEvent, ...]) -> tuple[PlaneAccumulated, ...]:
    calibrated = visited.started - timedelta(days=90)
    planes = (c.PLANE_A, c.PLANE_B) if visited.device.planes > 1 else (c.SINGLE_PLANE,)
    return tuple(_plane_total(plane, events, calibrated) for plane in planes)


def _report(
    study: Study, visited: Visit, done: Procedure, events: tuple[ProjectionEvent, ...]
) -> ProjectionReport:
    intent = c.COMBINED_INTENT if done.interventional else c.DIAGNOSTIC_INTENT
    return ProjectionReport(
        **report_head(study, visited.source.uid(), c.PROJECTION_XRAY, intent),
        acquisition_device_type=c.FLUOROSCOPY_SYSTEM,
        start_of_irradiation_datetime=events[0].datetime_started,
        end_of_irradiation_datetime=_ended(events),
        xray_detector_data_available=c.NO,
        xray_mechanical_data_available=c.YES,
        xray_source_data_available=c.YES,
        accumulated_per_plane=_planes(visited, events),
        events=events,
    )


def _ended(events: tuple[ProjectionEvent, ...]) -> datetime:
    last = events[-1]
    if last.datetime_started is None:
        raise ValueError("simulated events carry their start")
    return last.datetime_started + timedelta(seconds=round(last.irradiation_duration_s or 0))


def rf_study(
    visited: Visit,
    procedure: Procedure | None = None,
    events: int | None = None,
    dose_rp_gy: float | None = None,
) -> Study:
    """The record of a fluoroscopy study with one report; `dose_rp_gy` is the air kerma wanted at the reference."""
    source = visited.source
    choices = procedures_at(visited.equipment.station_name)
    done = procedure or source.choices(choices, [one.weight for one in choices])[0]
    study = make_study(visited, "RF", done.description, done.code, done.interventional)
    size = (visited.person.weight_kg / 75) ** 0.8
    wanted = dose_rp_gy or done.dose_rp_gy * size * source.lognormvariate(0, done.spread)
    moment = visited.started + timedelta(minutes=5)
    table = TablePosition.of(source, visited.person, done.target_region)
    made: list[ProjectionEvent] = []
    for beam in _scaled(_beams(visited, done, events), wanted):
        made.append(_event(visited, done, beam, table, moment))
        table = table.moved(source)
        moment += timedelta(seconds=round(made[-1].irradiation_duration_s or 0) + source.randint(8, 90))
    report = _report(study, visited, done, tuple(made))
    finished = completed(study, _ended(report.events), (report.sop_instance_uid or "",))
    return finished.model_copy(update={"projection_reports": (report,), "totals": projection_totals(report)})


def make_rf(
    *seed: object,
    device: Device | None = None,
    person: Person | None = None,
    day: date = REFERENCE_DAY,
    child: bool | None = None,
    procedure: Procedure | None = None,
    events: int | None = None,
    dose_rp_gy: float | None = None,
    style: str | None = None,
) -> SimulatedStudy:
    """A fluoroscopy study with one dose report.

    Args:
        seed: equal seeds make equal objects.
        device: one of `devices_for("RF")`; chosen by the seed if absent, as are `person` and `procedure`.
        person: the patient.
        day: the day of the study.
        child: force a child or an adult.
        procedure: what is done.
        events: number of irradiation events, if not the procedure's own; 400 make a report of about 4 MB.
        dose_rp_gy: total air kerma at the reference point to come near to.
        style: a key of `STYLES`; the device's own if absent.
    """
    visited = visit("RF", *seed, device=device, person=person, day=day, child=child)
    study = rf_study(visited, procedure, events, dose_rp_gy)
    return reported("rf", study, style or visited.device.style, write_only_report)


def make_biplane(*seed: object, day: date = REFERENCE_DAY, events: int | None = None) -> SimulatedStudy:
    """A fluoroscopy study on a biplane system: two planes with their own totals."""
    biplane = next(device for device in devices_for("RF") if device.planes > 1)
    return replace(make_rf("biplane", *seed, device=biplane, day=day, events=events), kind="biplane")
