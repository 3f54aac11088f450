"""`dosebus skin` on JSON input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dosebus.domain.projection import ProjectionEvent
from dosebus_extract.skin.cli import skin

Event = Callable[..., ProjectionEvent]


@pytest.fixture
def document(tmp_path: Path, event: Event) -> Callable[..., Path]:
    def write(**changes: Any) -> Path:
        one = json.loads(event().model_dump_json())
        made = {
            "orientation": "HFS",
            "patient_height_m": 1.79,
            "patient_weight_kg": 77,
            "events": [one],
            **changes,
        }
        path = tmp_path / "study.json"
        path.write_text(json.dumps(made), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("mode", ["reference", "corrected"])
def test_it_prints_the_contracts_keys(document: Callable[..., Path], mode: str) -> None:
    run = CliRunner().invoke(skin, ["--mode", mode, "--json", str(document())])
    assert run.exit_code == 0, run.output
    printed = json.loads(run.output)
    assert list(printed) == ["shape", "cells", "peak_gy", "dap_fraction", "method", "not_computed"]
    assert printed["shape"] == [94, 94]
    assert max(cell[2] for cell in printed["cells"]) == printed["peak_gy"] > 0
    assert min(cell[2] for cell in printed["cells"]) > 0
    assert mode in printed["method"]
    assert printed["not_computed"] == []


def test_corrected_is_the_default_and_details_say_where_figures_came_from(
    document: Callable[..., Path],
) -> None:
    run = CliRunner().invoke(skin, ["--json", "--details", str(document(patient_weight_kg=None))])
    provenance = json.loads(run.output)["provenance"]
    assert (provenance["mode"], provenance["height_source"], provenance["mass_source"]) == (
        "corrected",
        "extracted",
        "assumed",
    )


def test_keys_that_the_record_does_not_have_are_passed_over_at_every_depth(
    document: Callable[..., Path], event: Event
) -> None:
    one = json.loads(event().model_dump_json())
    plain = CliRunner().invoke(skin, ["--json", str(document(events=[one]))]).output
    loose = {
        **one,
        "kvp": [None, 80.0],
        "event_type": {**one["event_type"], "coding_scheme": "DCM"},
        "filters": [{**one["filters"][0], "shape": "flat", "type": None}],
    }
    path = document(events=[loose])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert CliRunner().invoke(skin, ["--json", str(path)]).output == plain


def test_frames_beyond_all_measure_are_refused(document: Callable[..., Path], event: Event) -> None:
    arc = {"event_type": {"code_value": "113613"}, "positioner_primary_end_angle_deg": 90.0}
    one = json.loads(event(**arc, number_of_pulses=10**9).model_dump_json())
    run = CliRunner().invoke(skin, ["--mode", "reference", "--json", str(document(events=[one]))])
    printed = json.loads(run.output)
    assert printed["cells"] == []
    assert "frames" in printed["not_computed"][0]["reason"]


def test_null_keys_unknown_keys_and_single_numbers_are_read(
    document: Callable[..., Path], event: Event
) -> None:
    one = json.loads(event().model_dump_json())
    plain = CliRunner().invoke(skin, ["--json", str(document(events=[one]))]).output
    loose = {**one, "kvp": 80.0, "filters": one["filters"], "exposure_time_ms": None, "vendor_key": 1}
    assert CliRunner().invoke(skin, ["--json", str(document(events=[loose]))]).output == plain


def test_the_orientation_stated_for_the_study_goes_first(document: Callable[..., Path]) -> None:
    printed = [
        json.loads(CliRunner().invoke(skin, ["--json", str(document(orientation=name))]).output)
        for name in ("HFS", "HFDL", "SITTING")
    ]
    assert printed[0]["cells"] != printed[1]["cells"]
    assert printed[2]["cells"] == []
    assert "not supported" in printed[2]["not_computed"][0]["reason"]


def test_a_safelist_moves_the_table(document: Callable[..., Path], tmp_path: Path) -> None:
    bad = tmp_path / "safelist.json"
    bad.write_text('[{"mattress_share": 2}]', encoding="utf-8")
    run = CliRunner().invoke(skin, ["--safelist", str(bad), str(document())])
    assert run.exit_code == 1
    assert "not a safelist" in run.output


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", "not JSON"),
        ("{}", "events"),
        ('{"events": [{"dose_rp_gy": "much"}]}', "dose_rp_gy"),
        ('{"events": [], "patient_height_m": "tall"}', "patient_height_m"),
        ("not a DICOM object", "study.json"),
        ('{"events": [], "patient_height_m": 179}', "patient_height_m: 179 is not between"),
        ('{"events": [], "patient_weight_kg": NaN}', "NaN is not a number"),
        ('{"events": [{"dose_rp_gy": 1e999}]}', "1e999 is not a number"),
        ('{"events": [], "orientation": 5}', "orientation: 5"),
        ('{"studies": [1]}', "dose records"),
        ('{"events": {"1": {}}}', "a list of irradiation events"),
        ('{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "study.json"
    path.write_text(content, encoding="utf-8")
    run = CliRunner().invoke(skin, ["--json", str(path)])
    assert run.exit_code == 1
    assert complaint in run.output


def test_without_json_it_says_it_in_words(document: Callable[..., Path]) -> None:
    run = CliRunner().invoke(skin, [str(document())])
    assert "peak skin dose" in run.output
    assert "events used 1 of 1" in run.output
