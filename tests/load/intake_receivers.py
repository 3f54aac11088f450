"""The two receivers that target 2 compares, each to be run as a process of its own.

`python -m tests.load.intake_receivers bare|ours` prints its port and serves until its standard input ends.
Every `status` line on standard input is answered with CPU seconds and resident memory in KiB.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from pynetdicom import AE, AllStoragePresentationContexts, _config, evt

OUTBOX_QUEUE_TOPIC = "dicom.object.stored.v1"


@contextmanager
def bare(folder: Path) -> Iterator[int]:
    """pynetdicom as it comes, with a handler that writes, fsyncs and says yes."""
    _config.LOG_HANDLER_LEVEL = "none"

    def keep(event: evt.Event) -> int:
        path = folder / str(event.request.AffectedSOPInstanceUID)
        with path.open("wb") as file:
            file.write(event.encoded_dataset())
            file.flush()
            os.fsync(file.fileno())
        return 0x0000

    entity = AE()
    entity.maximum_associations = 200
    entity.maximum_pdu_size = 131_072
    entity.supported_contexts = AllStoragePresentationContexts
    handlers: list[Any] = [(evt.EVT_C_STORE, keep)]
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    yield server.socket.getsockname()[1]
    server.shutdown()


@contextmanager
def ours(folder: Path) -> Iterator[int]:
    """The intake of DoseBus with its database, blob store and the confirmed publish of every event."""
    import structlog

    from dosebus.blobs.files import FileBlobs
    from dosebus.bus.bus import open_bus
    from dosebus.bus.message import Queue
    from dosebus.bus.outbox import Relay
    from dosebus.store.engine import Database
    from dosebus_ingest.admit import Admission
    from dosebus_ingest.ledger import Ledger
    from dosebus_ingest.scp import StoreService, make_server
    from dosebus_ingest.settings import IngestSettings
    from dosebus_ingest.spool import open_spool

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    database_url = os.environ["DOSEBUS_DATABASE_URL"]
    database = Database(database_url, schema="ingest", service="ingest")
    bus_url = os.environ.get("DOSEBUS_BUS_URL", "local:")
    bus = open_bus(bus_url, database_url=database_url, role="dosebus_ingest")
    bus.declare([Queue("bench", "nobody", (OUTBOX_QUEUE_TOPIC,))])
    relay = Relay(database, bus)
    relay.start()
    settings = IngestSettings(dicom_port=0, min_free_bytes=0)
    blobs = FileBlobs(folder)
    spool = open_spool(blobs, None, max_object_bytes=settings.max_object_bytes, min_free_bytes=0)
    server = make_server(settings, StoreService(spool, Admission(blobs, Ledger(database), ())))
    server.start()
    yield server.port
    server.stop(1)
    relay.stop()
    bus.close()
    database.close()


def resident_kib() -> int:
    """Resident memory of this process."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def main(which: str) -> None:
    """Serve until standard input ends."""
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(dir=os.environ.get("DOSEBUS_BENCH_DIR")))
        )
        port = stack.enter_context({"bare": bare, "ours": ours}[which](folder))
        print(port, flush=True)
        for _line in sys.stdin:
            usage = resource.getrusage(resource.RUSAGE_SELF)
            print(usage.ru_utime + usage.ru_stime, resident_kib(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
