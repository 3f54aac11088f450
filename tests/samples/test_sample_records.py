"""The facts known of real objects, the order of their arrival, and the reader against pydicom on each of them."""

from __future__ import annotations

import itertools
import json
import runpy
import warnings
from pathlib import Path
from typing import Any

import pytest

from dosebus.domain.contribution import Contribution
from dosebus.domain.study import Study
from dosebus_extract.merge import combine, prune
from dosebus_extract.read import Ignored, Rejected, read_object
from dosebus_extract.sr.reader import read_dicom
from dosebus_extract.sr.tree import content_tree
from tests.unit.extract.pydicom_oracle import oracle, ours

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"
pytestmark = [
    pytest.mark.samples,
    pytest.mark.skipif(not SAMPLES.is_dir(), reason="the real objects are not there"),
]
OBJECTS = sorted((SAMPLES / "objects").glob("*.dcm")) + sorted((SAMPLES / "more").glob("*.dcm"))
CASES = sorted((SAMPLES / "expected").glob("*.json"))
GROUPS = [path for path in CASES if path.stem.startswith("group-")]


def contributions(names: list[str]) -> list[Contribution]:
    found = []
    for name in names:
        try:
            found.append(read_object(SAMPLES / "objects" / name))
        except (Ignored, Rejected):
            continue
    return found


def studies(parts: list[Contribution]) -> dict[str, Study]:
    by_study: dict[str, list[Contribution]] = {}
    for part in parts:
        by_study.setdefault(part.study_instance_uid, []).append(part)
    return {uid: combine(of_study) for uid, of_study in by_study.items()}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_fact_holds(path: Path) -> None:
    checker = runpy.run_path(str(SAMPLES / "check_records.py"))
    case: dict[str, Any] = json.loads(path.read_text())
    told = [study.model_dump(mode="json") for study in studies(contributions(case["files"])).values()]
    misses: list[Any] = []
    checker["compare"](case["studies"], told, "studies", misses)
    assert misses == []
    assert len(told) == len(case["studies"])


@pytest.mark.parametrize("path", GROUPS, ids=lambda path: path.stem)
def test_the_order_of_arrival_changes_nothing(path: Path) -> None:
    parts = contributions(json.loads(path.read_text())["files"])
    expected = studies(parts)
    for order in itertools.permutations(parts):
        assert studies(list(order)) == expected
        kept: tuple[Contribution, ...] = ()
        for part in order:
            same = [one for one in kept if one.study_instance_uid == part.study_instance_uid]
            others = tuple(one for one in kept if one not in same)
            kept = (*others, *prune([*same, part]))
        assert studies(list(kept)) == expected


def test_the_series_of_a_pet_ct_join_in_any_order() -> None:
    names = ["NM-RRDSR-Siemens", "NM-CT-RDSR-Siemens", "NM-PetIm-Siemens", "NM-PetIm-Siemens-3"]
    parts = contributions([f"{name}.dcm" for name in [*names, "NM-PetIm-Siemens-3-sameseries"]])
    expected = studies(parts)
    (study,) = expected.values()
    assert study.modality_types == ("NM", "CT")
    assert len(study.ct_reports) == len(study.radiopharmaceutical_reports) == 1
    assert len(study.radiopharmaceutical_reports[0].pet_series) == 2
    assert len(study.sop_instance_uids_processed) == 5
    for order in itertools.permutations(parts):
        assert studies(list(order)) == expected


@pytest.mark.parametrize("path", OBJECTS, ids=lambda path: path.stem)
def test_reader_and_pydicom_agree(path: Path) -> None:
    data = path.read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = oracle(data)
    assert ours(content_tree(read_dicom(data).header)) == expected


@pytest.mark.parametrize("path", OBJECTS, ids=lambda path: path.stem)
def test_a_contribution_survives_json(path: Path) -> None:
    if path.stem == "ESR_non-dose":
        with pytest.raises(Rejected, match="document title"):
            read_object(path)
        return
    found = read_object(path)
    assert Contribution.model_validate_json(found.model_dump_json()) == found
