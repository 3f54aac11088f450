"""How fast this machine is now, against the quiet one on which the reference was measured.

Two CPU figures of pydicom are known from there: to read and walk a fluoroscopy report with 326 content items took
52 ms, and merely to read 97 KB of a report whose sequences have no lengths took 31 ms. The first depends on how the
walk looks at an item, and the walk that was timed is not kept; the second does not. Both are timed here, and the
smaller quotient counts, which flatters us less. A generated report stands for the real one where that is not at hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from statistics import median
from time import thread_time

import pydicom
from pydicom.dataset import Dataset

from dosebus_simulator.projection import make_rf

REPORT = Path(__file__).parents[3] / "shared" / "samples" / "objects" / "RF-RDSR-Siemens-Zee.dcm"
QUIET_ITEM_S = 0.052 / 326
QUIET_BYTE_S = 0.031 / 97_000
RUNS = 7


def slowness() -> float:
    """CPU time now over that of then: 1 on the quiet machine, 2 where everything takes twice as long."""
    data, open_ended = _report(), _without_lengths()
    walked, only_read = [], []
    for _ in range(RUNS):
        began = thread_time()
        items = sum(1 for _ in walk(pydicom.dcmread(BytesIO(data))))
        walked.append((thread_time() - began) / items)
        began = thread_time()
        pydicom.dcmread(BytesIO(open_ended))
        only_read.append((thread_time() - began) / len(open_ended))
    return min(median(walked) / QUIET_ITEM_S, median(only_read) / QUIET_BYTE_S)


def walk(item: Dataset) -> Iterator[Dataset]:
    """Every content item, after its name and value were looked at."""
    item.get("ValueType")
    for sequence in ("ConceptNameCodeSequence", "ConceptCodeSequence"):
        for code in item.get(sequence) or ():
            code.get("CodeValue"), code.get("CodeMeaning")
    for measured in item.get("MeasuredValueSequence") or ():
        measured.get("NumericValue")
        for unit in measured.get("MeasurementUnitsCodeSequence") or ():
            unit.get("CodeValue")
    for keyword in ("TextValue", "UID", "DateTime"):
        item.get(keyword)
    yield item
    for inner in item.get("ContentSequence") or ():
        yield from walk(inner)


@cache
def _report() -> bytes:
    return REPORT.read_bytes() if REPORT.is_file() else make_rf("machine", 1, events=8).objects[0].encoded()


@cache
def _without_lengths() -> bytes:
    """The same report with every sequence and item of undefined length."""
    report = pydicom.dcmread(BytesIO(_report()))
    _open(report)
    written = BytesIO()
    report.save_as(written)
    return written.getvalue()


def _open(data_set: Dataset) -> None:
    for element in data_set:
        if element.VR == "SQ":
            element.is_undefined_length = True
            for item in element.value:
                item.is_undefined_length_sequence_item = True
                _open(item)
