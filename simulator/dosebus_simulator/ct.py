"""Makes CT studies: topogram, bolus tracking, scans. DLP is CTDIvol times length, the total is the events' sum."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType

from dosebus.domain.ct import CTAccumulated, CTEvent, CTReport, CTSource
from dosebus.domain.study import Study
from dosebus_simulator import concepts as c
from dosebus_simulator.ct_protocols import Phase, Protocol, protocols_for
from dosebus_simulator.ct_writer import write_ct_report
from dosebus_simulator.devices import Device
from dosebus_simulator.identity import Person
from dosebus_simulator.reported import report_head, reported
from dosebus_simulator.simulated import SimulatedStudy
from dosebus_simulator.totals import ct_totals, rounded_sum
from dosebus_simulator.visit import REFERENCE_DAY, Visit, completed, make_study, visit

# CTDIvol per 100 mAs (mGy) at 120 kV in the 32 cm and 16 cm phantoms, typical of current scanners.
CTDIVOL_PER_100_MAS = MappingProxyType({c.BODY_PHANTOM.code_value: 6.8, c.HEAD_PHANTOM.code_value: 15.0})


@dataclass(frozen=True)
class CTTimeline:
    """Gives every event its start, one after the other."""

    started: datetime
    gap_s: float = 25.0

    def after(self, exposures_s: list[float]) -> datetime:
        """The start of the event that follows those exposures."""
        seconds = self.gap_s * (len(exposures_s) + 1) + sum(exposures_s)
        return self.started + timedelta(seconds=round(seconds))


def _dose_factor(visited: Visit, protocol: Protocol) -> float:
    """How far the dose modulation of this patient is from a 75 kg adult."""
    spread = visited.source.lognormvariate(0.0, 0.18)
    if protocol.phantom == c.HEAD_PHANTOM:
        return spread
    reference_kg = 25.0 if protocol.children else 75.0
    return float((visited.person.weight_kg / reference_kg) ** 0.9 * spread)


def _topogram(visited: Visit, protocol: Protocol, length_mm: int, begins: datetime) -> CTEvent:
    source = visited.source
    ctdivol = source.between(0.05, 0.16)
    return CTEvent(
        irradiation_event_uid=source.uid(),
        datetime_started=begins,
        acquisition_protocol="Topogram",
        target_region=protocol.target_region,
        event_type=c.CONSTANT_ANGLE,
        procedure_context=c.WITHOUT_CONTRAST,
        exposure_time_s=round(length_mm / 100, 2),
        scanning_length_mm=length_mm,
        nominal_single_collimation_mm=0.6,
        nominal_total_collimation_mm=3.6,
        number_of_xray_sources=1,
        sources=(CTSource(source_id="A", kvp=120, max_ma=35, ma=35),),
        xray_modulation_type="OFF",
        ctdivol_mgy=ctdivol,
        ctdiw_phantom_type=protocol.phantom,
        dlp_mgycm=round(ctdivol * length_mm / 10, 2),
    )


def _bolus_tracking(visited: Visit, protocol: Protocol, name: str, shots: int, begins: datetime) -> CTEvent:
    source = visited.source
    ctdivol = round(shots * source.between(0.6, 1.1), 2)
    return CTEvent(
        irradiation_event_uid=source.uid(),
        datetime_started=begins,
        acquisition_protocol=name,
        target_region=protocol.target_region,
        event_type=c.STATIONARY_CT,
        procedure_context=c.WITH_CONTRAST if shots > 1 else c.WITHOUT_CONTRAST,
        exposure_time_s=round(0.5 * shots, 2),
        scanning_length_mm=10,
        nominal_single_collimation_mm=10,
        nominal_total_collimation_mm=10,
        number_of_xray_sources=1,
        sources=(CTSource(source_id="A", kvp=120, max_ma=40, ma=40, exposure_time_per_rotation_s=0.5),),
        xray_modulation_type="OFF",
        ctdivol_mgy=ctdivol,
        ctdiw_phantom_type=protocol.phantom,
        dlp_mgycm=ctdivol,
    )


def _sources(phase: Phase, kvp: int, ma: int, tubes: int) -> tuple[CTSource, ...]:
    tube_a = CTSource(
        source_id="A", kvp=kvp, max_ma=round(ma * 1.4), ma=ma, exposure_time_per_rotation_s=phase.rotation_s
    )
    if not (phase.dual_source and tubes > 1):
        return (tube_a,)
    return (tube_a, tube_a.model_copy(update={"source_id": "B", "kvp": 150 if kvp == 100 else kvp}))


def _scan(visited: Visit, protocol: Protocol, phase: Phase, factor: float, begins: datetime) -> CTEvent:
    source = visited.source
    ctdivol = round(phase.ctdivol_mgy * factor * source.uniform(0.97, 1.03), 2)
    stature = 1.0 if protocol.children else visited.person.height_m / 1.72
    length = round(source.randint(*phase.length_mm) * stature)
    kvp = source.choice(phase.kvp)
    spiral = phase.event_type == c.SPIRAL
    pitch = phase.pitch if spiral else 1.0
    total_collimation = phase.collimation_mm[1]
    overscan = round(total_collimation * 0.6) if spiral else 0
    per_100_mas = CTDIVOL_PER_100_MAS[protocol.phantom.code_value] * (kvp / 120) ** 2.5
    ma = max(10, round(ctdivol / per_100_mas * 100 * pitch / phase.rotation_s))
    top = source.randint(-200, 60)
    return CTEvent(
        irradiation_event_uid=source.uid(),
        datetime_started=begins,
        acquisition_protocol=phase.name,
        target_region=protocol.target_region,
        event_type=phase.event_type,
        procedure_context=c.WITH_CONTRAST if phase.contrast else c.WITHOUT_CONTRAST,
        exposure_time_s=round(length / (pitch * total_collimation) * phase.rotation_s, 2),
        scanning_length_mm=length,
        length_of_reconstructable_volume_mm=length - overscan,
        exposed_range_mm=length,
        top_z_of_reconstructable_volume_mm=top,
        bottom_z_of_reconstructable_volume_mm=top - (length - overscan),
        nominal_single_collimation_mm=phase.collimation_mm[0],
        nominal_total_collimation_mm=total_collimation,
        pitch=pitch if spiral else None,
        number_of_xray_sources=2 if phase.dual_source and visited.device.tubes > 1 else 1,
        sources=_sources(phase, kvp, ma, visited.device.tubes),
        xray_modulation_type="XYZ_EC",
        ctdivol_mgy=ctdivol,
        ctdiw_phantom_type=protocol.phantom,
        dlp_mgycm=round(ctdivol * length / 10, 2),
    )


def _events(visited: Visit, protocol: Protocol, count: int | None) -> tuple[CTEvent, ...]:
    """The events of an examination; with `count`, its last phase is repeated or the list is cut to that many."""
    factor = _dose_factor(visited, protocol)
    timeline = CTTimeline(visited.started)
    made: list[CTEvent] = []

    def begins() -> datetime:
        return timeline.after([event.exposure_time_s or 0.0 for event in made])

    longest = max(phase.length_mm[1] for phase in protocol.phases)
    made.append(_topogram(visited, protocol, longest + 60, begins()))
    for phase in protocol.phases:
        if phase.monitored:
            made.append(_bolus_tracking(visited, protocol, "PreMonitoring", 1, begins()))
            made.append(
                _bolus_tracking(visited, protocol, "Monitoring", visited.source.randint(3, 9), begins())
            )
        made.append(_scan(visited, protocol, phase, factor, begins()))
    while count is not None and len(made) < count:
        made.append(_scan(visited, protocol, protocol.phases[-1], factor, begins()))
    return tuple(made if count is None else made[:count])


def ct_report(study: Study, events: tuple[CTEvent, ...], sop_instance_uid: str) -> CTReport:
    """The report that a scanner writes over those events."""
    first, last = events[0], events[-1]
    if first.datetime_started is None or last.datetime_started is None:
        raise ValueError("simulated CT events carry their start")
    ended = last.datetime_started + timedelta(seconds=round(last.exposure_time_s or 0.0))
    return CTReport(
        **report_head(study, sop_instance_uid, c.COMPUTED_TOMOGRAPHY, c.DIAGNOSTIC_INTENT),
        start_of_irradiation_datetime=first.datetime_started,
        end_of_irradiation_datetime=ended,
        accumulated=(
            CTAccumulated(
                total_number_of_irradiation_events=len(events),
                ct_dlp_total_mgycm=rounded_sum((event.dlp_mgycm for event in events), 2),
            ),
        ),
        events=events,
    )


def choose_protocol(visited: Visit) -> Protocol:
    """A protocol that suits the patient's age, drawn by how often it is done."""
    suitable = protocols_for(children=visited.age_years < 16)
    return visited.source.choices(suitable, [protocol.weight for protocol in suitable])[0]


def ct_study(visited: Visit, protocol: Protocol | None = None, events: int | None = None) -> Study:
    """The record of one CT study with one report."""
    done = protocol or choose_protocol(visited)
    study = make_study(visited, "CT", done.study_description, done.procedure_code)
    report = ct_report(study, _events(visited, done, events), visited.source.uid())
    return with_reports(study, (report,))


def with_reports(study: Study, reports: tuple[CTReport, ...]) -> Study:
    """The study as it stands after those reports have been recorded."""
    ended = reports[-1].end_of_irradiation_datetime
    if ended is None:
        raise ValueError("simulated CT reports carry the end of irradiation")
    uids = tuple(report.sop_instance_uid for report in reports if report.sop_instance_uid)
    return completed(study, ended, uids).model_copy(
        update={"ct_reports": reports, "totals": ct_totals(reports)}
    )


def make_ct(
    *seed: object,
    device: Device | None = None,
    person: Person | None = None,
    day: date = REFERENCE_DAY,
    child: bool | None = None,
    protocol: Protocol | None = None,
    events: int | None = None,
    style: str = "standard",
) -> SimulatedStudy:
    """A CT study with one dose report.

    Args:
        seed: equal seeds make equal objects.
        device: one of `devices_for("CT")`; chosen by the seed if absent, as are `person` and `protocol`.
        person: the patient.
        day: the day of the study.
        child: force a child or an adult.
        protocol: the examination.
        events: number of irradiation events, if not the protocol's own.
        style: a key of `STYLES`: how the vendor writes.
    """
    visited = visit("CT", *seed, device=device, person=person, day=day, child=child)
    study = ct_study(visited, protocol, events)
    return reported("ct", study, style, lambda told: write_ct_report(told, told.ct_reports[0]))
