"""Target 1: CPU of reading a dose SR into its record, against a pydicom read and walk of the same file.

Every file is first read by both sides, and their content trees must be the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pydicom

from dosebus_extract.read import Ignored, Rejected, read_object
from dosebus_extract.sr.reader import read_dicom
from dosebus_extract.sr.tree import content_tree
from tests.load.measurement import Measurement, median_cpu_seconds
from tests.unit.extract.pydicom_oracle import oracle, ours

SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "objects"
STRUCTURED = "1.2.840.10008.5.1.4.1.1.88."
LIMIT = 0.25


def reports() -> Iterator[tuple[str, bytes]]:
    """Real dose reports where they are, else generated ones."""
    if SAMPLES.is_dir():
        for path in sorted(SAMPLES.glob("*.dcm")):
            header = pydicom.dcmread(path, specific_tags=["SOPClassUID"], stop_before_pixels=True)
            if str(header.SOPClassUID).startswith(STRUCTURED):
                yield path.stem, path.read_bytes()
        return
    from dosebus_simulator.bench import bench_reports

    yield from bench_reports()


def walk(data: bytes) -> int:
    """Read with pydicom and touch every element, as a reader built on it must."""
    return sum(1 for _ in pydicom.dcmread(BytesIO(data)).iterall())


def read(data: bytes) -> None:
    """Read the record; an object without dose is refused, which is also an answer."""
    try:
        read_object(data)
    except (Ignored, Rejected):
        return


def measure() -> Iterator[Measurement]:
    """One measurement a report. Raises AssertionError where the two sides read different contents."""
    for name, data in reports():
        if ours(content_tree(read_dicom(data).header)) != oracle(data):
            raise AssertionError(f"{name}: the direct reader and pydicom read different contents")
        runs = 1 if len(data) > 1_000_000 else 7
        mine = median_cpu_seconds(lambda data=data: read(data), runs)  # type: ignore[misc]
        other = median_cpu_seconds(lambda data=data: walk(data), runs)  # type: ignore[misc]
        yield Measurement(
            "1", f"read {name}", mine * 1000, other * 1000, "pydicom", "ms CPU", LIMIT, at_most=True
        )
