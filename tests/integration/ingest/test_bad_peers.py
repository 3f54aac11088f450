"""What peers do wrong: nothing of it harms anybody else."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from dosebus_ingest.spool import MEMORY_BYTES
from tests.integration.ingest.conftest import Intake, running_intake
from tests.load.raw_storage import RawAssociation, data_pdus, data_set, store_command

OUT_OF_RESOURCES = 0xA700


def eventually(condition: Callable[[], bool], seconds: float = 120.0) -> bool:
    """Whether a condition comes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def no_association_is_left(intake: Intake) -> bool:
    return eventually(lambda: not intake.server.active_associations)


def acceptors() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if "AcceptorThread" in thread.name}


def test_an_empty_association_and_a_probe_leave_nothing(intake: Intake) -> None:
    before = acceptors()
    RawAssociation.open(intake.port).release()
    for _ in range(20):
        socket.create_connection(("127.0.0.1", intake.port)).close()
    assert no_association_is_left(intake)
    assert eventually(lambda: acceptors() <= before)
    assert intake.rows() == []


def test_garbage_as_data_set_is_kept_for_the_reader_to_reject(intake: Intake) -> None:
    association = RawAssociation.open(intake.port)
    garbage = os.urandom(5000)
    assert association.store("1.2.3", garbage) == 0x0000
    association.release()
    (row,) = intake.rows()
    assert (row.sop_instance_uid, row.study_instance_uid) == ("1.2.3", None)
    assert intake.blobs.read(row.blob_key).endswith(garbage)
    assert len(intake.letters()) == 1


def test_a_report_without_study_is_kept(intake: Intake) -> None:
    association = RawAssociation.open(intake.port)
    assert association.store("1.2.3", data_set("1.2.3", None, 2000)) == 0x0000
    association.release()
    assert intake.rows()[0].study_instance_uid is None


def test_bytes_that_are_no_dicom_end_only_their_connection(intake: Intake) -> None:
    good = RawAssociation.open(intake.port)
    for noise in (os.urandom(2000), b"GET / HTTP/1.1\r\n\r\n", b"\x04\x00\xff\xff\xff\xff" + b"x" * 100):
        with socket.create_connection(("127.0.0.1", intake.port)) as connection:
            connection.sendall(noise)
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(60)
            while connection.recv(4096):
                pass
    assert good.store("1.2.3", data_set("1.2.3", "1.2", 1000)) == 0x0000
    good.release()
    assert no_association_is_left(intake)


@pytest.mark.parametrize("size", [50_000, 3 * MEMORY_BYTES])
def test_a_connection_lost_in_the_middle_leaves_nothing(intake: Intake, size: int) -> None:
    association = RawAssociation.open(intake.port)
    whole = data_pdus(1, store_command(1, "1.2.3"), 16_384) + data_pdus(
        0, data_set("1.2.3", "1.2", size), 16_384
    )
    association.connection.sendall(whole[: len(whole) // 2 + len(whole) // 4])
    association.connection.close()
    assert no_association_is_left(intake)
    assert intake.rows() == []
    assert list(intake.blobs.incoming.iterdir()) == []


def test_a_200_mb_object_is_kept(intake: Intake) -> None:
    association = RawAssociation.open(intake.port)
    assert association.store("1.2.3", data_set("1.2.3", "1.2", 200_000_000)) == 0x0000
    association.release()
    assert intake.rows()[0].size_bytes > 200_000_000


def test_beyond_the_limit_an_object_is_refused_and_the_next_is_taken(
    postgres_url: str, tmp_path: Path
) -> None:
    with running_intake(postgres_url, tmp_path / "blobs", max_object_bytes=2 * MEMORY_BYTES) as intake:
        association = RawAssociation.open(intake.port)
        assert association.store("1.2.3", data_set("1.2.3", "1.2", 5 * MEMORY_BYTES)) == OUT_OF_RESOURCES
        assert association.store("1.2.4", data_set("1.2.4", "1.2", 5000)) == 0x0000
        association.release()
        assert [row.sop_instance_uid for row in intake.rows()] == ["1.2.4"]
        assert list(intake.blobs.incoming.iterdir()) == []


def test_without_database_everything_is_refused_until_it_is_back(intake: Intake) -> None:
    association = RawAssociation.open(intake.port)
    with intake.database.transaction() as tx:
        tx.execute(sa.text("ALTER TABLE ingest.object RENAME TO away"))
    assert association.store("1.2.3", data_set("1.2.3", "1.2", 1000)) == OUT_OF_RESOURCES
    with intake.database.transaction() as tx:
        tx.execute(sa.text("ALTER TABLE ingest.away RENAME TO object"))
    assert association.store("1.2.3", data_set("1.2.3", "1.2", 1000)) == 0x0000
    association.release()
    assert len(intake.letters()) == 1


def test_without_room_for_blobs_everything_is_refused(intake: Intake) -> None:
    association = RawAssociation.open(intake.port)
    incoming = intake.blobs.incoming
    incoming.rename(incoming.with_name("away"))
    assert association.store("1.2.3", data_set("1.2.3", "1.2", 1000)) == OUT_OF_RESOURCES
    incoming.with_name("away").rename(incoming)
    assert association.store("1.2.3", data_set("1.2.3", "1.2", 1000)) == 0x0000
    association.release()


def test_idle_associations_are_aborted(postgres_url: str, tmp_path: Path) -> None:
    with running_intake(postgres_url, tmp_path / "blobs", network_timeout_seconds=2.0) as intake:
        association = RawAssociation.open(intake.port)
        assert no_association_is_left(intake)
        assert association.connection.recv(10)[:1] in (b"\x07", b"")
        association.connection.close()


def test_a_peer_that_stops_within_a_pdu_is_let_go(postgres_url: str, tmp_path: Path) -> None:
    with running_intake(postgres_url, tmp_path / "blobs", network_timeout_seconds=2.0) as intake:
        association = RawAssociation.open(intake.port)
        association.connection.sendall(b"\x04\x00\x00\x00\x10\x00half")
        assert no_association_is_left(intake)
        association.connection.close()


def test_a_connection_that_asks_for_nothing_is_closed(postgres_url: str, tmp_path: Path) -> None:
    with running_intake(postgres_url, tmp_path / "blobs", acse_timeout_seconds=1.0) as intake:
        with socket.create_connection(("127.0.0.1", intake.port), timeout=60) as connection:
            assert connection.recv(10) == b""
        assert no_association_is_left(intake)


def test_one_association_too_many_is_told_so(postgres_url: str, tmp_path: Path) -> None:
    with running_intake(postgres_url, tmp_path / "blobs", max_associations=3) as intake:
        held = [RawAssociation.open(intake.port) for _ in range(3)]
        with pytest.raises(ConnectionError, match="PDU type 3"):
            RawAssociation.open(intake.port)
        held.pop().release()
        assert eventually(lambda: len(intake.server.active_associations) < 3)
        held.append(RawAssociation.open(intake.port))
        for association in held:
            association.release()


def test_a_hundred_associations_at_once(intake: Intake) -> None:
    opened: list[RawAssociation] = []
    threads = [
        threading.Thread(target=lambda: opened.append(RawAssociation.open(intake.port))) for _ in range(100)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 100
    for number, association in enumerate(opened):
        assert association.store(f"1.2.{number}", data_set(f"1.2.{number}", "1.2", 500)) == 0x0000
        association.release()
    assert len(intake.rows()) == 100
