"""Sizes from a table stand in the record, in lists and in the history, and outlive what comes later."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from dosebus.store.tables import dose
from dosebus_extract.archive_rederive import rederive_study
from dosebus_extract.people import pseudonym
from dosebus_extract.sizes_cli import sizes
from dosebus_extract.store_sizes import sizes_of
from dosebus_simulator.kinds import make
from dosebus_simulator.simulated import SimulatedStudy
from tests.integration.extract.conftest import Arrivals

pytestmark = pytest.mark.services
DAY = date(2026, 3, 2)
KEY = "a key for tests"


@pytest.fixture
def command(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("DOSEBUS_DATABASE_URL", postgres_url)
    monkeypatch.setenv("DOSEBUS_PSEUDONYM_KEY", KEY)
    monkeypatch.delenv("DOSEBUS_DATA", raising=False)
    return CliRunner()


def _made(kind: str, *seed: str) -> SimulatedStudy:
    """A simulated study whose objects tell no size, and an accession number of their own."""
    made = make(kind, *seed, day=DAY)
    for one in made.objects:
        one.dataset.AccessionNumber = f"ACC-{'-'.join(seed)}"
        for keyword in ("PatientSize", "PatientWeight"):
            if keyword in one.dataset:
                delattr(one.dataset, keyword)
    return made


def _uid(made: SimulatedStudy) -> str:
    return str(made.objects[0].study_instance_uid)


def _row(arrivals: Arrivals, made: SimulatedStudy) -> dict[str, Any]:
    row = arrivals.study(_uid(made))
    assert row is not None
    assert sizes_of(row["study"].patient) == {
        "patient_height_m": row["patient_height_m"],
        "patient_weight_kg": row["patient_weight_kg"],
    }
    return row


def _sizes(arrivals: Arrivals, made: SimulatedStudy) -> tuple[float | None, float | None]:
    row = _row(arrivals, made)
    return row["patient_height_m"], row["patient_weight_kg"]


def _import(
    command: CliRunner, folder: Path, text: str, *options: str, status: int = 0
) -> list[dict[str, str]]:
    """Import a table and give its log."""
    file = folder / "sizes.csv"
    file.write_bytes(text.encode("cp1252"))
    done = command.invoke(sizes, ["import", str(file), *options], catch_exceptions=False)
    assert done.exit_code == status, done.output
    with (folder / "sizes.log.csv").open(encoding="utf-8-sig", newline="") as log:
        return list(csv.DictReader(log))


def test_sizes_stand_in_record_row_history_and_event(
    arrivals: Arrivals, command: CliRunner, tmp_path: Path
) -> None:
    made = _made("ct", "sized")
    arrivals.send(made.objects[0])
    before = _row(arrivals, made)
    assert (before["patient_height_m"], before["patient_weight_kg"]) == (None, None)
    text = "Zugangsnummer;Größe;Gewicht\nACC-sized;172;80,5\nACC-nobody;170;70\nACC-sized;;x\n"
    log = _import(command, tmp_path, text, status=1)
    assert [(one["line"], one["outcome"]) for one in log] == [
        ("2", "changed"), ("3", "unmatched"), ("4", "invalid"),
    ]  # fmt: skip
    assert log[0]["reason"] == "height set to 1.72 m; weight set to 80.5 kg"
    assert log[0]["study_instance_uid"] == _uid(made)
    after = _row(arrivals, made)
    assert _sizes(arrivals, made) == (1.72, 80.5)
    assert after["revision"] == before["revision"] + 1
    assert after["study"].ct_reports == before["study"].ct_reports
    with arrivals.database.reading() as connection:
        history = connection.execute(
            sa.select(dose.study_history).where(dose.study_history.c.study_id == after["id"])
        ).one()
    assert history.reason.startswith("height and weight of the patient imported by ")
    assert bytes(history.record) == bytes(before["record"])
    told = [one for one in arrivals.letters("dose.study.recorded.v1") if one["study_id"] == after["id"]]
    assert [one["change"] for one in told] == ["added", "replaced"]
    assert (tmp_path / "sizes.log.csv").stat().st_mode & 0o077 == 0


def test_what_stands_is_kept_unless_told_to_overwrite(
    arrivals: Arrivals, command: CliRunner, tmp_path: Path
) -> None:
    made = _made("ct", "kept")
    made.objects[0].dataset.PatientSize = "1.6"
    arrivals.send(made.objects[0])
    text = "StudyInstanceUID,Height,Weight\n" + f"{_uid(made)},1.72,80\n"
    (would,) = _import(command, tmp_path, text, "--overwrite", "--dry-run")
    assert would["reason"] == "height changed from 1.6 to 1.72 m; weight set to 80 kg"
    assert _sizes(arrivals, made) == (1.6, None)
    (done,) = _import(command, tmp_path, text)
    assert done["reason"] == "height of 1.6 m kept; the file says 1.72 m; weight set to 80 kg"
    assert _sizes(arrivals, made) == (1.6, 80.0)
    (done,) = _import(command, tmp_path, text, "--overwrite")
    assert _sizes(arrivals, made) == (1.72, 80.0)
    before = _row(arrivals, made)
    (done,) = _import(command, tmp_path, text, "--overwrite")
    assert done["outcome"] == "same"
    assert _row(arrivals, made) == before


def test_imported_sizes_outlive_later_objects_and_rederivation(
    arrivals: Arrivals, command: CliRunner, tmp_path: Path
) -> None:
    made = _made("continued", "outlived")
    first, second = list({one.sop_instance_uid: one for one in made.objects}.values())[:2]
    for one in (first, second):
        one.dataset.PatientWeight = "70"
    arrivals.send(first)
    text = "accession number;height;weight\nACC-outlived;172;80\n"
    _import(command, tmp_path, text, "--overwrite")
    arrivals.send(second)
    assert _sizes(arrivals, made) == (1.72, 80.0)
    with arrivals.database.transaction() as tx:
        rederive_study(tx, arrivals.blobs, arrivals.settings, _row(arrivals, made)["id"])
    assert _sizes(arrivals, made) == (1.72, 80.0)


def test_what_only_filled_a_gap_gives_way_to_an_object(
    arrivals: Arrivals, command: CliRunner, tmp_path: Path
) -> None:
    made = _made("continued", "gap")
    first, second = list({one.sop_instance_uid: one for one in made.objects}.values())[:2]
    arrivals.send(first)
    _import(command, tmp_path, "accession number;height;weight\nACC-gap;172;80\n")
    second.dataset.PatientWeight = "70"
    arrivals.send(second)
    assert _sizes(arrivals, made) == (1.72, 70.0)


def test_an_accession_number_is_found_as_a_pseudonym_too_and_in_every_study(
    arrivals: Arrivals, command: CliRunner, tmp_path: Path
) -> None:
    plain, hidden = _made("ct", "plain"), _made("ct", "hidden")
    for made in (plain, hidden):
        made.objects[0].dataset.AccessionNumber = "Shared 1"
    arrivals.send(plain.objects[0])
    arrivals.settings = arrivals.settings.model_copy(update={"keep_accession_number": "pseudonym"})
    arrivals.send(hidden.objects[0])
    assert _row(arrivals, hidden)["accession_number"] == pseudonym("Shared 1", KEY.encode())
    log = _import(command, tmp_path, "accession;weight\nShared 1;66\n")
    assert {one["study_instance_uid"] for one in log} == {_uid(plain), _uid(hidden)}
    assert _sizes(arrivals, plain) == _sizes(arrivals, hidden) == (None, 66.0)
    # Whoever knows a pseudonym must not pass it off as the number itself.
    secret = _row(arrivals, hidden)["accession_number"]
    (refused,) = _import(command, tmp_path, f"accession;weight\n{secret};99\n", status=1)
    assert refused["outcome"] == "unmatched"


def test_ctrl_c_ends_after_a_whole_line(arrivals: Arrivals, postgres_url: str, tmp_path: Path) -> None:
    made = _made("ct", "stopped")
    arrivals.send(made.objects[0])
    lines = "".join(f"ACC-stopped;{50 + number % 100}\n" for number in range(20_000))
    (tmp_path / "long.csv").write_text("accession;weight\n" + lines, encoding="utf-8")
    log = tmp_path / "log.csv"
    running = subprocess.Popen(
        [sys.executable, "-m", "dosebus_standalone.command", "sizes", "import", str(tmp_path / "long.csv"),
         "--overwrite", "--log", str(log)],
        env=os.environ | {"DOSEBUS_DATABASE_URL": postgres_url, "DOSEBUS_PSEUDONYM_KEY": KEY},
        stderr=subprocess.PIPE,
    )  # fmt: skip
    deadline = time.monotonic() + 180
    while not (log.exists() and log.read_text("utf-8-sig").count("changed") > 5):
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=120)
    assert running.returncode == 130, errors
    assert b"the rest is untouched" in errors
    with log.open(encoding="utf-8-sig", newline="") as written:
        done = list(csv.DictReader(written))
    assert 0 < len(done) < 20_000
    assert _row(arrivals, made)["revision"] == 1 + len(done)
    assert _sizes(arrivals, made)[1] == 50 + (len(done) - 1) % 100


def test_the_preview_shows_columns_and_what_they_are_taken_for(command: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "sizes.csv"
    file.write_text("Accession;Ward;Weight (kg)\nA1;3b;80,5\n", encoding="utf-8")
    shown = command.invoke(sizes, ["preview", str(file)])
    assert shown.exit_code == 0
    assert "1 lines, utf-8, separated by semicolon" in shown.output
    assert "Accession: A1  -> accession" in shown.output
    assert "Weight (kg): 80,5  -> weight" in shown.output


def test_a_table_that_cannot_be_used_changes_nothing(command: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "sizes.csv"
    file.write_text("Accession;Weight (lb)\nA1;180\n", encoding="utf-8")
    refused = command.invoke(sizes, ["import", str(file)])
    assert refused.exit_code == 1
    assert "is in lb; a weight is read in kg" in refused.output
    assert not (tmp_path / "sizes.log.csv").exists()
