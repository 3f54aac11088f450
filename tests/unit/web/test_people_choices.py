"""What can be done with what is stored of a patient, under a new way to keep it."""

from __future__ import annotations

import pytest

from dosebus.domain.people import PeoplePolicy
from dosebus_web.pages.admin.people_form import changed_settings
from dosebus_web.pages.admin.people_view import Stored, choices


@pytest.mark.parametrize(
    ("before", "after", "stored", "expected"),
    [
        ("plain", "plain", Stored(9, 0, 0), ()),
        ("none", "none", Stored(0, 0, 9), ()),
        ("plain", "none", Stored(9, 0, 0), ("leave", "remove")),
        ("plain", "none", Stored(0, 0, 9), ()),
        ("none", "none", Stored(0, 4, 5), ("leave", "remove")),
        ("plain", "pseudonym", Stored(9, 0, 0), ("leave", "pseudonym", "remove", "rederive")),
        ("pseudonym", "pseudonym", Stored(2, 7, 0), ("leave", "pseudonym", "remove", "rederive")),
        ("pseudonym", "plain", Stored(0, 9, 0), ("leave", "remove", "rederive")),
        ("none", "plain", Stored(0, 0, 9), ("leave", "rederive")),
        ("none", "plain", Stored(0, 0, 0), ()),
    ],
)
def test_choices_follow_from_what_is_stored(
    before: str, after: str, stored: Stored, expected: tuple[str, ...]
) -> None:
    assert choices(before, after, stored) == expected


def test_the_audit_log_counts_patterns_and_quotes_none() -> None:
    after = PeoplePolicy(patient_name="plain", not_patient_name_patterns=("meier*", "doe*"))
    told = changed_settings(PeoplePolicy(), after)
    assert told == {"patient_name": "plain", "not_patient_name_patterns": 2}
