"""STOW-RS, the watched folder and `dosebus import`, on the whole service with its bus."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from pydantic import SecretStr

from dosebus.bus.local import LocalBus
from dosebus.bus.message import Delivery, Done, Outcome, Queue
from dosebus.dicom.part10 import encode_file_meta
from dosebus.events.envelope import Envelope
from dosebus.events.ingest import ObjectStored
from dosebus.runtime.host import Host
from dosebus.store.engine import driver_url
from dosebus_ingest.cli import import_
from dosebus_ingest.service import SERVICE
from dosebus_ingest.settings import IngestSettings
from tests.fixtures.network import free_port
from tests.integration.ground.waiting import eventually
from tests.load.raw_storage import DOSE_SR, EXPLICIT_LITTLE, RawAssociation, data_set

TOKEN = "a-token-for-the-test"
BOUNDARY = "edge-of-the-test"


def dicom_file(uid: str, study: str | None = "1.2.9", size: int = 2000) -> bytes:
    return encode_file_meta(DOSE_SR, uid, EXPLICIT_LITTLE) + data_set(uid, study, size)


@dataclass
class Door:
    """A running service ingest."""

    host: Host
    database_url: str
    folder: Path
    stored: list[ObjectStored]
    traceparents: dict[str, str | None]
    dicom_port: int

    def rows(self, uid: str) -> list[Any]:
        statement = sa.text("SELECT * FROM ingest.object WHERE sop_instance_uid = :uid ORDER BY object_id")
        engine = sa.create_engine(driver_url(self.database_url))
        with engine.connect() as connection:
            found = list(connection.execute(statement, {"uid": uid}).all())
        engine.dispose()
        return found

    def stow(
        self, *parts: bytes, path: str = "/studies", token: str = TOKEN, kind: str = "application/dicom"
    ) -> httpx.Response:
        body = b"".join(
            b"--%b\r\nContent-Type: %b\r\n\r\n%b\r\n" % (BOUNDARY.encode(), kind.encode(), part)
            for part in parts
        )
        return httpx.post(
            f"http://127.0.0.1:{self.host.http_port}{path}",
            content=body + b"--%b--\r\n" % BOUNDARY.encode(),
            headers={
                "Content-Type": f'multipart/related; type="application/dicom"; boundary={BOUNDARY}',
                "Authorization": f"Bearer {token}",
            },
            timeout=30,
        )

    def event(self, uid: str, seconds: float = 120.0) -> ObjectStored:
        """The event of an object, once the bus has delivered it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for event in self.stored:
                if event.sop_instance_uid == uid:
                    return event
            time.sleep(0.02)
        raise AssertionError(f"no event about {uid}")


@pytest.fixture(scope="module")
def door(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("ingest")
    settings = IngestSettings(
        database_url=postgres_url,
        bus_url="local:",
        blobs_url=(folder / "blobs").as_uri(),
        dicom_port=free_port(),
        http_port=0,
        min_free_bytes=0,
        stow_token=SecretStr(TOKEN),
        watch_folder=folder / "watched",
        watch_seconds=0.1,
        log_format="console",
        trace_file=folder / "spans.jsonl",
    )
    stored: list[ObjectStored] = []
    traceparents: dict[str, str | None] = {}

    def note(delivery: Delivery) -> Outcome:
        envelope = Envelope.parse(delivery.body)
        event = envelope.event()
        assert isinstance(event, ObjectStored)
        traceparents[event.sop_instance_uid] = envelope.traceparent
        stored.append(event)
        return Done()

    bus = LocalBus(postgres_url, role="dosebus_extract", name="test")
    queue = Queue("test", "note", (ObjectStored.topic,))
    bus.declare([queue])
    bus.consume(queue, note)
    host = Host((SERVICE,), {"ingest": settings})
    host.start()
    yield Door(host, postgres_url, folder, stored, traceparents, settings.dicom_port)
    host.stop()
    bus.close()


def test_stow_answers_what_was_stored(door: Door) -> None:
    uids = [f"2.25.{uuid4().int}" for _ in range(2)]
    answer = door.stow(*(dicom_file(uid) for uid in uids))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/dicom+json")
    items = answer.json()["00081199"]["Value"]
    assert [item["00081155"]["Value"] for item in items] == [[uid] for uid in uids]
    assert {item["00081150"]["Value"][0] for item in items} == {DOSE_SR}
    event = door.event(uids[0])
    assert event.door == "stow"
    assert event.study_instance_uid == "1.2.9"


def test_one_object_through_two_doors_is_one(door: Door) -> None:
    uid = f"2.25.{uuid4().int}"
    association = RawAssociation.open(door.dicom_port)
    assert association.store(uid, data_set(uid, "1.2.9", 300_000)) == 0x0000
    association.release()
    assert door.stow(dicom_file(uid, size=300_000)).status_code == 200
    assert [(row.status, row.door) for row in door.rows(uid)] == [
        ("stored", "c-store"),
        ("duplicate", "stow"),
    ]


def test_the_study_of_the_path_is_kept_to(door: Door) -> None:
    mine, other = (f"2.25.{uuid4().int}" for _ in range(2))
    answer = door.stow(
        dicom_file(mine, "1.2.77"), dicom_file(other, "1.2.78"), path="/dicom-web/studies/1.2.77"
    )
    assert answer.status_code == 202
    failed = answer.json()["00081198"]["Value"]
    assert [(item["00081155"]["Value"][0], item["00081197"]["Value"][0]) for item in failed] == [
        (other, 0xA900)
    ]
    assert len(door.rows(mine)) == 1
    assert door.rows(other) == []


def test_what_is_no_dicom_is_told_and_kept_for_the_failed_objects(door: Door) -> None:
    noise = uuid4().bytes * 50
    answer = door.stow(noise)
    assert answer.status_code == 409
    assert answer.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0xC000]
    assert any(row.size_bytes == len(noise) for row in door.rows(""))


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "application/dicom"}, b"x", 415),
        ({"Content-Type": 'multipart/related; type="application/dicom+xml"; boundary=b'}, b"x", 415),
        ({"Content-Type": "multipart/related; boundary=b"}, b"--b\r\nno end", 400),
        ({"Content-Type": "multipart/related; boundary=b"}, b"--b--", 400),
        ({"Content-Type": "multipart/related; boundary=b", "Authorization": "Bearer wrong"}, b"", 401),
        ({"Content-Type": "multipart/related; boundary=b", "Authorization": ""}, b"", 401),
    ],
)
def test_bad_requests_are_refused(door: Door, headers: dict[str, str], body: bytes, status: int) -> None:
    given = {"Authorization": f"Bearer {TOKEN}"} | headers
    answer = httpx.post(
        f"http://127.0.0.1:{door.host.http_port}/studies", content=body, headers=given, timeout=60
    )
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_the_watched_folder_is_emptied(door: Door) -> None:
    uid = f"2.25.{uuid4().int}"
    folder = door.folder / "watched" / "deeper"
    folder.mkdir(exist_ok=True)
    (folder / "one.dcm").write_bytes(dicom_file(uid))
    (folder / ".hidden").write_bytes(b"stays")
    assert door.event(uid).door == "folder"
    deadline = time.monotonic() + 120
    while (folder / "one.dcm").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [path.name for path in folder.iterdir()] == [".hidden"]


def test_import_takes_files_and_folders(door: Door, tmp_path: Path) -> None:
    uids = [f"2.25.{uuid4().int}" for _ in range(2)]
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "one").write_bytes(dicom_file(uids[0]))
    (tmp_path / "two").write_bytes(dicom_file(uids[1]))
    place = ["--database-url", door.database_url, "--blobs-url", (door.folder / "blobs").as_uri()]
    done = CliRunner().invoke(import_, [str(tmp_path), *place])
    assert done.exit_code == 0, done.output
    assert "2 stored" in done.output
    assert door.event(uids[0]).door == "import"
    again = CliRunner().invoke(import_, [str(tmp_path / "two"), *place])
    assert "1 duplicate" in again.output


def test_import_without_a_place_says_so(tmp_path: Path) -> None:
    file = tmp_path / "one"
    file.write_bytes(b"x")
    done = CliRunner().invoke(import_, [str(file), "--data", str(tmp_path)])
    assert done.exit_code == 2
    assert "no DoseBus was started" in done.output


def test_the_service_tells_how_it_is(door: Door) -> None:
    assert door.stow(dicom_file(f"2.25.{uuid4().int}")).status_code == 200

    def told(page: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{door.host.http_port}/{page}", timeout=60)

    assert eventually(lambda: told("readyz").status_code == 200), told("readyz").text
    metrics = told("metrics").text
    assert 'dosebus_objects_received_total{door="stow",status="stored"}' in metrics
    assert "dosebus_associations " in metrics


def test_the_trace_begins_at_the_door(door: Door) -> None:
    uid = f"2.25.{uuid4().int}"
    association = RawAssociation.open(door.dicom_port)
    association.store(uid, data_set(uid, "1.2.9", 500))
    association.release()
    door.event(uid)
    traceparent = door.traceparents[uid]
    assert traceparent is not None
    _version, trace_id, span_id, _flags = traceparent.split("-")
    # The span of the C-STORE is written when it ends, which is after its event was told.
    wanted = {trace_id, span_id, '"C-STORE"'}
    path = door.folder / "spans.jsonl"
    assert eventually(lambda: all(one in path.read_text(encoding="utf-8") for one in wanted))
