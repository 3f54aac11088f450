"""The real Artis Zee study against the map that is known of it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from dosebus_extract.skin.cli import skin

SAMPLES = Path(os.environ.get("DOSEBUS_SAMPLES", Path(__file__).parents[3] / "shared" / "samples"))
pytestmark = [
    pytest.mark.samples,
    pytest.mark.skipif(
        not (SAMPLES / "skin" / "zee.json").exists(), reason="the sample objects are not here"
    ),
]


def printed(name: str, mode: str) -> dict[str, object]:
    run = CliRunner().invoke(skin, ["--mode", mode, "--json", str(SAMPLES / "objects" / name)])
    assert run.exit_code == 0, run.output
    document: dict[str, object] = json.loads(run.output)
    return document


def as_map(document: dict[str, object]) -> np.ndarray:
    dose = np.zeros(document["shape"])
    for row, column, gray in document["cells"]:
        dose[row, column] = gray
    return dose


def test_the_reference_mode_equals_the_known_map() -> None:
    known = json.loads((SAMPLES / "skin" / "zee.json").read_text(encoding="utf-8"))
    document = printed("RF-RDSR-Siemens-Zee.dcm", "reference")
    made = as_map(document)
    assert np.abs(made - np.array(known["map_gy"])).max() <= 1e-9
    assert np.count_nonzero(made) == 484
    assert document["peak_gy"] == pytest.approx(known["peak_gy"], abs=1e-9)
    assert document["dap_fraction"] == 1.0
    assert document["not_computed"] == []


def test_the_corrected_mode_is_near_it_on_a_stationary_study() -> None:
    reference, corrected = (printed("RF-RDSR-Siemens-Zee.dcm", mode) for mode in ("reference", "corrected"))
    assert corrected["peak_gy"] == pytest.approx(reference["peak_gy"], rel=0.1)


def test_turning_the_field_with_the_tube_is_what_a_rotational_study_needs() -> None:
    name = "RF-RDSR-Canon-Alphenix-rotational.dcm"
    reference, corrected = (printed(name, mode)["peak_gy"] for mode in ("reference", "corrected"))
    assert reference == pytest.approx(1.65e-3, abs=0.01e-3)
    assert corrected == pytest.approx(7.6e-3, rel=0.05)


def test_a_study_without_geometry_says_why_there_is_no_map() -> None:
    document = printed("RF-RDSR-Eurocolumbus.dcm", "corrected")
    assert document["cells"] == []
    assert "source to isocentre" in document["not_computed"][0]["reason"]
