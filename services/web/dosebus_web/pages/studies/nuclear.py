"""What a nuclear medicine study's page shows besides: organ doses, persons, the patient's state, PET series."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dosebus_web.http.show import signed
from dosebus_web.language import gettext as _
from dosebus_web.language import marked
from dosebus_web.pages.studies.cells import person

Row = tuple[str, ...]
CHARACTERISTICS: tuple[tuple[str, str, str], ...] = (
    ("subject_age_years", marked("Age"), marked("years")),
    ("patient_height_m", marked("Height"), "m"),
    ("patient_weight_kg", marked("Weight"), "kg"),
    ("body_surface_area_m2", marked("Body surface area"), "m²"),
    ("body_mass_index_kg_per_m2", marked("Body mass index"), "kg/m²"),
    ("glucose_as_reported", marked("Glucose"), ""),
    ("fasting_duration_as_reported", marked("Fasting"), ""),
    ("hydration_volume_ml", marked("Hydration"), "ml"),
    ("recent_physical_activity", marked("Recent physical activity"), ""),
    ("serum_creatinine_as_reported", marked("Serum creatinine"), ""),
)


@dataclass(frozen=True)
class Table:
    """A small table; `numeric` are the numbers of the columns that hold numbers."""

    title: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    numeric: frozenset[int] = frozenset()


def tables(record: Mapping[str, Any]) -> tuple[Table, ...]:
    """The tables of a record that hold something."""
    reports = record.get("radiopharmaceutical_reports") or []
    administrations = [one for report in reports for one in report.get("administrations") or ()]
    found = (
        Table(
            marked("Organ doses"), (marked("Organ"), marked("Dose (mGy)"), marked("Mass (g)"), marked("Reference")),
            tuple(_organs(administrations)), frozenset({1, 2}),
        ),
        Table(
            marked("Persons"), (marked("Name"), marked("Role in the procedure"), marked("Organisation")),
            tuple(_persons(administrations)),
        ),
        Table(marked("Patient at the administration"), (marked("What"), marked("Value")), tuple(_state(reports))),
        Table(
            marked("PET series"),
            (marked("Time"), marked("Slices"), marked("Reconstruction"), marked("Corrections"), marked("Type")),
            tuple(_series(reports)), frozenset({1}),
        ),
    )  # fmt: skip
    return tuple(table for table in found if table.rows)


def _meaning(code: Any) -> str:
    return str((code or {}).get("code_meaning") or "")


def _number(value: Any) -> str:
    return signed(f"{value:g}") if isinstance(value, int | float) else str(value or "")


def _organs(administrations: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    for one in administrations:
        for organ in one.get("organ_doses") or ():
            name = " ".join(
                part for part in (_meaning(organ.get("organ")), _meaning(organ.get("laterality"))) if part
            )
            authority = organ.get("reference_authority_text") or _meaning(organ.get("reference_authority"))
            yield (
                name,
                _number(organ.get("organ_dose_mgy")),
                _number(organ.get("organ_mass_g")),
                str(authority),
            )


def _persons(administrations: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    for one in administrations:
        for somebody in one.get("persons") or ():
            role = _meaning(somebody.get("person_role_in_procedure")) or _meaning(
                somebody.get("person_role_in_organization")
            )
            yield (
                person(str(somebody.get("person_name") or "")),
                role,
                str(somebody.get("organization_name") or ""),
            )


def _state(reports: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    for characteristics in (one for report in reports for one in report.get("patient_characteristics") or ()):
        for key, label, unit in CHARACTERISTICS:
            if characteristics.get(key) not in (None, ""):
                yield label, f"{_number(characteristics[key])} {_(unit)}".strip()
        for state in characteristics.get("patient_states") or ():
            yield marked("State"), _meaning(state)


def _series(reports: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    for report in reports:
        for one in report.get("pet_series") or ():
            moment = str(one.get("series_datetime") or "").replace("T", " ")[:16]
            corrections, kinds = (", ".join(one.get(key) or ()) for key in ("corrections", "series_type"))
            yield (
                moment,
                _number(one.get("number_of_slices")),
                str(one.get("reconstruction_method") or ""),
                corrections,
                kinds,
            )
