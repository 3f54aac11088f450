"""A real archive is asked, and sends its reports to our own storage SCP."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid4

from dosebus.events.qr import NodeEchoRequested, QueryRequested, RetrieveRequested
from tests.fixtures.network import free_port
from tests.fixtures.orthanc import Orthanc
from tests.integration.qr.conftest import CT_IMAGE, Hospital, dicom_object, wait_until

COMPREHENSIVE = "1.2.840.10008.5.1.4.1.1.88.33"


def fill(orthanc: Orthanc) -> None:
    """Studies of several sorts."""
    for image in ("1", "2"):
        orthanc.upload(dicom_object("1.1", "1.1.1", f"1.1.1.{image}", sop_class_uid=CT_IMAGE, modality="CT"))
    orthanc.upload(
        dicom_object("1.1", "1.1.9", "1.1.9.1", StudyDescription="Thorax", SeriesDescription="Dose")
    )
    orthanc.upload(dicom_object("1.1", "1.1.8", "1.1.8.1", sop_class_uid=COMPREHENSIVE))
    orthanc.upload(dicom_object("1.2", "1.2.1", "1.2.1.1", sop_class_uid=CT_IMAGE, modality="CT"))
    orthanc.upload(dicom_object("1.3", "1.3.9", "1.3.9.1", study_date="20250101"))
    orthanc.upload(
        dicom_object("1.4", "1.4.1", "1.4.1.1", sop_class_uid="1.2.840.10008.5.1.4.1.1.4", modality="MR")
    )
    orthanc.upload(dicom_object("1.5", "1.5.1", "1.5.1.1", sop_class_uid=CT_IMAGE, modality="CT"))
    orthanc.upload(dicom_object("1.5", "1.5.9", "1.5.9.1"))


def query(hospital: Hospital, node: int, *modalities: str) -> UUID:
    query_id = uuid4()
    hospital.command(
        QueryRequested(
            query_id=query_id,
            node_id=node,
            modalities=modalities or ("CT",),
            date_from=date(2026, 1, 1),
            date_to=date(2026, 1, 31),
            requested_by="somebody",
        )
    )
    return query_id


def retrieve(hospital: Hospital, query_id: UUID, *studies: str) -> UUID:
    retrieve_id = uuid4()
    hospital.command(
        RetrieveRequested(
            retrieve_id=retrieve_id,
            query_id=query_id,
            study_instance_uids=studies or None,
            requested_by="somebody",
        )
    )
    return retrieve_id


def test_from_the_query_to_our_own_door(hospital: Hospital, orthanc: Orthanc) -> None:
    fill(orthanc)
    orthanc.know("dosebus", "DOSEBUS", hospital.ingest_settings.dicom_port)
    query_id = query(hospital, hospital.add_node(orthanc.dicom_port))
    row = hospital.ended(query_id)
    assert (row.state, row.reason, row.done) == ("finished", None, 3)
    assert hospital.studies(query_id) == {
        "1.1": (True, "has_reports"),
        "1.2": (False, "no_reports"),
        "1.5": (True, "has_reports"),
    }
    reasons = {
        row.series_instance_uid: row.reason_code
        for row in hospital.rows("SELECT series.* FROM qr.series JOIN qr.study ON study.id = study_id")
    }
    assert reasons["1.1.1"] == "not_a_report"
    assert reasons["1.1.9"] == "report"
    assert reasons["1.1.8"] == "no_dose_report"
    (general,) = hospital.rows("SELECT * FROM qr.instance WHERE sop_instance_uid = '1.1.8.1'")
    assert general.reason_code == "better_report"

    retrieve_id = retrieve(hospital, query_id)
    row = hospital.ended(retrieve_id)
    assert (row.state, row.done, row.failed, row.total) == ("finished", 2, 0, 2)
    objects = hospital.rows("SELECT * FROM ingest.object ORDER BY sop_instance_uid")
    assert [row.sop_instance_uid for row in objects] == ["1.1.9.1", "1.5.9.1"]
    assert {row.calling_ae_title for row in objects} == {"ORTHANC"}

    again = hospital.ended(retrieve(hospital, query_id))
    assert (again.state, again.total) == ("finished", 0)


def test_what_is_held_is_not_wanted_again(hospital: Hospital, orthanc: Orthanc) -> None:
    fill(orthanc)
    hospital.execute(
        "INSERT INTO dose.object (object_id, sop_instance_uid, outcome, extractor_version, received_at, recorded_at)"
        " VALUES (:id, '1.5.9.1', 'recorded', 'test', now(), now())",
        id=uuid4(),
    )
    query_id = query(hospital, hospital.add_node(orthanc.dicom_port))
    hospital.ended(query_id)
    assert hospital.studies(query_id)["1.5"] == (False, "all_held")
    hospital.execute("DELETE FROM dose.object")


def test_only_the_chosen_studies_are_moved(hospital: Hospital, orthanc: Orthanc) -> None:
    fill(orthanc)
    orthanc.know("dosebus", "DOSEBUS", hospital.ingest_settings.dicom_port)
    query_id = query(hospital, hospital.add_node(orthanc.dicom_port))
    hospital.ended(query_id)
    row = hospital.ended(retrieve(hospital, query_id, "1.5"))
    assert (row.done, row.total) == (1, 1)
    assert [row.sop_instance_uid for row in hospital.rows("SELECT * FROM ingest.object")] == ["1.5.9.1"]


def test_an_archive_that_does_not_know_us_says_so(hospital: Hospital, orthanc: Orthanc) -> None:
    fill(orthanc)
    query_id = query(hospital, hospital.add_node(orthanc.dicom_port))
    hospital.ended(query_id)
    row = hospital.ended(retrieve(hospital, query_id))
    assert row.state in ("failed", "finished")
    assert row.done == 0
    failures = hospital.rows("SELECT failure FROM qr.series WHERE retrieval = 'failed'")
    assert failures
    assert all("C-MOVE" in row.failure or "AE title" in row.failure for row in failures)


def test_a_node_that_is_not_there_fails_the_query_with_a_reason(hospital: Hospital) -> None:
    row = hospital.ended(query(hospital, hospital.add_node(free_port())))
    assert row.state == "failed"
    assert "no connection" in row.reason


def test_an_unknown_node_fails_the_query(hospital: Hospital) -> None:
    row = hospital.ended(query(hospital, 999_999))
    assert row.state == "failed"
    assert "999999" in row.reason


def test_the_state_of_nodes_is_known(hospital: Hospital, orthanc: Orthanc) -> None:
    there = hospital.add_node(orthanc.dicom_port)
    gone = hospital.add_node(free_port())
    for node in (there, gone):
        hospital.command(NodeEchoRequested(node_id=node))
    assert wait_until(lambda: len(hospital.rows("SELECT * FROM qr.node_status")) == 2)
    states = {row.node_id: row for row in hospital.rows("SELECT * FROM qr.node_status")}
    assert states[there].state == "answering"
    assert states[there].round_trip_ms > 0
    assert states[gone].state == "unreachable"
    assert states[gone].reason
    orthanc.stop()
    hospital.command(NodeEchoRequested(node_id=there))
    assert wait_until(
        lambda: (
            hospital.rows("SELECT state FROM qr.node_status WHERE node_id = :id", id=there)[0].state
            == "unreachable"
        )
    )
    (row,) = hospital.rows("SELECT answered_at FROM qr.node_status WHERE node_id = :id", id=there)
    assert row.answered_at is not None
