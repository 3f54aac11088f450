"""What extract reads from simulated objects is the simulator's truth: two independent tables of the same templates."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from dosebus_extract.merge import combine
from dosebus_extract.outcome import Ignored, Rejected
from dosebus_extract.read import read_object
from dosebus_simulator.kinds import make, makers
from dosebus_simulator.simulated import SimulatedStudy, expected_record
from dosebus_simulator.visit import REFERENCE_DAY

BROKEN = {"truncated", "random", "without-study", "non-dose"}
READABLE = sorted(makers().keys() - BROKEN)


def differences(expected: Any, found: Any, path: str = "") -> Iterator[str]:
    """Where the record that was read lacks or contradicts what is expected."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            yield from differences(
                value, found.get(key) if isinstance(found, dict) else None, f"{path}.{key}"
            )
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for number, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from differences(one, other, f"{path}[{number}]")
    elif isinstance(expected, float) and isinstance(found, (int, float)):
        if found != pytest.approx(expected, rel=1e-8):
            yield f"{path}: {expected} expected, {found} read"
    elif expected != found:
        yield f"{path}: {expected!r:.120} expected, {found!r:.120} read"


def read_back(made: SimulatedStudy) -> dict[str, Any]:
    contributions = [read_object(one.encoded()) for one in made.objects]
    return combine(contributions).model_dump(mode="json")


NEEDS_RECOGNITION = {"ge-dose-screen", "toshiba-dose-screen"}


@pytest.mark.parametrize("kind", READABLE)
@pytest.mark.parametrize("seed", [21])
def test_extract_reads_the_truth(kind: str, seed: int) -> None:
    if kind in NEEDS_RECOGNITION and shutil.which("tesseract") is None:
        pytest.skip("tesseract is not installed")
    made = make(kind, seed, day=REFERENCE_DAY)
    assert list(differences(expected_record(made), read_back(made))) == []


@pytest.mark.parametrize("kind", sorted(BROKEN))
def test_extract_records_nothing_of_what_is_broken(kind: str) -> None:
    (broken,) = make(kind, 21, day=REFERENCE_DAY).objects
    with pytest.raises((Ignored, Rejected)) as refused:
        read_object(broken.encoded())
    assert re.search(r"\w{3}", str(refused.value)), "a refusal says why"
