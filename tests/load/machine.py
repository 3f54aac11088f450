"""How fast this machine is now, against the quiet one on which the reference was measured.

There a pydicom read and walk of a fluoroscopy report with 326 content items took 52 ms of CPU. A generated report
stands for it where the real one is not at hand, by the CPU time per content item (163 us).
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
RUNS = 7


def slowness() -> float:
    """CPU time of the walk now over that of then: 1 on the quiet machine, 2 where everything takes twice as long."""
    data = _report()
    taken = []
    for _ in range(RUNS):
        began = thread_time()
        items = sum(1 for _ in walk(pydicom.dcmread(BytesIO(data))))
        taken.append((thread_time() - began) / items)
    return median(taken) / QUIET_ITEM_S


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
