"""Simulated and saved objects go to a real dcmtk receiver, and to one that fails and comes back."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydicom import dcmread
from pynetdicom import AE, AllStoragePresentationContexts, evt

from dosebus_simulator.cli import send, simulate
from tests.fixtures.network import free_port, wait_for_port

pytestmark = pytest.mark.services


@contextmanager
def dcmtk_receiver(folder: Path, *options: str) -> Iterator[int]:
    """A storescp of dcmtk that writes into a folder."""
    program = shutil.which("storescp")
    assert program, "dcmtk is not installed"
    port = free_port()
    process = subprocess.Popen([program, "--fork", "-od", str(folder), *options, str(port)])
    try:
        wait_for_port(port)
        yield port
    finally:
        process.terminate()
        process.wait(60)


def received(folder: Path) -> set[str]:
    return {str(dcmread(path, stop_before_pixels=True).SOPInstanceUID) for path in folder.iterdir()}


def test_dcmtk_stores_all_that_is_simulated(tmp_path: Path) -> None:
    folder, log = tmp_path / "received", tmp_path / "log.jsonl"
    folder.mkdir()
    options = ["--count", "24", "--associations", "3", "--seed", "11", "--log", str(log)]
    for kind in ("ct", "rf", "dx", "mg", "nm", "biplane"):
        options += ["--kind", kind]
    with dcmtk_receiver(folder) as port:
        result = CliRunner().invoke(simulate, ["--to", f"127.0.0.1:{port}", *options])
    assert result.exit_code == 0, result.output
    assert "24 studies: 24 objects acknowledged, 0 refused" in result.output
    logged = [json.loads(line) for line in log.read_text().splitlines()]
    assert {line["sop_instance_uid"] for line in logged} == received(folder)
    assert {line["kind"] for line in logged} == {"ct", "rf", "dx", "mg", "nm", "biplane"}
    assert all(line["study_instance_uid"] and line["status"] == "0x0000" for line in logged)


def test_files_and_folders_are_sent_as_they_are(tmp_path: Path) -> None:
    made, folder = tmp_path / "made", tmp_path / "received"
    folder.mkdir()
    runner = CliRunner()
    assert runner.invoke(simulate, ["--out", str(made), "--count", "4"]).exit_code == 0
    assert len(list(made.iterdir())) == 4
    with dcmtk_receiver(folder) as port:
        result = runner.invoke(send, ["--to", f"127.0.0.1:{port}", str(made)])
        assert result.exit_code == 0, result.output
        assert received(folder) == received(made)
        (made / "notes.txt").write_text("not DICOM")
        mixed = runner.invoke(send, ["--to", f"127.0.0.1:{port}", str(made)])
    assert mixed.exit_code == 1
    assert "4 stored, 1 failed" in mixed.output
    assert "notes.txt: not a DICOM file" in mixed.output


def test_nobody_listening_is_told_and_fails(tmp_path: Path) -> None:
    runner = CliRunner()
    result = runner.invoke(simulate, ["--to", f"127.0.0.1:{free_port()}", "--count", "2"])
    assert result.exit_code == 1
    assert "0 objects acknowledged, 2 refused" in result.output
    runner.invoke(simulate, ["--out", str(tmp_path / "made"), "--count", "1"])
    sent = runner.invoke(send, ["--to", f"127.0.0.1:{free_port()}", str(tmp_path / "made")])
    assert sent.exit_code == 1
    assert "does not listen" in sent.output
    assert runner.invoke(send, ["--to", "nonsense", str(tmp_path / "made")]).exit_code == 2


class Moody:
    """A receiver that answers 'out of resources', aborts, and only then accepts."""

    def __init__(self) -> None:
        self.stored: list[str] = []
        self._seen: dict[str, int] = {}
        self._lock = threading.Lock()

    def store(self, event: evt.Event) -> int:
        uid = str(event.request.AffectedSOPInstanceUID)
        with self._lock:
            self._seen[uid] = self._seen.get(uid, 0) + 1
            attempt = self._seen[uid]
            if attempt == 1:
                return 0xA700
            if attempt == 2 and len(self._seen) % 2:
                event.assoc.abort()
                return 0xC000
            self.stored.append(uid)
            return 0x0000


@contextmanager
def moody_receiver() -> Iterator[tuple[int, Moody]]:
    moody = Moody()
    entity = AE()
    entity.supported_contexts = AllStoragePresentationContexts
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, moody.store)])
    assert server is not None
    try:
        yield server.server_address[1], moody
    finally:
        server.shutdown()


def test_retry_sends_again_until_acknowledged(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    with moody_receiver() as (port, moody):
        result = CliRunner().invoke(
            simulate,
            [
                f"--to=127.0.0.1:{port}",
                "--kind=ct",
                "--count=6",
                "--associations=2",
                "--retry",
                f"--log={log}",
            ],
        )
    assert result.exit_code == 0, result.output
    assert "6 objects acknowledged, 0 refused" in result.output
    logged = [json.loads(line)["sop_instance_uid"] for line in log.read_text().splitlines()]
    assert sorted(logged) == sorted(moody.stored)
    assert len(set(logged)) == 6


def test_without_retry_a_refusal_is_counted_by_its_status() -> None:
    with moody_receiver() as (port, moody):
        result = CliRunner().invoke(simulate, ["--to", f"127.0.0.1:{port}", "--kind", "ct", "--count", "3"])
    assert result.exit_code == 1
    assert "3 refused" in result.output
    assert "3 x status 0xA700" in result.output
    assert moody.stored == []
