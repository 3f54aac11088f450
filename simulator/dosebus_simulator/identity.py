"""Seeded identities: the same seed gives the same UIDs, persons and moments."""

from __future__ import annotations

import itertools
import random
import uuid
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from types import MappingProxyType

from dosebus.domain.study import Patient

_UID_DIGITS = 38


class Chance(random.Random):
    """A seeded source of everything that varies. Text seeds are stable between runs and Python versions."""

    def uid(self) -> str:
        """A UID under 2.25 (PS3.5 B.2) from a version 4 UUID; always 43 characters, so that bytes can be exchanged."""
        while True:
            number = uuid.UUID(int=self.getrandbits(128), version=4).int
            if len(str(number)) == _UID_DIGITS:
                return f"2.25.{number}"

    def between(self, low: float, high: float, digits: int = 2) -> float:
        """A number between two bounds, rounded to `digits` decimals."""
        return round(self.uniform(low, high), digits)

    def moment_on(self, day: date) -> datetime:
        """A moment in working hours, mostly."""
        hour = min(max(self.gauss(12.5, 3.5), 0.1), 23.2)
        return datetime.combine(day, time()) + timedelta(seconds=round(hour * 3600))


def chance(*seed: object) -> Chance:
    """The chance that belongs to a seed of any parts."""
    return Chance(":".join(str(part) for part in seed))


@dataclass(frozen=True)
class Person:
    """An invented patient. Height in m, weight in kg."""

    patient_id: str
    name: str
    sex: str
    birth_date: date
    height_m: float
    weight_kg: float


# fmt: off
FAMILY_NAMES = (
    "Adler", "Baum", "Costa", "Dahl", "Erkan", "Fiala", "Grant", "Horak", "Ivanova", "Jensen", "Kowalski",
    "Lind", "Moreau", "Nagy", "Okafor", "Petrov", "Quint", "Rossi", "Santos", "Tanaka", "Ueda", "Vogel",
    "Weber", "Xu", "Yilmaz", "Zeman", "Ambre", "Birk", "Cerny", "Diaz", "Engel", "Falk", "Gruber", "Holm",
    "Ito", "Jonas",
)
GIVEN_NAMES = MappingProxyType({
    "F": (
        "Anna", "Bea", "Clara", "Dora", "Elif", "Frida", "Greta", "Hana", "Ines", "Jana", "Karla", "Lea",
        "Mira", "Nora", "Olga", "Petra", "Rosa", "Sofia", "Tea", "Uma",
    ),
    "M": (
        "Adam", "Ben", "Carl", "Dino", "Emil", "Felix", "Gustav", "Hugo", "Ivan", "Jan", "Karl", "Leo", "Max",
        "Nils", "Otto", "Paul", "Rui", "Sven", "Tom", "Umut",
    ),
})
# fmt: on

# Median height (m) and body mass index by age (years), near the WHO growth references.
GROWTH = (
    (0.0, 0.50, 13.4),
    (0.5, 0.67, 17.2),
    (1.0, 0.75, 16.8),
    (3.0, 0.96, 15.6),
    (5.0, 1.10, 15.3),
    (8.0, 1.28, 15.8),
    (10.0, 1.38, 16.6),
    (12.0, 1.50, 17.8),
    (15.0, 1.66, 20.0),
    (18.0, 1.72, 22.0),
)


def _grown(age: float) -> tuple[float, float]:
    for (low, height, bmi), (high, next_height, next_bmi) in itertools.pairwise(GROWTH):
        if age < high:
            share = (age - low) / (high - low)
            return height + share * (next_height - height), bmi + share * (next_bmi - bmi)
    raise ValueError(f"no growth figures for the age of {age} years")


def make_person(source: Chance, number: int, on: date, child: bool = False) -> Person:
    """An invented person, `number` making the ID: 0 to 16 years old on the day `on` if a child, else 18 to 90."""
    sex = source.choice("FM")
    if child:
        age = source.uniform(0.02, 16.0)
        height, bmi = _grown(age)
        height, bmi = source.gauss(height, height * 0.03), source.gauss(bmi, 1.0)
    else:
        age = min(max(source.gauss(58, 17), 18.5), 92)
        height = source.gauss(1.64 if sex == "F" else 1.77, 0.07)
        bmi = min(max(source.gauss(26.5, 4.6), 17), 48)
    return Person(
        patient_id=f"SIM{number:06d}",
        name=f"{source.choice(FAMILY_NAMES)}^{source.choice(GIVEN_NAMES[sex])}",
        sex=sex,
        birth_date=on - timedelta(days=round(age * 365.25)),
        height_m=round(height, 2),
        weight_kg=round(max(bmi, 11.0) * height * height, 1),
    )


def age_string(birth_date: date, on: date) -> str:
    """The age as AS: years from two years on, else months, else days (PS3.5 6.2)."""
    days = (on - birth_date).days
    if days >= 2 * 365.25:
        return f"{int(days / 365.25):03d}Y"
    if days >= 92:
        return f"{int(days / 30.4375):03d}M"
    return f"{max(days, 0):03d}D"


def as_patient(person: Person, on: date) -> Patient:
    """The patient as a study of that day knows him or her."""
    return Patient(
        patient_id=person.patient_id,
        patient_name=person.name,
        patient_birth_date=person.birth_date,
        patient_sex=person.sex,
        patient_age_dicom_string=age_string(person.birth_date, on),
        patient_age_years=round((on - person.birth_date).days / 365.25, 1),
        patient_height_m=person.height_m,
        patient_weight_kg=person.weight_kg,
    )
