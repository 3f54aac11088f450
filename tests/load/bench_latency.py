"""Target 6: from the last byte of a C-STORE to the study on the page, on an idle standalone DoseBus."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from statistics import median

import httpx

from dosebus_simulator.ct import make_ct
from tests.fixtures.standalone import Standalone, running_standalone
from tests.load.measurement import Measurement
from tests.load.raw_storage import RawAssociation, bare_data_set, data_pdus, store_command

STUDIES = 20
WARM_UP = 3
POLL_SECONDS = 0.01
REST_SECONDS = 0.3
GIVE_UP_SECONDS = 20.0
LIMIT_SECONDS = 0.5
PDU = 131_072
LIST = "/studies/ct/rows"


def measure() -> Iterator[Measurement]:
    """The median of single reports, each on a system at rest."""
    with running_standalone() as standalone:
        taken = latencies(standalone)
    yield Measurement(
        target="6",
        what=f"last byte of a C-STORE to the list page, median of {len(taken)}",
        ours=median(taken),
        other=LIMIT_SECONDS,
        other_is="limit",
        unit="s",
        limit=1.0,
        at_most=True,
    )


def latencies(standalone: Standalone) -> list[float]:
    """Seconds for one CT report after the other, each sent when the system rests."""
    taken = []
    numbers = count(1)
    with closing(standalone.signed_in()) as browser:
        association = RawAssociation.open(standalone.dicom_port, nodelay=True)
        for study in range(WARM_UP + STUDIES):
            made = make_ct("latency", study).objects[0]
            encoded = bare_data_set(made.encoded())
            request = store_command(next(numbers), made.sop_instance_uid)
            time.sleep(REST_SECONDS)
            association.connection.sendall(data_pdus(1, request, PDU) + data_pdus(0, encoded, PDU))
            sent = time.perf_counter()
            if status := association.answer():
                raise RuntimeError(f"object refused with {status:04X}")
            wait_for_studies(browser, study + 1)
            taken.append(time.perf_counter() - sent)
        association.release()
    return taken[WARM_UP:]


def wait_for_studies(browser: httpx.Client, number: int) -> None:
    """Read the list page again and again until it shows so many studies. Raises TimeoutError."""
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while time.monotonic() < deadline:
        if browser.get(LIST).raise_for_status().text.count("data-key=") >= number:
            return
        time.sleep(POLL_SECONDS)
    raise TimeoutError(f"the page does not show {number} studies")
