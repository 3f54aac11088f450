"""`dosebus read` at the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dosebus_extract.cli import read
from tests.unit.extract import dose_objects as make


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.dcm"
    path.write_bytes(make.encoded(make.ct_report(["1.2.3.1"])))
    return path


def run(*arguments: Any) -> Result:
    return CliRunner().invoke(read, [str(argument) for argument in arguments])


def test_a_record_as_json(report: Path) -> None:
    result = run("--json", report, report)
    document = json.loads(result.output)
    assert result.exit_code == 0
    assert [entry["outcome"] for entry in document["objects"]] == ["recorded", "ignored"]
    (study,) = document["studies"]
    assert study["modality_type"] == "CT"
    assert study["patient"]["patient_name"] == "Test^Person"
    assert study["totals"]["total_dlp_mgycm"] == 100
    assert len(study["sop_instance_uids_processed"]) == 1


def test_what_is_not_recorded_has_a_reason_and_an_exit_code(report: Path, tmp_path: Path) -> None:
    broken, empty, missing = tmp_path / "broken.dcm", tmp_path / "empty.dcm", tmp_path / "missing.dcm"
    broken.write_bytes(report.read_bytes()[:900])
    empty.write_bytes(b"")
    result = run("--json", report, broken, empty, missing, tmp_path)
    document = json.loads(result.output)
    assert result.exit_code == 1
    assert [entry["outcome"] for entry in document["objects"]] == ["recorded"] + ["rejected"] * 4
    assert all(entry["reason"] for entry in document["objects"][1:])
    assert len(document["studies"]) == 1


def test_a_summary_for_people(report: Path) -> None:
    result = run(report)
    assert result.exit_code == 0
    assert "total_dlp_mgycm" in result.output
    assert "Test^Person" not in result.output
