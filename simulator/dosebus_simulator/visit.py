"""A visit: one patient at one device on one day, from which a study gets its head."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dosebus.domain.person import Observer
from dosebus.domain.study import Equipment, Study
from dosebus_simulator import concepts as c
from dosebus_simulator.devices import Device, devices_for
from dosebus_simulator.identity import Chance, Person, as_patient, chance, make_person

REFERENCE_DAY = date(2026, 3, 2)
"""The day of a study that is made without a day, so that equal seeds give equal bytes on any day."""

REFERRERS = ("Lang^Hedwig", "Osei^Kwame", "Brandt^Tilo", "Marini^Lucia", "Novak^Ema")
PERFORMERS = ("Arendt^Pia", "Costa^Bruno", "Dvorak^Eva", "Ekström^Lars")
OPERATORS = ("Hirsch^Ada", "Ilves^Mart", "Klein^Jo", "Lopes^Rita")


@dataclass(frozen=True)
class Visit:
    """Who is imaged where and when; `source` decides all that varies."""

    source: Chance
    device: Device
    person: Person
    started: datetime

    @property
    def equipment(self) -> Equipment:
        """The device as it names itself."""
        return self.device.equipment

    @property
    def age_years(self) -> float:
        """The patient's age on the day."""
        return (self.started.date() - self.person.birth_date).days / 365.25


def visit(
    modality: str,
    *seed: object,
    device: Device | None = None,
    person: Person | None = None,
    day: date = REFERENCE_DAY,
    child: bool | None = None,
) -> Visit:
    """The visit that belongs to a seed; device, person and day are chosen by it unless given."""
    source = chance(modality, *seed)
    chosen = device or source.choice([one for one in devices_for(modality) if child or not one.children_only])
    as_child = source.random() < (1.0 if chosen.children_only else 0.06) if child is None else child
    number = source.randrange(1_000_000)
    return Visit(
        source=source,
        device=chosen,
        person=person or make_person(source, number, day, as_child),
        started=source.moment_on(day),
    )


def make_study(
    visited: Visit, modality: str, description: str, procedure_code: str, interventional: bool = False
) -> Study:
    """The head of the study of a visit; reports and totals are added by the modality's maker."""
    source = visited.source
    started = visited.started
    number = source.randrange(10_000_000)
    return Study(
        study_instance_uid=source.uid(),
        study_id=f"ST{number:07d}",
        modality_type=modality,
        accession_number=f"RIV{number:08d}",
        study_date=started.date(),
        study_time=started.time(),
        series_instance_uid=source.uid(),
        study_description=description,
        requested_procedure=description,
        requested_procedure_code_value=procedure_code,
        procedure_code_value=procedure_code,
        procedure_code_meaning=description,
        referring_physician=source.choice(REFERRERS),
        performing_physician=source.choice(PERFORMERS) if interventional else None,
        operator=source.choice(OPERATORS),
        patient=as_patient(visited.person, started.date()),
        equipment=visited.equipment,
    )


def device_observer(equipment: Equipment) -> Observer:
    """The device as the observer of its own report."""
    return Observer(
        observer_type=c.OBSERVER_DEVICE,
        device_observer_uid=equipment.device_observer_uid,
        device_observer_name=equipment.station_name,
        device_observer_manufacturer=equipment.manufacturer,
        device_observer_model=equipment.model,
        device_observer_serial_number=equipment.device_serial_number,
        device_observer_physical_location=equipment.institution,
    )


def completed(study: Study, ended: datetime, sop_instance_uids: tuple[str, ...]) -> Study:
    """The study once its report is written, a minute after irradiation ended."""
    written = ended + timedelta(seconds=60)
    return study.model_copy(
        update={
            "content_time": written.replace(microsecond=0).time(),
            "series_time": written.replace(microsecond=0).time(),
            "sop_instance_uids_processed": tuple(sorted(sop_instance_uids)),
        }
    )
