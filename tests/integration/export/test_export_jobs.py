"""Export jobs with a real database: content, progress, cancelling, restarts, deletion."""

from __future__ import annotations

import csv
import io
import threading
import zipfile
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

from dosebus.bus.message import Message
from dosebus.events.export import ExportCancelRequested, ExportDeletionRequested, ExportRequested
from dosebus_export import consumers

NAMESPACE = {"s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def sheets_of(content: bytes) -> dict[str, list[list[str]]]:
    """Sheet name -> rows of text, read from the file's XML."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        book = ElementTree.fromstring(file.read("xl/workbook.xml"))  # noqa: S314 - our own file
        names = [sheet.attrib["name"] for sheet in book.findall("s:sheets/s:sheet", NAMESPACE)]
        sheets = {}
        for number, name in enumerate(names, 1):
            sheet = ElementTree.fromstring(file.read(f"xl/worksheets/sheet{number}.xml"))  # noqa: S314
            sheets[name] = [
                ["".join(cell.itertext()) for cell in row]
                for row in sheet.findall("s:sheetData/s:row", NAMESPACE)
            ]
    return sheets


def test_a_ct_study_is_a_row_with_its_events_to_the_right(radiology: Any) -> None:
    radiology.ct(2, events=1)
    radiology.ct(1, events=3, study_description='=cmd|" /C calc"!A0')
    radiology.ct(1, events=0)
    export_id = radiology.ask()
    assert radiology.worker().work()
    rows = rows_of(radiology.file(export_id))
    assert len(rows) == 4
    assert sorted(row["E1 CTDIvol (mGy)"] for row in rows) == ["", "10.5", "10.5", "10.5"]
    (wide,) = [row for row in rows if row["E3 DLP (mGy·cm)"]]
    assert wide["Study description"] == '\'=cmd|" /C calc"!A0'
    assert wide["E2 Protocol"] == "'=Abdomen"
    assert wide["E3 DLP (mGy·cm)"] == "300.25"
    job = radiology.job(export_id)
    assert (job.rows_done, job.rows_total) == (4, 4)
    assert job.file_name.startswith("dosebus-ct-")
    (completed,) = radiology.published("export.completed.v1")
    assert completed["rows"] == 4
    progressed = radiology.published("export.progressed.v1")
    assert [one["rows_done"] for one in progressed] == [0, 1, 2, 3, 4]
    assert {one["rows_total"] for one in progressed} == {4}


def test_patient_columns_are_there_only_if_asked_for(radiology: Any) -> None:
    radiology.ct(1)
    without, with_patient = radiology.ask(), radiology.ask(include_patient=True)
    worker = radiology.worker()
    assert worker.work()
    assert worker.work()
    assert not worker.work()
    assert b"secret" not in radiology.file(without).lower()
    (row,) = rows_of(radiology.file(with_patient))
    assert row["Patient ID"] == "secret-id"
    assert row["Patient name"] == "Secret^Name"


def test_a_fluoroscopy_study_has_its_totals_in_the_units_of_the_heading(radiology: Any) -> None:
    radiology.rf(total_dap_gym2=3.2e-5, dose_rp_total_gy=0.0125)
    export_id = radiology.ask("rf")
    radiology.worker().work()
    (row,) = rows_of(radiology.file(export_id))
    assert float(row["DAP (cGy·cm²)"]) == 32
    assert row["Dose at RP (Gy)"] == "0.0125"


def test_filter_and_sort_of_the_list_hold_in_the_file(radiology: Any) -> None:
    radiology.ct(3)
    export_id = radiology.ask(query="study_description=study&date_to=2026-01-01&sort=study_at")
    other = radiology.ask(query="study_description=nothing")
    worker = radiology.worker()
    assert worker.work()
    assert worker.work()
    assert [row["Study description"] for row in rows_of(radiology.file(export_id))] == [
        "Study 0",
        "Study 1",
        "Study 2",
    ]
    assert rows_of(radiology.file(other)) == []


def test_the_same_data_give_the_same_bytes(radiology: Any) -> None:
    radiology.ct(20, events=3)
    for file_format in ("csv", "xlsx"):
        first, second = radiology.ask(file_format=file_format), radiology.ask(file_format=file_format)
        worker = radiology.worker()
        assert worker.work()
        assert worker.work()
        assert radiology.job(first).blob_key == radiology.job(second).blob_key


def test_a_workbook_has_summary_all_data_and_a_sheet_a_protocol(radiology: Any) -> None:
    radiology.ct(4, events=3)
    export_id = radiology.ask(file_format="xlsx")
    radiology.worker().work()
    sheets = sheets_of(radiology.file(export_id))
    assert list(sheets) == ["Summary", "All data", "=Abdomen", "Head", "Thorax_low"]
    assert ["Studies", "4"] in sheets["Summary"]
    assert ["Head", "4"] in sheets["Summary"]
    assert len(sheets["All data"]) == 5
    assert [len(sheets[name]) for name in ("=Abdomen", "Head", "Thorax_low")] == [5, 5, 5]
    assert "CTDIvol (mGy)" in sheets["Head"][0]
    assert "10.5" in sheets["Head"][1]


def test_an_export_that_is_cancelled_leaves_no_file(radiology: Any) -> None:
    radiology.ct(5)
    export_id = radiology.ask()

    class Impatient(threading.Event):
        """Asks for the end when the worker looks whether it is to stop, at its first report of progress."""

        def is_set(self) -> bool:
            with radiology.export.transaction() as tx:
                consumers.cancel_export(ExportCancelRequested(export_id=export_id), tx)
            return False

    radiology.worker(Impatient()).work()
    assert radiology.job(export_id).state == "cancelled"
    assert radiology.job(export_id).blob_key is None
    assert list(radiology.blobs.incoming.iterdir()) == []
    assert len(radiology.published("export.cancelled.v1")) == 1


def test_a_waiting_export_is_cancelled_at_once(radiology: Any) -> None:
    export_id = radiology.ask()
    with radiology.export.transaction() as tx:
        consumers.cancel_export(ExportCancelRequested(export_id=export_id), tx)
    assert radiology.job(export_id).state == "cancelled"
    assert not radiology.worker().work()


def test_an_export_that_a_stop_interrupts_begins_again(radiology: Any) -> None:
    radiology.ct(5)
    export_id = radiology.ask()
    stop = threading.Event()
    stop.set()
    radiology.worker(stop).work()
    assert (radiology.job(export_id).state, radiology.job(export_id).attempts) == ("queued", 0)
    radiology.worker().work()
    assert len(rows_of(radiology.file(export_id))) == 5


def test_a_job_whose_process_died_is_taken_up_again_but_not_for_ever(radiology: Any) -> None:
    radiology.ct(2)
    export_id = radiology.ask()

    class PowerFailureError(BaseException):
        pass

    class Failing(threading.Event):
        def is_set(self) -> bool:
            raise PowerFailureError

    for _ in range(3):
        try:
            radiology.worker(Failing()).work()
        except PowerFailureError:
            continue
        raise AssertionError("the worker survived")
    assert radiology.job(export_id).state == "running"
    assert not radiology.worker().work()
    assert radiology.job(export_id).state == "failed"
    assert "broke off" in radiology.job(export_id).reason


def test_a_job_that_another_holds_is_left_alone(radiology: Any) -> None:
    radiology.ct(1)
    export_id = radiology.ask()
    with radiology.worker()._held() as row:
        assert row.export_id == export_id
        assert not radiology.worker().work()
    assert radiology.worker().work()


def test_what_cannot_be_done_fails_with_a_reason(radiology: Any) -> None:
    asked = [
        radiology.ask("xa"),
        radiology.ask(file_format="docx"),
        radiology.ask(query="nonsense=1"),
        radiology.ask(query="patient_id=1"),
    ]
    worker = radiology.worker()
    while worker.work():
        pass
    jobs = [radiology.job(export_id) for export_id in asked]
    assert {job.state for job in jobs} == {"failed"}
    for job, word in zip(jobs, ("xa", "docx", "nonsense", "patient"), strict=True):
        assert word in job.reason
    assert len(radiology.published("export.failed.v1")) == 4


def test_a_deleted_export_takes_its_file_along_unless_another_has_the_same(radiology: Any) -> None:
    radiology.ct(2)
    first, second = radiology.ask(), radiology.ask()
    worker = radiology.worker()
    assert worker.work()
    assert worker.work()
    key = radiology.job(first).blob_key
    for export_id, is_there in ((first, True), (second, False)):
        with radiology.export.transaction() as tx:
            consumers.delete_export(ExportDeletionRequested(export_id=export_id), tx, radiology.blobs)
        assert radiology.job(export_id) is None
        assert radiology.blobs.exists(key) is is_there


def test_a_request_that_comes_twice_is_one_job(radiology: Any) -> None:
    event = ExportRequested(
        export_id=uuid4(), listing="ct", query="", file_format="csv", requested_by="physicist"
    )
    message = Message("m", event.topic, datetime.now(UTC), 1, None)
    for _ in range(2):
        with radiology.export.transaction() as tx:
            consumers.queue_export(event, tx, message, threading.Event())
    worker = radiology.worker()
    assert worker.work()
    assert not worker.work()
