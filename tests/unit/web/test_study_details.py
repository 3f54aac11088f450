"""What a study page makes of a record: nuclear medicine tables, and the two studies of one PET-CT."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from dosebus_web.pages.studies import nuclear
from dosebus_web.pages.studies.detail import is_companion

NOON = datetime.fromisoformat("2026-05-04T12:00:00")


def code(meaning: str) -> dict[str, str]:
    return {"code_value": "1", "coding_scheme_designator": "SCT", "code_meaning": meaning}


def test_a_nuclear_record_is_told_in_tables() -> None:
    organ = {
        "organ": code("Kidney"),
        "laterality": code("Left"),
        "organ_dose_mgy": 12.5,
        "organ_mass_g": 150.0,
    }
    somebody = {"person_name": "Curie^Marie", "person_role_in_procedure": code("Administering")}
    report = {
        "administrations": [{"organ_doses": [organ], "persons": [somebody]}],
        "patient_characteristics": [{"patient_weight_kg": 70.5, "patient_states": [code("Fasting")]}],
        "pet_series": [
            {"series_datetime": "2026-05-04T12:00:00", "number_of_slices": 109, "corrections": ["DECY", "ATTN"]}
        ],
    }  # fmt: skip
    organs, persons, state, series = nuclear.tables({"radiopharmaceutical_reports": [report]})
    assert organs.rows == (("Kidney Left", "12.5", "150", ""),)
    assert persons.rows == (("Curie, Marie", "Administering", ""),)
    assert state.rows == (("Weight", "70.5 kg"), ("State", "Fasting"))
    assert series.rows == (("2026-05-04 12:00", "109", "", "DECY, ATTN", ""),)


def test_a_record_without_such_content_makes_no_tables() -> None:
    assert nuclear.tables({"ct_reports": [{}]}) == ()


@pytest.mark.parametrize(
    ("first", "second", "hours", "expected"),
    [
        (["NM"], ["CT"], 1, True),
        (["CT"], ["NM"], 1, True),
        (["NM", "CT"], ["CT"], 1, True),
        (["CT"], ["CT"], 1, False),
        (["NM"], ["RF"], 1, False),
        (["NM"], ["NM", "CT"], 1, False),
        (["NM"], ["CT"], 30, False),
    ],
)
def test_pet_and_ct_of_one_examination_belong_together(
    first: list[str], second: list[str], hours: int, expected: bool
) -> None:
    one = SimpleNamespace(modality_types=first, study_at=NOON)
    other = SimpleNamespace(modality_types=second, study_at=NOON + timedelta(hours=hours))
    assert is_companion(one, other) is expected
    assert is_companion(other, one) is expected
