"""`make bench`: measure DoseBus against the targets, both sides in one run.

Prints a line a target (its number, both measured sides, the ratio, the limit, `ok` or `short`) and writes the same to
build/bench.json. `python -m tests.load.bench 1 5` measures the named targets only.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path

from tests.load.measurement import Measurement

TARGETS: dict[str, str] = {
    "0": "tests.load.bench_extract",
    "1": "tests.load.bench_read",
    "2": "tests.load.bench_intake",
    "4": "tests.load.bench_bus",
    "5": "tests.load.bench_store",
    "6": "tests.load.bench_latency",
    "8": "tests.load.bench_export",
    "9": "tests.load.bench_skin",
}
REPORT = Path("build/bench.json")


def main(arguments: list[str]) -> int:
    """Measure the targets named (all without names); 0 when all are ok."""
    measured: list[Measurement] = []
    for number in arguments or TARGETS:
        measure: Callable[[], Iterable[Measurement]] = import_module(TARGETS[number]).measure
        for measurement in measure():
            print(measurement.line(), flush=True)
            measured.append(measurement)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps([entry.record() for entry in measured], indent=1) + "\n", encoding="utf-8")
    return 0 if all(entry.verdict == "ok" for entry in measured) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
