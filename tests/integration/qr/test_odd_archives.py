"""Archives with habits of their own, played by pynetdicom; jobs that are cancelled, cut off and begun again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE, evt

from dosebus.dicom.storage import VERIFICATION, XRAY_RADIATION_DOSE_SR
from dosebus.events.qr import QrCancelRequested, QueryRequested, RetrieveRequested
from dosebus_qr.peers import STUDY_ROOT_FIND, STUDY_ROOT_MOVE
from tests.integration.qr.conftest import Hospital, wait_until


@dataclass
class OddArchive:
    """An archive whose answers a test decides."""

    studies: list[Dataset]
    ignores_modality: bool = False
    limit: int | None = None
    pause: float = 0.0
    fails_after: int | None = None
    asked: list[Dataset] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    port: int = 0

    def find(self, event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        keys = event.identifier
        self.asked.append(keys)
        if self.fails_after is not None and len(self.asked) > self.fails_after:
            self.fails_after = None
            event.assoc.abort()
            return
        time.sleep(self.pause)
        if keys.QueryRetrieveLevel == "STUDY":
            found = [study for study in self.studies if self._matches(study, keys)]
            if self.limit is not None and len(found) > self.limit:
                yield 0xA700, None
                return
            for study in found:
                yield 0xFF00, study
        elif keys.QueryRetrieveLevel == "SERIES":
            yield 0xFF00, series(f"{keys.StudyInstanceUID}.9", "SR")
        else:
            answer = Dataset()
            answer.SOPInstanceUID = f"{keys.SeriesInstanceUID}.1"
            answer.SOPClassUID = XRAY_RADIATION_DOSE_SR
            yield 0xFF00, answer

    def move(self, event: evt.Event) -> Iterator[Any]:
        self.moved.append(str(event.identifier.SeriesInstanceUID))
        yield "127.0.0.1", 1
        yield 1
        time.sleep(self.pause)
        if event.is_cancelled:
            yield 0xFE00, None
            return
        yield 0xA702, None

    def _matches(self, study: Dataset, keys: Dataset) -> bool:
        begin, _dash, end = str(keys.StudyDate).partition("-")
        if not begin <= study.StudyDate <= (end or begin):
            return False
        asked = keys.ModalitiesInStudy
        told = study.get("ModalitiesInStudy") or []
        told = [told] if isinstance(told, str) else list(told)
        return self.ignores_modality or not asked or asked in told or not told


def study(uid: str, modalities: list[str] | None, day: str = "20260115") -> Dataset:
    answer = Dataset()
    answer.QueryRetrieveLevel = "STUDY"
    answer.StudyInstanceUID = uid
    answer.StudyDate = day
    if modalities is not None:
        answer.ModalitiesInStudy = modalities
    return answer


def series(uid: str, modality: str) -> Dataset:
    answer = Dataset()
    answer.QueryRetrieveLevel = "SERIES"
    answer.SeriesInstanceUID = uid
    answer.Modality = modality
    return answer


@contextmanager
def running(archive: OddArchive) -> Iterator[OddArchive]:
    entity = AE(ae_title="ODD")
    for uid in (VERIFICATION, STUDY_ROOT_FIND, STUDY_ROOT_MOVE):
        entity.add_supported_context(uid)
    handlers: list[Any] = [(evt.EVT_C_FIND, archive.find), (evt.EVT_C_MOVE, archive.move)]
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    archive.port = server.socket.getsockname()[1]
    yield archive
    server.shutdown()


def query(hospital: Hospital, archive: OddArchive, *modalities: str, end: date = date(2026, 1, 31)) -> UUID:
    query_id = uuid4()
    hospital.command(
        QueryRequested(
            query_id=query_id,
            node_id=hospital.add_node(archive.port, "ODD"),
            modalities=modalities,
            date_from=date(2026, 1, 1),
            date_to=end,
            requested_by="somebody",
        )
    )
    return query_id


def study_questions(archive: OddArchive) -> list[str]:
    return [str(keys.ModalitiesInStudy) for keys in archive.asked if keys.QueryRetrieveLevel == "STUDY"]


def test_a_node_that_ignores_modalities_is_asked_once(hospital: Hospital) -> None:
    everything = [study("1.1", ["CT", "SR"]), study("1.2", ["MR"]), study("1.3", ["XA", "SR"])]
    with running(OddArchive(everything, ignores_modality=True)) as archive:
        query_id = query(hospital, archive, "CT", "RF")
        assert hospital.ended(query_id).state == "finished"
        assert study_questions(archive) == ["CT"]
    assert hospital.studies(query_id) == {
        "1.1": (True, "has_reports"),
        "1.2": (False, "other_modality"),
        "1.3": (True, "has_reports"),
    }


def test_studies_told_twice_or_without_modalities_are_looked_into_once(hospital: Hospital) -> None:
    told = [study("1.1", None), study("1.1", None), study("1.2", ["CT", "SR"])]
    with running(OddArchive(told)) as archive:
        query_id = query(hospital, archive, "CT", "MG")
        assert hospital.ended(query_id).done == 2
        assert study_questions(archive) == ["CT", "MG"]
    assert set(hospital.studies(query_id).values()) == {(True, "has_reports")}


def test_an_archive_of_reports_alone_is_asked_for_reports(hospital: Hospital) -> None:
    with running(OddArchive([study("1.1", ["SR"])])) as archive:
        query_id = query(hospital, archive, "CT")
        hospital.ended(query_id)
        assert study_questions(archive) == ["CT", "SR"]
    assert hospital.studies(query_id) == {"1.1": (True, "has_reports")}


def test_too_many_answers_are_asked_for_in_halves(hospital: Hospital) -> None:
    month = [study(f"1.{day}", ["CT", "SR"], f"202601{day:02}") for day in range(1, 32)]
    with running(OddArchive(month, limit=5)) as archive:
        query_id = query(hospital, archive, "CT")
        row = hospital.ended(query_id)
    assert (row.state, row.done) == ("finished", 31)
    assert len(hospital.studies(query_id)) == 31


def test_too_many_answers_for_one_day_fail_with_a_reason(hospital: Hospital) -> None:
    day = [study(f"1.{number}", ["CT"], "20260101") for number in range(3)]
    with running(OddArchive(day, limit=1)) as archive:
        row = hospital.ended(query(hospital, archive, "CT", end=date(2026, 1, 1)))
    assert row.state == "failed"
    assert "one day" in row.reason


def test_a_query_goes_on_after_a_lost_association(hospital: Hospital) -> None:
    some = [study(f"1.{number}", ["CT", "SR"]) for number in range(5)]
    with running(OddArchive(some, fails_after=6)) as archive:
        query_id = query(hospital, archive, "CT")
        row = hospital.ended(query_id)
        looked = [keys.StudyInstanceUID for keys in archive.asked if keys.QueryRetrieveLevel == "SERIES"]
    assert (row.state, row.done) == ("finished", 5)
    assert len(hospital.studies(query_id)) == 5
    assert len(looked) <= 6


def test_a_query_is_cancelled(hospital: Hospital) -> None:
    many = [study(f"1.{number}", ["CT", "SR"]) for number in range(200)]
    with running(OddArchive(many, pause=0.05)) as archive:
        query_id = query(hospital, archive, "CT")
        assert wait_until(lambda: len(hospital.studies(query_id)) > 2)
        hospital.command(QrCancelRequested(job_id=query_id))
        row = hospital.ended(query_id)
    assert row.state == "cancelled"
    assert 2 < len(hospital.studies(query_id)) < 200


@pytest.mark.slow
def test_a_query_goes_on_after_a_restart_of_the_service(hospital: Hospital) -> None:
    some = [study(f"1.{number}", ["CT", "SR"]) for number in range(40)]
    with running(OddArchive(some, pause=0.1)) as archive:
        query_id = query(hospital, archive, "CT")
        assert wait_until(lambda: len(hospital.studies(query_id)) > 3)
        hospital.stop()
        before = len(hospital.studies(query_id))
        assert hospital.job(query_id).state == "running"
        assert before < 40
        archive.pause = 0.0
        hospital.start()
        row = hospital.ended(query_id)
    assert (row.state, row.done) == ("finished", 40)
    assert len(hospital.studies(query_id)) == 40


def test_a_move_that_fails_is_noted_at_its_series(hospital: Hospital) -> None:
    some = [study(f"1.{number}", ["CT", "SR"]) for number in range(3)]
    with running(OddArchive(some)) as archive:
        query_id = query(hospital, archive, "CT")
        hospital.ended(query_id)
        retrieve_id = uuid4()
        hospital.command(
            RetrieveRequested(
                retrieve_id=retrieve_id, query_id=query_id, study_instance_uids=None, requested_by="somebody"
            )
        )
        row = hospital.ended(retrieve_id)
    assert (row.state, row.done, row.failed, row.total) == ("finished", 0, 3, 3)
    failures = hospital.rows("SELECT retrieval, failure FROM qr.series")
    assert {failure.retrieval for failure in failures} == {"failed"}
    assert all(failure.failure for failure in failures)


def test_a_waiting_job_is_cancelled_at_once(hospital: Hospital) -> None:
    many = [study(f"1.{number}", ["CT", "SR"]) for number in range(100)]
    with running(OddArchive(many, pause=0.05)) as archive:
        first, second = query(hospital, archive, "CT"), query(hospital, archive, "CT")
        assert wait_until(lambda: hospital.job(second) is not None)
        hospital.command(QrCancelRequested(job_id=second))
        assert hospital.ended(second).state == "cancelled"
        hospital.command(QrCancelRequested(job_id=first))
        assert hospital.ended(first).state == "cancelled"
    assert threading.active_count() < 200
