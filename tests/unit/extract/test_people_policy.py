"""What of a patient's identity is kept, and who is no patient."""

from __future__ import annotations

import pytest

from dosebus.domain.contribution import Contribution
from dosebus_extract.people import PeoplePolicy, apply_policy, pseudonym
from dosebus_extract.read import read_object
from dosebus_extract.sr.moments import as_date, as_datetime, as_time
from dosebus_extract.study_header import age_years
from tests.unit.extract import dose_objects as make

KEY = b"a secret of the site"


def contribution(**values: str) -> Contribution:
    defaults = {"AccessionNumber": "A1", "PatientBirthDate": "19800101"}
    return read_object(make.encoded(make.ct_report(["1.2.3.1"], 10.0, **{**defaults, **values})))


def test_by_default_name_and_birth_date_are_not_kept_and_the_id_is_a_pseudonym() -> None:
    kept = apply_policy(contribution(), PeoplePolicy(), KEY).study
    assert kept.patient.patient_name is None
    assert kept.patient.patient_birth_date is None
    assert kept.patient.patient_id == pseudonym("ID1", KEY)
    assert kept.patient.patient_id_is_hashed is True
    assert kept.accession_number == "A1"
    assert kept.patient.patient_age_years == 44.2


def test_pseudonyms_are_equal_for_equal_input_and_another_with_another_key() -> None:
    assert pseudonym(" id1 ", KEY) == pseudonym("ID1", KEY) != pseudonym("ID1", b"other")


def test_empty_stays_empty_and_a_key_is_needed() -> None:
    assert apply_policy(contribution(PatientID=""), PeoplePolicy(), b"").study.patient.patient_id is None
    with pytest.raises(ValueError, match="key"):
        apply_policy(contribution(), PeoplePolicy(), b"")


def test_everything_plain() -> None:
    plain = contribution()
    assert apply_policy(plain, PeoplePolicy.everything_plain(), b"") == plain


@pytest.mark.parametrize(
    ("values", "ids", "names", "expected"),
    [
        ({"PatientID": "PHY12"}, ("*phy*", "*qa*"), (), "IDs: *phy* | Names: "),
        ({"PatientName": "Smith^TEST"}, (), ("*^test*",), "IDs:  | Names: *^test*"),
        ({"PatientName": "Smith^Test"}, (), ("smith, t*",), "IDs:  | Names: smith, t*"),
        ({"PatientID": "QA-test"}, ("*Test*", "*qa*"), (), "IDs: *qa* *test* | Names: "),
        ({}, ("*qa*", "[!i]*"), ("*qa*",), None),
    ],
)
def test_not_patient_patterns(
    values: dict[str, str], ids: tuple[str, ...], names: tuple[str, ...], expected: str | None
) -> None:
    policy = PeoplePolicy(not_patient_id_patterns=ids, not_patient_name_patterns=names)
    assert apply_policy(contribution(**values), policy, KEY).study.patient.not_patient_indicator == expected


@pytest.mark.parametrize(
    ("birth", "study", "text", "expected"),
    [
        ("19570312", "20060823", None, 49.4),
        ("99990101", "20220224", "063Y", 63),
        (None, "20220224", "006M", 0.5),
        (None, None, "010D", 0.0),
        (None, None, "026W", 0.5),
        (None, None, "old", None),
    ],
)
def test_age(birth: str | None, study: str | None, text: str | None, expected: float | None) -> None:
    assert age_years(as_date(birth), as_date(study), text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20160512101154", "2016-05-12T10:11:54"),
        ("20160512101154.25+0100", "2016-05-12T10:11:54.250000"),
        ("20160512", "2016-05-12T00:00:00"),
        ("2016051210-0500", "2016-05-12T10:00:00"),
        ("20161399", None),
        ("", None),
        ("yesterday", None),
    ],
)
def test_moments_are_local_and_forgiving(text: str, expected: str | None) -> None:
    found = as_datetime(text)
    assert (found.isoformat() if found else None) == expected


def test_times_may_be_short() -> None:
    assert str(as_time("1012")) == "10:12:00"
    assert as_time("99") is None
