"""kill -9 of a service or of RabbitMQ loses nothing and repeats nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from dosebus.events.export import ExportCancelRequested
from dosebus.store.engine import Database
from dosebus.telemetry import traces
from tests.fixtures.network import free_port
from tests.fixtures.rabbit import RabbitNode
from tests.integration.ground.probe_service import MAKE_TABLES
from tests.integration.ground.waiting import eventually, ids

pytestmark = [pytest.mark.services, pytest.mark.slow]
ROOT = Path(__file__).parents[3]


class Process:
    """The probe service in a process of its own."""

    def __init__(self, database_url: str, bus_url: str, folder: Path) -> None:
        self.trace_file = folder / "traces.jsonl"
        self._log = folder / "log"
        self._environment = os.environ | {
            "DOSEBUS_DATABASE_URL": database_url,
            "DOSEBUS_BUS_URL": bus_url,
            "DOSEBUS_BLOBS_URL": f"file://{folder / 'blobs'}",
            "DOSEBUS_HTTP_PORT": str(free_port()),
            "DOSEBUS_TRACE_FILE": str(self.trace_file),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.ground.probe_service"],
                env=self._environment, cwd=ROOT, stdout=log, stderr=log,
            )  # fmt: skip

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def end(self) -> int:
        """SIGTERM, and the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=180)

    def log(self) -> str:
        return self._log.read_text()


@pytest.fixture
def tables(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True, options="-c role=dosebus_export") as connection:
        for statement in (*MAKE_TABLES, "TRUNCATE export.note, export.echo, export.outbox, export.inbox"):
            connection.execute(statement)


@pytest.fixture
def database(postgres_url: str, tables: None) -> Iterator[Database]:
    opened = Database(postgres_url, schema="export", service="export")
    yield opened
    opened.close()


def command(database: Database, count: int) -> list[UUID]:
    """Commit commands to the outbox, one transaction each."""
    wanted = [uuid4() for _ in range(count)]
    for one in wanted:
        with database.transaction() as tx:
            tx.publish(ExportCancelRequested(export_id=one))
    return wanted


def all_once(url: str, wanted: list[UUID]) -> bool:
    expected = sorted(map(str, wanted))
    return ids(url, "note") == expected and ids(url, "echo") == expected


@pytest.mark.parametrize("kind", ["local", "amqp"])
def test_a_killed_service_handles_everything_once(
    kind: str, postgres_url: str, database: Database, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    bus_url = "local:" if kind == "local" else str(request.getfixturevalue("amqp_url"))
    process = Process(postgres_url, bus_url, tmp_path)
    wanted = []
    try:
        for moment in (2.0, 2.3, 2.7):
            process.start()
            wanted += command(database, 150)
            time.sleep(moment)
            process.kill()
        starts = process.log().count('"event": "started"') + 1
        process.start()
        assert eventually(lambda: all_once(postgres_url, wanted), 180), process.log()[-3000:]
        # One that was killed may have done all there was, and this one listens to signals only once it runs.
        assert eventually(lambda: process.log().count('"event": "started"') == starts, 180)
        assert process.end() == 0, process.log()[-3000:]
    finally:
        process.kill()
    assert all_once(postgres_url, wanted)


def test_a_killed_broker_loses_nothing(
    private_rabbit: RabbitNode, postgres_url: str, database: Database, tmp_path: Path
) -> None:
    process = Process(postgres_url, private_rabbit.url, tmp_path)
    process.start()
    try:
        wanted = command(database, 100)
        assert eventually(lambda: len(ids(postgres_url, "note")) > 0, 180), process.log()[-3000:]
        private_rabbit.kill()
        wanted += command(database, 100)
        private_rabbit.start()
        wanted += command(database, 100)
        assert eventually(lambda: all_once(postgres_url, wanted), 180), process.log()[-3000:]
        assert process.end() == 0
    finally:
        process.kill()


def test_one_trace_leads_from_the_command_to_the_last_handler(
    postgres_url: str, database: Database, tmp_path: Path
) -> None:
    trace_id = uuid4().hex
    process = Process(postgres_url, "local:", tmp_path)
    process.start()
    try:
        with traces.continued(f"00-{trace_id}-{'1' * 16}-01"):
            wanted = command(database, 1)
        assert eventually(lambda: all_once(postgres_url, wanted)), process.log()[-3000:]
    finally:
        process.end()
    spans = [json.loads(line) for line in process.trace_file.read_text().splitlines()]
    ours = {span["name"]: span for span in spans if span["trace_id"] == trace_id}
    assert set(ours) == {
        "publish export.cancel.requested.v1",
        "handle export.take_note",
        "publish export.cancelled.v1",
        "handle export.take_echo",
    }
    assert ours["handle export.take_echo"]["parent_id"] == ours["handle export.take_note"]["span_id"]
    assert str(wanted[0]) not in process.log()
