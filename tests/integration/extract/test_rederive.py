"""Records are derived again from the archive: in shadow, then swapped in, study by study."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from dosebus.bus.message import Reject
from dosebus.domain.people import PEOPLE_SETTING
from dosebus.events.rederivation import (
    RederivationApplyRequested,
    RederivationCancelRequested,
    RederivationRequested,
    Selection,
)
from dosebus.store.engine import Database
from dosebus.store.packed import pack
from dosebus.store.tables import dose
from dosebus.store.tables.config import setting
from dosebus.store.tables.dose_changes import rederivation, rederivation_difference, rederivation_study
from dosebus_extract import rederivation_shadow, rederivation_worker
from dosebus_extract.archive_cli import rederive
from dosebus_extract.rederivation_consumers import (
    apply_rederivation,
    cancel_rederivation,
    queue_rederivation,
)
from dosebus_extract.rederivation_worker import Rederiver
from dosebus_simulator.kinds import make
from tests.integration.extract.conftest import Arrivals

pytestmark = pytest.mark.services
DAY = date(2026, 3, 2)
NUMBERS = count()
H = dose.study_history.c
NOBODYS_DLP = 1.23456  # more digits than the simulator writes
FIELD = "ct_reports[].events[].dlp_mgycm"


def _damaged(arrivals: Arrivals, seed: str) -> int:
    """The id of a study whose record reads as an older extractor would have read it."""
    made = make("ct", "rederive", seed, next(NUMBERS), day=DAY)
    arrivals.send(made.objects[0])
    row = arrivals.study(str(made.objects[0].study_instance_uid))
    assert row is not None
    study = row["study"]
    events = (event.model_copy(update={"dlp_mgycm": NOBODYS_DLP}) for event in study.ct_reports[0].events)
    report = study.ct_reports[0].model_copy(update={"events": tuple(events)})
    old = study.model_copy(update={"ct_reports": (report,)})
    with arrivals.database.transaction() as tx:
        where = dose.study.c.id == row["id"]
        tx.execute(sa.update(dose.study).where(where).values(record=pack(old), extractor_version="0.0.1"))
    return int(row["id"])


@pytest.fixture
def damaged(arrivals: Arrivals) -> list[int]:
    """Three studies on which a newer extractor has something to say, alone in the store."""
    with arrivals.database.transaction() as tx:
        tx.execute(sa.delete(rederivation))
        tx.execute(sa.delete(dose.study))
    return [_damaged(arrivals, str(number)) for number in range(3)]


def _worker(arrivals: Arrivals, **more: Any) -> Rederiver:
    return Rederiver(arrivals.database, arrivals.blobs, arrivals.settings, **more)


def _asked(arrivals: Arrivals, **selection: Any) -> UUID:
    job_id = uuid4()
    chosen = Selection(**selection)
    wish = RederivationRequested(rederivation_id=job_id, selection=chosen, requested_by="anna")
    for _ in range(2):
        with arrivals.database.transaction() as tx:
            queue_rederivation(wish, tx, threading.Event())
    return job_id


def _apply(arrivals: Arrivals, job_id: UUID) -> None:
    wish = RederivationApplyRequested(rederivation_id=job_id, requested_by="berta")
    with arrivals.database.transaction() as tx:
        apply_rederivation(wish, tx, threading.Event())


def _cancel(arrivals: Arrivals, job_id: UUID, *, discard: bool = False) -> None:
    with arrivals.database.transaction() as tx:
        wish = RederivationCancelRequested(rederivation_id=job_id, discard=discard, requested_by="anna")
        cancel_rederivation(wish, tx)


def _job(arrivals: Arrivals, job_id: UUID) -> Any:
    with arrivals.database.reading() as connection:
        return connection.execute(sa.select(rederivation).where(rederivation.c.id == job_id)).one()


def _rows(arrivals: Arrivals, job_id: UUID) -> dict[int, Any]:
    wanted = sa.select(rederivation_study).where(rederivation_study.c.rederivation_id == job_id)
    with arrivals.database.reading() as connection:
        return {row.study_id: row for row in connection.execute(wanted)}


def _standing(arrivals: Arrivals) -> dict[int, Any]:
    s = dose.study.c
    with arrivals.database.reading() as connection:
        rows = connection.execute(sa.select(s.id, s.revision, s.extractor_version, s.record, s.recorded_at))
        return {row.id: row for row in rows}


def _history(arrivals: Arrivals) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    with arrivals.database.reading() as connection:
        for row in connection.execute(sa.select(H.study_id, H.reason)):
            found.setdefault(row.study_id, []).append(row.reason)
    return found


@pytest.fixture
def policy(arrivals: Arrivals, postgres_url: str) -> Iterator[sa.Engine]:
    """A way to publish a people policy; taken back afterwards."""
    web = Database(postgres_url, schema="web", service="web", pool_size=1)
    yield web.engine
    with web.transaction() as tx:
        tx.execute(sa.delete(setting).where(setting.c.key == PEOPLE_SETTING))
    web.close()


def test_the_shadow_tells_differences_by_field_and_device_and_changes_nothing(
    arrivals: Arrivals, damaged: list[int]
) -> None:
    before = _standing(arrivals)
    job_id = _asked(arrivals, modality_type="CT", extractor_below="0.1")
    assert _worker(arrivals).work()
    job = _job(arrivals, job_id)
    assert (job.state, job.studies_total, job.studies_differing, job.studies_failed) == ("ready", 3, 3, 0)
    with arrivals.database.reading() as connection:
        found = connection.execute(
            sa.select(rederivation_difference).where(rederivation_difference.c.rederivation_id == job_id)
        ).all()
    assert {row.field for row in found} == {FIELD}
    assert sum(row.studies for row in found) == 3
    assert all(row.device_id and row.largest_relative > 0 for row in found)
    assert {one for row in found for one in row.examples} == set(damaged)
    row = _rows(arrivals, job_id)[damaged[0]]
    assert row.differences[0]["before"] == NOBODYS_DLP
    assert row.differences[0]["relative"] == pytest.approx(row.differences[0]["after"] / NOBODYS_DLP - 1.0)
    assert _standing(arrivals) == before
    assert _history(arrivals) == {}
    assert not _worker(arrivals).work()


def test_the_swap_heals_the_records_and_keeps_the_old_ones(arrivals: Arrivals, damaged: list[int]) -> None:
    job_id = _asked(arrivals)
    _worker(arrivals).work()
    told = len(arrivals.letters("dose.study.recorded.v1"))
    _apply(arrivals, job_id)
    assert _worker(arrivals).work()
    job = _job(arrivals, job_id)
    assert (job.state, job.studies_swapped, job.studies_derived_again) == ("done", 3, 0)
    assert (job.requested_by, job.applied_by) == ("anna", "berta")
    assert set(_history(arrivals)) == set(damaged)
    assert _history(arrivals)[damaged[0]] == ["derived again by extractor 0.1.0"]
    letters = arrivals.letters("dose.study.recorded.v1")[told:]
    assert sorted(one["study_id"] for one in letters) == sorted(damaged)
    assert {one["change"] for one in letters} == {"replaced"}
    rows = _rows(arrivals, job_id).values()
    assert all(row.record is None and row.contributions is None and row.differences for row in rows)
    with arrivals.database.reading() as connection:
        assert NOBODYS_DLP not in connection.execute(sa.select(dose.ct_event.c.dlp_mgycm)).scalars().all()


def test_what_reads_the_same_keeps_its_revision_and_learns_the_extractor(
    arrivals: Arrivals, damaged: list[int]
) -> None:
    with arrivals.database.transaction() as tx:
        tx.execute(sa.delete(dose.study).where(dose.study.c.id.in_(damaged)))
    made = make("ct", "rederive", "same", day=DAY)
    arrivals.send(made.objects[0])
    with arrivals.database.transaction() as tx:
        tx.execute(sa.update(dose.study).values(extractor_version="0.0.9"))
    (before,) = _standing(arrivals).values()
    job_id = _asked(arrivals, extractor_below="0.0.10")
    _worker(arrivals).work()
    assert _job(arrivals, job_id).studies_differing == 0
    _apply(arrivals, job_id)
    _worker(arrivals).work()
    (after,) = _standing(arrivals).values()
    assert (after.revision, after.recorded_at) == (before.revision, before.recorded_at)
    assert after.record == before.record
    assert after.extractor_version == "0.1.0"
    none = _asked(arrivals, extractor_below="0.1.0")
    _worker(arrivals).work()
    assert _job(arrivals, none).studies_total == 0


def test_a_study_that_changed_since_the_shadow_is_derived_again_first(
    arrivals: Arrivals, damaged: list[int]
) -> None:
    job_id = _asked(arrivals)
    _worker(arrivals).work()
    with arrivals.database.transaction() as tx:
        changed = dose.study.c.id == damaged[1]
        tx.execute(
            sa.update(dose.study)
            .where(changed)
            .values(revision=dose.study.c.revision + 1, study_description="as it is now")
        )
        tx.execute(sa.delete(dose.study).where(dose.study.c.id == damaged[2]))
    _apply(arrivals, job_id)
    _worker(arrivals).work()
    job = _job(arrivals, job_id)
    assert (job.state, job.studies_swapped, job.studies_derived_again) == ("done", 2, 1)
    assert _standing(arrivals)[damaged[1]].revision == 3
    assert _rows(arrivals, job_id)[damaged[2]].reason_code == "study_gone"


def test_a_shadow_of_another_people_policy_is_derived_again(
    arrivals: Arrivals, damaged: list[int], policy: sa.Engine
) -> None:
    job_id = _asked(arrivals)
    _worker(arrivals).work()
    with policy.begin() as connection:
        connection.execute(sa.insert(setting).values(key=PEOPLE_SETTING, value={"patient_id": "none"}))
    _apply(arrivals, job_id)
    _worker(arrivals).work()
    assert _job(arrivals, job_id).studies_derived_again == 3
    with arrivals.database.reading() as connection:
        assert set(connection.execute(sa.select(dose.study.c.patient_id)).scalars()) == {None}


def test_a_worker_that_dies_goes_on_where_it_was(
    arrivals: Arrivals, damaged: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = _asked(arrivals)
    real, seen = rederivation_shadow.shadow_study, []

    class KilledError(BaseException):
        pass

    def dying(*arguments: Any) -> None:
        real(*arguments)
        seen.append(arguments[-1])
        if len(seen) == 2:
            raise KilledError

    monkeypatch.setattr(rederivation_worker, "shadow_study", dying)
    with pytest.raises(KilledError):
        _worker(arrivals).work()
    job = _job(arrivals, job_id)
    assert (job.state, job.studies_done) == ("running", 1)
    assert _worker(arrivals).work()
    assert seen == [damaged[0], damaged[1], damaged[1], damaged[2]]
    assert _job(arrivals, job_id).state == "ready"
    _apply(arrivals, job_id)
    swap, swapped = rederivation_shadow.swap_study, []

    def dying_swap(*arguments: Any) -> None:
        swap(*arguments)
        swapped.append(arguments[-1])
        if len(swapped) == 2:
            raise KilledError

    monkeypatch.setattr(rederivation_worker, "swap_study", dying_swap)
    with pytest.raises(KilledError):
        _worker(arrivals).work()
    assert set(_history(arrivals)) == {damaged[0]}
    assert _worker(arrivals).work()
    assert _job(arrivals, job_id).state == "done"
    assert {key: len(value) for key, value in _history(arrivals).items()} == dict.fromkeys(damaged, 1)


def test_a_stop_of_the_process_is_no_broken_attempt(arrivals: Arrivals, damaged: list[int]) -> None:
    job_id = _asked(arrivals)
    stop = threading.Event()
    stop.set()
    for _ in range(rederivation_worker.MOST_ATTEMPTS + 1):
        assert _worker(arrivals, stop=stop).work()
    assert _job(arrivals, job_id).attempts == 0
    _worker(arrivals).work()
    assert _job(arrivals, job_id).studies_done == len(damaged)


def test_a_swap_may_be_stopped_and_goes_on_or_is_thrown_away(
    arrivals: Arrivals, damaged: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = _asked(arrivals)
    _worker(arrivals).work()
    _apply(arrivals, job_id)
    real, swapped = rederivation_shadow.swap_study, []

    def watched(*arguments: Any) -> None:
        real(*arguments)
        swapped.append(arguments[-1])

    real_one = Rederiver._one

    def stopping(self: Rederiver, *arguments: Any) -> None:
        real_one(self, *arguments)
        if len(swapped) == 1:
            _cancel(arrivals, job_id)

    monkeypatch.setattr(rederivation_worker, "swap_study", watched)
    monkeypatch.setattr(Rederiver, "_one", stopping)
    _worker(arrivals).work()
    job = _job(arrivals, job_id)
    assert (job.state, job.studies_swapped, job.studies_done) == ("ready", 1, 1)
    assert set(_history(arrivals)) == {damaged[0]}
    _apply(arrivals, job_id)
    _worker(arrivals).work()
    assert (_job(arrivals, job_id).state, _job(arrivals, job_id).studies_done) == ("done", 3)
    _cancel(arrivals, job_id, discard=True)
    assert (_job(arrivals, job_id).state, _rows(arrivals, job_id)) == ("done", {})


def test_a_shadow_that_was_thrown_away_cannot_be_applied(arrivals: Arrivals, damaged: list[int]) -> None:
    job_id = _asked(arrivals, device_id=None, date_from=DAY, date_to=DAY)
    _worker(arrivals).work()
    assert _job(arrivals, job_id).studies_done == len(damaged)
    _cancel(arrivals, job_id, discard=True)
    assert _job(arrivals, job_id).state == "cancelled"
    with pytest.raises(Reject):
        _apply(arrivals, job_id)
    waiting = _asked(arrivals, date_from=date(2030, 1, 1))
    _cancel(arrivals, waiting)
    assert not _worker(arrivals).work()
    assert _job(arrivals, waiting).state == "cancelled"


def test_objects_that_the_archive_lost_leave_the_record_standing_and_are_named(
    arrivals: Arrivals, damaged: list[int]
) -> None:
    o = dose.dicom_object
    with arrivals.database.transaction() as tx:
        keys = {
            row.study_id: row
            for row in tx.execute(sa.select(o.c.study_id, o.c.blob_key, o.c.sop_instance_uid))
        }
        tx.execute(sa.update(o).where(o.c.study_id == damaged[0]).values(blob_key=None))
    arrivals.blobs.delete(keys[damaged[1]].blob_key)
    before = _standing(arrivals)
    job_id = _asked(arrivals)
    _worker(arrivals).work()
    job, rows = _job(arrivals, job_id), _rows(arrivals, job_id)
    assert (job.studies_differing, job.studies_failed, job.objects_gone) == (1, 2, 2)
    assert rows[damaged[0]].reason_code == "archive_deleted"
    assert rows[damaged[1]].reason_code == "archive_missing"
    assert rows[damaged[1]].objects_gone == [keys[damaged[1]].sop_instance_uid]
    assert keys[damaged[0]].sop_instance_uid in rows[damaged[0]].reason
    _apply(arrivals, job_id)
    _worker(arrivals).work()
    after = _standing(arrivals)
    assert after[damaged[0]] == before[damaged[0]]
    assert after[damaged[2]] != before[damaged[2]]


def test_objects_that_arrive_while_records_are_swapped_are_not_lost(
    arrivals: Arrivals, damaged: list[int]
) -> None:
    job_id = _asked(arrivals)
    _worker(arrivals).work()
    _apply(arrivals, job_id)
    made = [make("ct", "meanwhile", str(number), day=DAY) for number in range(6)]
    sender = threading.Thread(target=lambda: [arrivals.send(one.objects[0]) for one in made])
    sender.start()
    _worker(arrivals).work()
    sender.join()
    assert _job(arrivals, job_id).studies_swapped == len(damaged)
    uids = [str(one.objects[0].study_instance_uid) for one in made]
    assert all(arrivals.study(uid) is not None for uid in uids)


def test_the_command_does_the_same_job(
    arrivals: Arrivals,
    damaged: list[int],
    postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOSEBUS_DATABASE_URL", postgres_url)
    monkeypatch.setenv("DOSEBUS_PSEUDONYM_KEY", "a key for tests")
    monkeypatch.setenv("DOSEBUS_BLOBS_URL", f"file://{tmp_path / 'blobs'}")
    looked = CliRunner().invoke(rederive, ["--outdated", "--from", "2026-01-01"])
    assert "3 studies derived in shadow, 3 differ, 0 failed" in looked.output, looked.output
    assert FIELD in looked.output
    with arrivals.database.reading() as connection:
        (job_id,) = connection.execute(sa.select(rederivation.c.id)).scalars()
    assert f"--job {job_id} --apply" in looked.output
    applied = CliRunner().invoke(rederive, ["--job", str(job_id), "--apply"])
    assert "3 studies derived again, 3 changed, 0 failed" in applied.output, applied.output
    assert applied.exit_code == 0
    assert set(_history(arrivals)) == set(damaged)
    assert CliRunner().invoke(rederive, ["--job", str(uuid4())]).exit_code == 2
