"""Weeks of a hospital's work: studies in the order in which they were done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import MappingProxyType

from dosebus_simulator.ct import make_ct
from dosebus_simulator.devices import Device, devices_for
from dosebus_simulator.fluoroscopy_protocols import PROCEDURES
from dosebus_simulator.identity import Chance, Person, chance, make_person
from dosebus_simulator.kinds import make
from dosebus_simulator.projection import make_rf
from dosebus_simulator.simulated import SimulatedStudy

DAP_LEVEL_GYM2 = 0.02
DOSE_RP_LEVEL_GY = 2.0
UPGRADED_STATION, OLDER_SOFTWARE = "CTRIVER2", "revo_evo_21bc.42"

REPEATED_PATIENT = Person("SIM990001", "Sommer^Karla", "F", date(1957, 5, 23), 1.66, 81.0)
LARGE_PATIENT = Person("SIM990002", "Reuter^Anton", "M", date(1961, 11, 2), 1.78, 124.0)
OCCLUDED_PATIENT = Person("SIM990003", "Kramer^Otto", "M", date(1953, 2, 17), 1.74, 96.0)


@dataclass(frozen=True)
class Intervention:
    """A procedure of the demonstration that raises an alert, or leads to one."""

    days_before: int
    person: Person
    procedure: str
    station: str
    dose_rp_gy: float
    """Air kerma at the reference point."""


INTERVENTIONS = (
    # The third visit passes 2 Gy within 12 weeks.
    Intervention(66, REPEATED_PATIENT, "RFPCI", "CATHLAB2", 0.62),
    Intervention(31, REPEATED_PATIENT, "RFPCI", "CATHLAB2", 0.71),
    Intervention(2, REPEATED_PATIENT, "RFPCI", "CATHLAB2", 0.93),
    # Large fields in a large patient: much dose-area product, and less than 2 Gy.
    Intervention(12, LARGE_PATIENT, "RFTIPS", "ANGIO1", 1.35),
    # Hours from two directions: the skin there gets more than 2 Gy.
    Intervention(5, OCCLUDED_PATIENT, "RFCTO", "CATHBI", 3.4),
)
DEMONSTRATION = MappingProxyType({"ct": 96, "rf": 34, "dx": 9, "mg": 6, "nm": 4})
DEMONSTRATION_STUDIES = sum(DEMONSTRATION.values()) + len(INTERVENTIONS)


@dataclass(frozen=True)
class Plan:
    """One study to come: what, when, for whom."""

    kind: str
    day: date
    person: Person | None = None
    intervention: Intervention | None = None


def working_day(source: Chance, until: date, weeks: float) -> date:
    """A day of the last weeks, rarely of a weekend."""
    while True:
        day = until - timedelta(days=source.randrange(max(1, round(weeks * 7))))
        if day.weekday() < 5 or source.random() < 0.2:
            return day


def stream(
    kinds: tuple[str, ...],
    count: int,
    weeks: float,
    until: date,
    *,
    seed: int,
    size_bytes: int | None = None,
) -> Iterator[SimulatedStudy]:
    """`count` studies of those kinds in turn, over the weeks before `until`, oldest first."""
    source = chance("stream", seed)
    days = sorted(working_day(source, until, weeks) for _ in range(count))
    for number, day in enumerate(days):
        yield make(kinds[number % len(kinds)], seed, number, day=day, size_bytes=size_bytes)


def as_of(device: Device, day: date, until: date) -> Device:
    """The device as it was on a day: one scanner got new software six weeks ago."""
    if device.equipment.station_name != UPGRADED_STATION or day > until - timedelta(weeks=6):
        return device
    return replace(device, equipment=device.equipment.model_copy(update={"software_version": OLDER_SOFTWARE}))


def _below_the_levels(seed: int, number: int, day: date) -> SimulatedStudy:
    """A fluoroscopy study that raises no alert, so that the demonstration has those that are planned."""
    for attempt in range(100):
        made = make_rf(seed, number, attempt, day=day)
        totals = made.truth.totals if made.truth else None
        if totals is None:
            continue
        dose = (totals.dose_rp_total_plane_a_gy or 0) + (totals.dose_rp_total_plane_b_gy or 0)
        if dose < 0.8 * DOSE_RP_LEVEL_GY and (totals.total_dap_gym2 or 0) < 0.8 * DAP_LEVEL_GYM2:
            return made
    raise ValueError(f"no fluoroscopy study below the levels for seed {seed}")


def demonstration(until: date, seed: int = 1, weeks: int = 16) -> Iterator[SimulatedStudy]:
    """The demonstration: some 150 studies, oldest first; three patients' fluoroscopy passes a level."""
    source = chance("demonstration", seed)
    plans = [
        Plan(kind, working_day(source, until, weeks))
        for kind, count in DEMONSTRATION.items()
        for _ in range(count)
    ]
    regulars = [make_person(source, 900_000 + number, until) for number in range(12)]
    plans = [
        replace(plan, person=source.choice(regulars)) if plan.kind == "ct" and source.random() < 0.3 else plan
        for plan in plans
    ]
    plans += [Plan("rf", until - timedelta(days=one.days_before), one.person, one) for one in INTERVENTIONS]
    for number, plan in enumerate(sorted(plans, key=lambda plan: plan.day)):
        yield _planned(plan, seed, number, until)


def _planned(plan: Plan, seed: int, number: int, until: date) -> SimulatedStudy:
    if plan.intervention is not None:
        return _intervention(plan.intervention, seed, number, plan.day)
    if plan.kind == "rf":
        return _below_the_levels(seed, number, plan.day)
    if plan.kind == "ct":
        source = chance("scanner", seed, number)
        child = plan.person is None and source.random() < 0.12
        scanner = source.choice([one for one in devices_for("CT") if child or not one.children_only])
        return make_ct(
            seed,
            number,
            device=as_of(scanner, plan.day, until),
            person=plan.person,
            day=plan.day,
            child=child,
        )
    return make(plan.kind, seed, number, day=plan.day)


def _intervention(planned: Intervention, seed: int, number: int, day: date) -> SimulatedStudy:
    return make_rf(
        seed,
        number,
        device=next(one for one in devices_for("RF") if one.equipment.station_name == planned.station),
        person=planned.person,
        day=day,
        procedure=next(one for one in PROCEDURES if one.code == planned.procedure),
        dose_rp_gy=planned.dose_rp_gy,
    )
