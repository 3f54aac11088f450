"""Records are derived again from the archive: in shadow, then all at once."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from dosebus.store.packed import pack
from dosebus.store.tables import dose
from dosebus_extract.archive_cli import rederive
from dosebus_extract.archive_rederive import chosen_studies, differences, field_of, shadow, swap
from dosebus_simulator.kinds import make
from tests.integration.extract.conftest import Arrivals

pytestmark = pytest.mark.services
DAY = date(2026, 3, 2)


@pytest.fixture
def damaged(arrivals: Arrivals) -> int:
    """The id of a study whose record reads as an older extractor would have read it."""
    made = make("ct", "rederive", day=DAY)
    arrivals.send(made.objects[0])
    row = arrivals.study(str(made.objects[0].study_instance_uid))
    assert row is not None
    study = row["study"]
    events = [event.model_copy(update={"dlp_mgycm": 1.0}) for event in study.ct_reports[0].events]
    report = study.ct_reports[0].model_copy(update={"events": tuple(events)})
    old = study.model_copy(update={"ct_reports": (report,)})
    with arrivals.database.transaction() as tx:
        where = dose.study.c.id == row["id"]
        tx.execute(sa.update(dose.study).where(where).values(record=pack(old), extractor_version="0.0.1"))
    return int(row["id"])


def test_the_shadow_tells_differences_by_field_and_device_and_changes_nothing(
    arrivals: Arrivals, damaged: int
) -> None:
    with arrivals.database.transaction() as tx:
        assert damaged in chosen_studies(tx, modality="CT", older_than="0.1.0")
        found = shadow(tx, arrivals.blobs, arrivals.settings, [damaged])
    ((field, device_id),) = found.by_field_and_device()
    assert field == "ct_reports[].events[].dlp_mgycm"
    assert device_id is not None
    with arrivals.database.reading() as connection:
        version = connection.execute(
            sa.select(dose.study.c.extractor_version).where(dose.study.c.id == damaged)
        ).scalar_one()
    assert version == "0.0.1"


def test_the_swap_heals_the_record_and_keeps_the_old_one(arrivals: Arrivals, damaged: int) -> None:
    with arrivals.database.transaction() as tx:
        done = swap(tx, arrivals.blobs, arrivals.settings, [damaged, 10**9])
    assert (done.studies, done.changed) == (1, 1)
    assert list(done.failed) == [10**9]
    with arrivals.database.transaction() as tx:
        assert shadow(tx, arrivals.blobs, arrivals.settings, [damaged]).differences == []
        history = tx.execute(
            sa.select(dose.study_history).where(dose.study_history.c.study_id == damaged)
        ).all()
    assert len(history) == 1


def test_an_object_that_the_archive_lost_leaves_the_record_standing(arrivals: Arrivals, damaged: int) -> None:
    with arrivals.database.transaction() as tx:
        o = dose.dicom_object
        key = tx.execute(sa.select(o.c.blob_key).where(o.c.study_id == damaged)).scalar_one()
        arrivals.blobs.delete(key)
        done = swap(tx, arrivals.blobs, arrivals.settings, [damaged])
    assert damaged in done.failed
    with arrivals.database.reading() as connection:
        where = dose.ct_event.c.study_id == damaged
        assert connection.execute(sa.select(dose.ct_event.c.id).where(where)).all()


def test_the_command_reports_and_applies(
    arrivals: Arrivals, damaged: int, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with arrivals.database.reading() as connection:
        device_id = connection.execute(
            sa.select(dose.study.c.device_id).where(dose.study.c.id == damaged)
        ).scalar_one()
    monkeypatch.setenv("DOSEBUS_DATABASE_URL", postgres_url)
    monkeypatch.setenv("DOSEBUS_PSEUDONYM_KEY", "a key for tests")
    monkeypatch.setenv("DOSEBUS_BLOBS_URL", f"file://{tmp_path / 'blobs'}")
    arguments = ["--device", str(device_id), "--outdated"]
    looked = CliRunner().invoke(rederive, arguments)
    assert "ct_reports[].events[].dlp_mgycm" in looked.output
    applied = CliRunner().invoke(rederive, [*arguments, "--apply"])
    assert "1 studies derived again, 1 changed" in applied.output
    assert applied.exit_code == 0


def test_places_are_told_without_their_positions() -> None:
    assert field_of("ct_reports[0].events[12].dlp_mgycm") == "ct_reports[].events[].dlp_mgycm"
    made = make("ct", "same", day=DAY).truth
    assert made is not None
    assert list(differences(made, made)) == []
