"""Bad objects sent to a running DoseBus: each is set aside with its reason, and harms nothing else."""

from __future__ import annotations

import html
import random
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

import httpx
import pytest
from pydicom.uid import generate_uid

from dosebus_simulator.ct import make_ct
from dosebus_simulator.odd import make_truncated, make_without_study
from dosebus_simulator.simulated import SimulatedObject
from tests.fixtures.standalone import Standalone
from tests.load.raw_storage import DOSE_SR, RawAssociation, bare_data_set, data_set

pytestmark = [pytest.mark.services, pytest.mark.slow]

NUMBERS = count()
"""Of reports that are each another, and the same in each run."""
LARGE_BYTES = 200_000_000
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
SECONDS = 60.0
ALLOWED_GROWTH_KIB = 300 * 1024
"""Reading a report needs it once in memory; a second copy of a 200 MB one would pass this."""


def uid() -> str:
    """A new SOP Instance UID."""
    return str(generate_uid(prefix=None))


def store(
    standalone: Standalone, sop_instance_uid: str, encoded: bytes, sop_class_uid: str = DOSE_SR
) -> None:
    """Send by C-STORE; what is whole on the wire is taken, whatever it is."""
    association = RawAssociation.open(standalone.dicom_port, sop_class_uid=sop_class_uid, nodelay=True)
    assert association.store(sop_instance_uid, encoded, sop_class_uid=sop_class_uid) == 0
    association.release()


def store_good_report(standalone: Standalone, browser: httpx.Client) -> None:
    """Send a good report and wait until its study can be seen."""
    made: SimulatedObject = make_ct("good", next(NUMBERS)).objects[0]
    store(standalone, made.sop_instance_uid, bare_data_set(made.encoded()))
    place = f"/study/{made.study_instance_uid}"
    wait_for(lambda: browser.get(place).status_code == 303, "the good report is not recorded")


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Raise TimeoutError when the condition does not come true in time."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.1)
    raise TimeoutError(what)


def reason_for(browser: httpx.Client, sop_instance_uid: str) -> str:
    """The row of an object on the page of what was set aside, as text."""

    def row() -> str | None:
        page = browser.get("/objects/rows").raise_for_status().text
        rows = [part for part in page.split("<tr ") if f">{sop_instance_uid}<" in part]
        return html.unescape(re.sub(r"<[^>]+>", " ", rows[0])) if rows else None

    wait_for(lambda: row() is not None, f"{sop_instance_uid} is not on the page")
    return row() or ""


@contextmanager
def peak_kib(standalone: Standalone) -> Iterator[list[int]]:
    """Growth of the process's resident memory while the block runs, as the list's only entry at its end."""
    before, peak, done = standalone.resident_kib(), [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            peak[0] = max(peak[0], standalone.resident_kib() - before)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    yield peak
    done.set()
    watcher.join()


@pytest.fixture
def browser(standalone: Standalone) -> Iterator[httpx.Client]:
    """An administrator's browser; a good report goes through after whatever the test did."""
    client = standalone.signed_in()
    yield client
    store_good_report(standalone, client)
    assert client.get("/readyz").status_code == 200
    client.close()


def truncated() -> tuple[str, bytes]:
    made = make_truncated("bad").objects[0]
    return made.sop_instance_uid, bare_data_set(made.encoded())


def noise() -> tuple[str, bytes]:
    return uid(), random.Random(7).randbytes(50_000)


def without_study() -> tuple[str, bytes]:
    made = make_without_study("bad").objects[0]
    return made.sop_instance_uid, bare_data_set(made.encoded())


def without_data_set() -> tuple[str, bytes]:
    return uid(), b"\x08\x00"


@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        pytest.param(truncated, "unreadable", r"\bbyte \d+", id="truncated file"),
        pytest.param(noise, "no_sop_instance", "no SOP Class UID", id="random file"),
        pytest.param(without_study, "no_study_instance_uid", "no Study Instance UID", id="no study"),
        pytest.param(without_data_set, "unreadable", r"\bbyte \d+", id="two bytes"),
    ],
)
def test_a_bad_object_is_rejected_with_its_reason(
    standalone: Standalone,
    browser: httpx.Client,
    make: Callable[[], tuple[str, bytes]],
    code: str,
    words: str,
) -> None:
    sop_instance_uid, encoded = make()
    store(standalone, sop_instance_uid, encoded)
    told = reason_for(browser, sop_instance_uid)
    assert " rejected " in told
    assert code in told
    assert re.search(words, told), told


def test_empty_and_broken_associations_leave_nothing(standalone: Standalone, browser: httpx.Client) -> None:
    before = browser.get("/objects/rows").text.count("<tr ")
    RawAssociation.open(standalone.dicom_port).release()
    RawAssociation.open(standalone.dicom_port).connection.close()
    socket.create_connection(("127.0.0.1", standalone.dicom_port)).close()
    with socket.create_connection(("127.0.0.1", standalone.dicom_port)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert browser.get("/objects/rows").text.count("<tr ") == before


@pytest.mark.parametrize(
    ("sop_class_uid", "outcome", "code"),
    [
        pytest.param(DOSE_SR, "rejected", "not_a_dose_report", id="report"),
        pytest.param(SECONDARY_CAPTURE, "ignored", "sop_class_not_read", id="image"),
    ],
)
def test_an_object_of_200_mb_is_set_aside_in_bounded_memory(
    standalone: Standalone, browser: httpx.Client, sop_class_uid: str, outcome: str, code: str
) -> None:
    sop_instance_uid = uid()
    encoded = data_set(sop_instance_uid, uid(), LARGE_BYTES, sop_class_uid)
    store_good_report(standalone, browser)
    with peak_kib(standalone) as growth:
        store(standalone, sop_instance_uid, encoded, sop_class_uid)
        told = reason_for(browser, sop_instance_uid)
    assert f" {outcome} " in told
    assert code in told
    assert growth[0] < ALLOWED_GROWTH_KIB
