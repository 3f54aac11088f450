"""What is stored of a patient is turned into another form: pure, and harmless when done twice."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from dosebus.domain.people import PeoplePolicy, matching
from dosebus.domain.study import Patient, Study
from dosebus_extract.people import apply_policy, pseudonym
from dosebus_extract.people_change import Choices, changed, identity, without_archive
from dosebus_extract.read import Rejected, read_header, read_object
from dosebus_simulator.kinds import make
from tests.unit.extract import dose_objects, dose_screens

KEY = b"a key"
PLAIN = Study(
    study_instance_uid="1.2.3",
    accession_number="ACC 7",
    study_description="CT",
    patient=Patient(
        patient_name="Doe^Jane", patient_id=" aB12 ", patient_birth_date=date(1960, 2, 3), patient_sex="F"
    ),
)
ALL: Choices = {"patient_name": "pseudonym", "patient_id": "pseudonym", "accession_number": "pseudonym"}


def test_plain_values_become_the_pseudonyms_of_arrival() -> None:
    turned = changed(PLAIN, ALL, KEY, None)
    assert turned.patient.patient_id == pseudonym("AB12", KEY)
    assert turned.patient.patient_id_is_hashed
    assert turned.patient.patient_name == pseudonym("doe^jane", KEY)
    assert turned.accession_number == pseudonym("acc 7", KEY)
    assert turned.accession_number_is_hashed
    assert turned.patient.patient_birth_date == date(1960, 2, 3)
    assert changed(turned, ALL, b"another key", None) == turned


def test_arrival_and_conversion_give_the_same() -> None:
    read = read_object(make("ct", "same form", day=date(2026, 3, 2)).objects[0].encoded())
    kept = apply_policy(read, PeoplePolicy.everything_plain(), KEY)
    policy = PeoplePolicy(patient_name="pseudonym", accession_number="pseudonym", patient_birth_date="plain")
    assert changed(kept.study, ALL, KEY, None) == apply_policy(read, policy, KEY).study
    gone: Choices = {"patient_birth_date": "remove"}
    assert changed(kept.study, gone, KEY, None).patient.patient_birth_date is None


def test_what_is_removed_is_gone_and_what_is_left_is_left() -> None:
    bare = changed(PLAIN, {"patient_name": "remove", "patient_id": "leave"}, KEY, None)
    assert bare.patient.patient_name is None
    assert bare.patient.patient_id == PLAIN.patient.patient_id
    assert bare.study_description == "CT"
    assert changed(PLAIN, {}, KEY, None) == PLAIN


def test_only_what_is_asked_comes_from_the_archive() -> None:
    fresh = PLAIN.model_copy(
        update={"patient": Patient(patient_name="Doe^J", patient_id="x", not_patient_indicator="IDs: x")}
    )
    back = changed(PLAIN, {"patient_name": "rederive", "not_patient_indicator": "rederive"}, KEY, fresh)
    assert back.patient.patient_name == "Doe^J"
    assert back.patient.patient_id == PLAIN.patient.patient_id
    assert identity(back) == (PLAIN.patient.patient_id, "IDs: x")


def test_without_the_archive_the_policy_is_followed_as_far_as_it_goes() -> None:
    choices: Choices = {
        "patient_name": "rederive", "patient_id": "rederive", "accession_number": "rederive",
        "patient_birth_date": "remove", "not_patient_indicator": "rederive",
    }  # fmt: skip
    policy = PeoplePolicy(patient_name="none", patient_id="pseudonym", accession_number="plain")
    assert without_archive(choices, policy) == {
        "patient_name": "remove", "patient_id": "pseudonym", "accession_number": "leave",
        "patient_birth_date": "remove", "not_patient_indicator": "leave",
    }  # fmt: skip


def test_a_pseudonym_needs_a_key() -> None:
    with pytest.raises(ValueError, match="key"):
        changed(PLAIN, ALL, b"", None)


def test_patterns_match_without_case() -> None:
    assert matching(("PHYS*", "qa??", "t[!e]st"), ["physics 1", "QA12"]) == {"phys*", "qa??"}
    assert matching(("*",), [""]) == {"*"}


@pytest.mark.parametrize(
    "made",
    [
        dose_objects.ct_report(["1.2.9"], PatientBirthDate="19700101", AccessionNumber="A1"),
        dose_screens.ge_screen(AccessionNumber="A1"),
    ],
)
def test_the_header_alone_tells_the_patient(made: Dataset, tmp_path: Path) -> None:
    stored = tmp_path / "object.dcm"
    stored.write_bytes(dose_objects.encoded(made))
    told = read_header(stored)
    assert (told.patient.patient_id, told.accession_number, told.ct_reports) == ("ID1", "A1", ())
    assert read_header(stored.read_bytes()) == told
    with pytest.raises(Rejected, match="DICOM"):
        read_header(b"nothing of the kind")
