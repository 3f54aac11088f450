"""Makes PET and SPECT studies with a radiopharmaceutical dose report: activity by weight, organ doses by activity."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

from dosebus.domain.base import Code
from dosebus.domain.person import PersonParticipant
from dosebus.domain.radiopharmaceutical import (
    Administration,
    OrganDose,
    PatientCharacteristics,
    RadiopharmaceuticalReport,
)
from dosebus.domain.study import Study, Totals
from dosebus_simulator import concepts as c
from dosebus_simulator.devices import Device
from dosebus_simulator.identity import Person
from dosebus_simulator.radiopharmaceutical_writer import write_radiopharmaceutical_report
from dosebus_simulator.simulated import SimulatedObject, SimulatedStudy
from dosebus_simulator.visit import REFERENCE_DAY, Visit, completed, device_observer, make_study, visit


@dataclass(frozen=True)
class Tracer:
    """A radiopharmaceutical and what it is used for. Organ doses in mGy per MBq, effective dose in mSv per MBq."""

    description: str
    code: str
    procedure: Code
    agent: Code
    radionuclide: Code
    half_life_s: float
    mbq_per_kg: float
    msv_per_mbq: float
    organs: tuple[tuple[Code, float], ...]


# Dose per activity of an adult: ICRP Publication 128, rounded.
TRACERS = (
    Tracer(
        "PET/CT whole body FDG",
        "PETFDG",
        c.sct("241443006", "PET study for localization of tumor"),
        c.sct("35321007", "Fluorodeoxyglucose F^18^"),
        c.sct("77004003", "^18^Fluorine"),
        6586.2,
        3.5,
        0.019,
        (
            (c.sct("12738006", "Brain"), 0.038),
            (c.sct("80891009", "Heart"), 0.067),
            (c.sct("89837001", "Bladder"), 0.13),
            (c.sct("39607008", "Lung"), 0.020),
        ),
    ),
    Tracer(
        "Bone scan",
        "NMBONE",
        c.sct("363679005", "Imaging procedure"),
        c.sct("96390006", "Technetium Tc^99m^ medronate"),
        c.sct("72454006", "^99m^Technetium"),
        21624.0,
        8.5,
        0.0049,
        (
            (c.sct("89837001", "Bladder"), 0.047),
            (c.sct("64033007", "Kidney"), 0.0072),
            (c.sct("80891009", "Heart"), 0.0012),
        ),
    ),
)
SEXES = MappingProxyType({"F": c.dcm("F", "Female"), "M": c.dcm("M", "Male")})
INTRAVENOUS = c.sct("47625008", "Intravenous route")
ADMINISTERING = c.dcm("113851", "Irradiation Administering")
AUTHORITY = "ICRP Publication 128"


def _administration(visited: Visit, tracer: Tracer) -> Administration:
    source = visited.source
    activity = round(tracer.mbq_per_kg * visited.person.weight_kg * source.uniform(0.93, 1.07), 1)
    begins = visited.started
    return Administration(
        administration_event_uid=source.uid(),
        radiopharmaceutical_agent=tracer.agent,
        radionuclide=tracer.radionuclide,
        radionuclide_half_life_s=tracer.half_life_s,
        administered_activity_mbq=activity,
        pre_administration_measured_activity_mbq=round(activity * 1.02, 1),
        post_administration_measured_activity_mbq=round(activity * 0.02, 1),
        effective_dose_msv=round(activity * tracer.msv_per_mbq, 3),
        start_datetime=begins,
        stop_datetime=begins + timedelta(seconds=20),
        route_of_administration=INTRAVENOUS,
        organ_doses=tuple(
            OrganDose(
                organ=organ, organ_dose_mgy=round(activity * dose, 2), reference_authority_text=AUTHORITY
            )
            for organ, dose in tracer.organs
        ),
        persons=(PersonParticipant(person_name="Frost^Ida", person_role_in_procedure=ADMINISTERING),),
        lot_identifiers=(f"LOT{source.randrange(10_000):04d}",),
    )


def nm_study(visited: Visit, tracer: Tracer | None = None) -> Study:
    """The record of one PET or SPECT study with one radiopharmaceutical report."""
    used = tracer or visited.source.choice(TRACERS)
    study = make_study(visited, "NM", used.description, used.code)
    given = _administration(visited, used)
    report = RadiopharmaceuticalReport(
        sop_instance_uid=visited.source.uid(),
        associated_procedure=used.procedure,
        has_intent=c.DIAGNOSTIC_INTENT,
        observers=(device_observer(study.equipment),),
        administrations=(given,),
        patient_characteristics=(
            PatientCharacteristics(
                subject_age_years=float(int(visited.age_years)),
                subject_sex=SEXES[visited.person.sex],
            ),
        ),
    )
    finished = completed(study, visited.started + timedelta(minutes=75), (report.sop_instance_uid or "",))
    return finished.model_copy(update={"radiopharmaceutical_reports": (report,), "totals": Totals()})


def make_nm(
    *seed: object,
    device: Device | None = None,
    person: Person | None = None,
    day: date = REFERENCE_DAY,
    tracer: Tracer | None = None,
) -> SimulatedStudy:
    """A PET or SPECT study with one radiopharmaceutical dose report; the arguments are those of `make_rf`."""
    visited = visit("NM", *seed, device=device, person=person, day=day, child=False)
    study = nm_study(visited, tracer)
    dataset = write_radiopharmaceutical_report(study, study.radiopharmaceutical_reports[0])
    return SimulatedStudy("nm", (SimulatedObject("nm", dataset),), study)
