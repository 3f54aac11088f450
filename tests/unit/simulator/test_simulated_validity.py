"""dciodvfy, written by other people, finds no error in what the simulator makes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydicom.uid import UID

from dosebus_simulator.document import XRAY_DOSE_SR
from dosebus_simulator.kinds import make, makers
from dosebus_simulator.visit import REFERENCE_DAY

VALIDATOR = Path(sys.executable).parent / "dciodvfy"

# Devices do send these; the standard allows them as a Standard Extended SOP Class.
TOLERATED = (
    "Unrecognized defined term <99RIVER>",
    "Attribute is not present in standard DICOM IOD",
    "Dicom dataset contains attributes not present in standard DICOM IOD",
    "CodingSchemeDesignator is deprecated",
    # A screen shows no body part, and secondary captures must have the element.
    "is only permitted to be empty when actually unknown",
)
STANDARD_KINDS = ("ct", "rf", "biplane", "dx", "mg", "nm", "ct-retired", "rf-canon", "rf-retired")
FURTHER_KINDS = (
    "dose-check", "dual-source", "cumulative", "continued", "ct-comprehensive-sr", "ct-ge-enhanced-sr",
    "ct-zoned-times", "ct-spelled-units", "ct-flat", "rf-philips-azurion", "rf-pulse-lists", "mg-pulse-lists",
    "ge-dose-screen", "toshiba-dose-screen", "hologic-projections",
)  # fmt: skip
"""Valid as well; one seed of each is enough, they differ from the ones above in a few items."""
NEWER_KINDS = ("enhanced-xray", "patient-dose")
"""Of classes that the validator does not know: their modules are those of the X-Ray Radiation Dose SR."""


def complaints(path: Path) -> list[str]:
    """The validator's errors, and its warnings that are not tolerated."""
    told = subprocess.run([VALIDATOR, path], capture_output=True, text=True, errors="replace", check=False)
    lines = (told.stdout + told.stderr).splitlines()
    return [
        line
        for line in lines
        if line.startswith("Error")
        or (line.startswith("Warning") and not any(one in line for one in TOLERATED))
    ]


@pytest.mark.parametrize("kind", STANDARD_KINDS)
@pytest.mark.parametrize("seed", [1, 2])
def test_validator_finds_nothing_wrong(kind: str, seed: int, tmp_path: Path) -> None:
    made = make(kind, seed, day=REFERENCE_DAY)
    for one in made.objects:
        assert complaints(one.save(tmp_path)) == []


@pytest.mark.parametrize("kind", FURTHER_KINDS)
def test_validator_finds_nothing_wrong_in_other_ways_of_writing(kind: str, tmp_path: Path) -> None:
    for one in make(kind, 1, day=REFERENCE_DAY).objects:
        assert complaints(one.save(tmp_path)) == []


@pytest.mark.parametrize("kind", NEWER_KINDS)
def test_validator_finds_nothing_wrong_in_newer_reports(kind: str, tmp_path: Path) -> None:
    for one in make(kind, 1, day=REFERENCE_DAY).objects:
        one.dataset.SOPClassUID = one.dataset.file_meta.MediaStorageSOPClassUID = UID(XRAY_DOSE_SR)
        assert complaints(one.save(tmp_path)) == []


def test_validator_would_find_an_error(tmp_path: Path) -> None:
    made = make("ct", 1, day=REFERENCE_DAY).objects[0]
    del made.dataset.PatientName
    made.dataset.CompletionFlag = "WHATEVER"
    assert complaints(made.save(tmp_path))


def test_every_kind_can_be_made_and_encoded() -> None:
    for kind in makers():
        made = make(kind, 7, day=REFERENCE_DAY)
        assert made.objects, kind
        for one in made.objects:
            assert one.encoded()[128:132] == b"DICM", kind
