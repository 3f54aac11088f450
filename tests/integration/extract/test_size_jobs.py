"""Imports of sizes as jobs: in chunks, cancelled, broken off in the middle, with a log that bears no key."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from dosebus.events.extract import SizeImportCancelRequested, SizeImportRequested
from dosebus.sizes.upload import keep_upload
from dosebus.store.tables import dose
from dosebus.store.tables.dose_imports import size_import
from dosebus_extract import sizes_worker
from dosebus_extract.blobs_given_up import delete_given_up
from dosebus_extract.consumers import cancel_size_import
from dosebus_extract.sizes_jobs import add
from dosebus_extract.sizes_worker import Worker, Workshop
from dosebus_simulator.kinds import make
from tests.integration.extract.conftest import Arrivals

pytestmark = pytest.mark.services
DAY = date(2026, 3, 2)
STUDIES = 5


class Importer:
    """What extract does with tables, a step at a time."""

    def __init__(self, arrivals: Arrivals) -> None:
        self.arrivals = arrivals
        self.stop = threading.Event()
        key = arrivals.settings.pseudonym_key.get_secret_value().encode()
        self.workshop = Workshop(arrivals.database, arrivals.blobs, key, progress_s=0, chunk=2)

    def ask(self, text: str, **options: Any) -> UUID:
        """Upload a table and ask for its import."""
        asked = {
            "encoding": "utf-8", "separator": ";", "key_column": 0, "key_kind": "accession", "height_column": 1,
            "weight_column": 2, "height_unit": "auto", "overwrite": False, "requested_by": "anna",
        } | options  # fmt: skip
        key = keep_upload(self.arrivals.blobs, [text.encode()])
        event = SizeImportRequested(import_id=uuid4(), blob_key=key, **asked)
        with self.arrivals.database.transaction() as tx:
            add(tx, event, None)
        return event.import_id

    def work(self) -> bool:
        """Work on the next import."""
        return Worker(self.workshop, self.stop).work()

    def cancel(self, import_id: UUID) -> None:
        """Ask to stop an import."""
        with self.arrivals.database.transaction() as tx:
            cancel_size_import(SizeImportCancelRequested(import_id=import_id), tx)

    def job(self, import_id: UUID) -> Any:
        """The row of an import."""
        with self.arrivals.database.reading() as connection:
            where = size_import.c.import_id == import_id
            return connection.execute(sa.select(size_import).where(where)).one()

    def log(self, import_id: UUID) -> list[dict[str, str]]:
        """The rows of an import's log."""
        text = self.arrivals.blobs.read(self.job(import_id).log_key).decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture(scope="module")
def accessions() -> list[str]:
    return [f"ACC-job-{number}" for number in range(STUDIES)]


@pytest.fixture
def importer(arrivals: Arrivals, accessions: list[str]) -> Iterator[Importer]:
    """Studies without sizes, and who imports into them."""
    for number, accession in enumerate(accessions):
        made = make("ct", f"job{number}", day=DAY)
        one = made.objects[0]
        one.dataset.AccessionNumber = accession
        for keyword in ("PatientSize", "PatientWeight"):
            if keyword in one.dataset:
                delattr(one.dataset, keyword)
        arrivals.send(one)
    yield Importer(arrivals)
    with arrivals.database.transaction() as tx:
        tx.execute(sa.delete(dose.study))
        tx.execute(sa.delete(size_import))


def _table(accessions: list[str], height: int = 170) -> str:
    return "Acc;Height;Weight\n" + "".join(
        f"{one};{height + i};{70 + i}\n" for i, one in enumerate(accessions)
    )


def _sizes(importer: Importer) -> dict[str, tuple[float | None, float | None]]:
    s = dose.study.c
    with importer.arrivals.database.reading() as connection:
        rows = connection.execute(
            sa.select(s.accession_number, s.patient_height_m, s.patient_weight_kg)
        ).all()
    return {row.accession_number: (row.patient_height_m, row.patient_weight_kg) for row in rows}


def test_a_table_is_imported_and_its_file_goes(importer: Importer, accessions: list[str]) -> None:
    import_id = importer.ask(_table(accessions) + "=1+1;x;\nACC-nobody;170;60\n;170;\n")
    key = importer.job(import_id).file_key
    assert importer.work()
    job = importer.job(import_id)
    assert (job.state, job.rows_done, job.rows_total, job.file_key) == ("done", 8, 8, None)
    assert job.counts == {"changed": 5, "invalid": 2, "unmatched": 1}
    assert _sizes(importer)["ACC-job-3"] == (1.73, 73.0)
    log = importer.log(import_id)
    assert [int(row["line"]) for row in log] == [2, 3, 4, 5, 6, 7, 8, 9]
    assert log[0]["reason"] == "height set to 1.7 m; weight set to 70 kg"
    assert log[5]["reason"] == "height in column 2 not used: it is no number"
    text = importer.arrivals.blobs.read(job.log_key).decode()
    assert not any(key in text for key in (*accessions, "ACC-nobody", "=1+1"))
    assert delete_given_up(importer.arrivals.database, importer.arrivals.blobs) == 1
    assert not importer.arrivals.blobs.exists(key)
    told = importer.arrivals.letters("patient_size.import.finished.v1")[-1]
    assert told == {"import_id": str(import_id), "state": "done", "counts": job.counts}
    assert not importer.work()


def test_only_an_overwriting_import_changes_what_stands(importer: Importer, accessions: list[str]) -> None:
    importer.ask(_table(accessions))
    kept = importer.ask(_table(accessions, 180))
    written = importer.ask(_table(accessions, 180), overwrite=True)
    assert importer.work()
    assert importer.work()
    assert importer.job(kept).counts == {"kept": 5}
    assert _sizes(importer)["ACC-job-0"] == (1.7, 70.0)
    assert importer.work()
    assert importer.job(written).counts == {"changed": 5}
    assert _sizes(importer)["ACC-job-0"] == (1.8, 70.0)


def test_an_import_that_was_broken_off_anywhere_goes_on_and_does_nothing_twice(
    importer: Importer, accessions: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import_id = importer.ask(_table(accessions))
    done = sizes_worker.jobs.enter
    entered: list[int] = []

    def enter(tx: Any, job: UUID, outcomes: Any) -> None:
        told = list(outcomes)
        done(tx, job, told)
        entered.extend(one.line for one in told)
        if len(entered) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(sizes_worker.jobs, "enter", enter)
    with pytest.raises(KeyboardInterrupt):
        importer.work()
    monkeypatch.undo()
    # The fourth line was rolled back with its entry; the third stands, though its chunk was not finished.
    assert importer.job(import_id).line_done == 3
    assert sum(height is not None for height, _ in _sizes(importer).values()) == 3
    assert importer.work()
    assert importer.job(import_id).counts == {"changed": 5}
    assert importer.job(import_id).attempts == 2
    h = dose.study_history.c
    with importer.arrivals.database.reading() as connection:
        changes = connection.execute(sa.select(sa.func.count()).select_from(dose.study_history)).scalar()
        assert changes == STUDIES, h


def test_an_import_that_breaks_off_again_and_again_ends(importer: Importer, accessions: list[str]) -> None:
    import_id = importer.ask(_table(accessions))
    with importer.arrivals.database.transaction() as tx:
        tx.execute(sa.update(size_import).values(attempts=importer.workshop.attempts))
    assert not importer.work()
    job = importer.job(import_id)
    assert (job.state, job.file_key) == ("failed", None)
    assert "several times" in job.reason


def test_a_process_that_stops_gives_the_import_back(importer: Importer, accessions: list[str]) -> None:
    import_id = importer.ask(_table(accessions))
    importer.stop.set()
    assert importer.work()
    assert (importer.job(import_id).state, importer.job(import_id).attempts) == ("queued", 0)
    importer.stop.clear()
    assert importer.work()
    assert importer.job(import_id).counts == {"changed": 5}


def test_a_cancelled_import_keeps_what_it_wrote_and_logs_it(
    importer: Importer, accessions: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import_id = importer.ask(_table(accessions))
    do = sizes_worker.import_chunk

    def cancel_then(*given: Any) -> Any:
        importer.cancel(import_id)
        return do(*given)

    monkeypatch.setattr(sizes_worker, "import_chunk", cancel_then)
    assert importer.work()
    job = importer.job(import_id)
    assert (job.state, job.rows_done, job.counts) == ("cancelled", 2, {"changed": 2})
    assert len(importer.log(import_id)) == 2
    waiting = importer.ask(_table(accessions))
    importer.cancel(waiting)
    assert importer.job(waiting).state == "cancelled"
    assert not importer.work()


def test_two_workers_never_have_the_same_import(importer: Importer, accessions: list[str]) -> None:
    importer.ask(_table(accessions))
    worker = Worker(replace(importer.workshop), importer.stop)
    with worker._held() as job:
        assert job is not None
        assert not importer.work()


def test_what_is_no_table_any_more_fails_with_its_reason(importer: Importer) -> None:
    no_text = importer.ask("a;b;c\n", encoding="utf-16")
    assert importer.work()
    assert importer.job(no_text).state == "failed"
    assert "utf-16" in importer.job(no_text).reason
