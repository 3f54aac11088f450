"""A benchmark's line says what was measured and whether it suffices."""

from __future__ import annotations

import pytest

from tests.load.measurement import Measurement, typical_pair


@pytest.mark.parametrize(
    ("ours", "limit", "at_most", "verdict"),
    [
        (1.0, 0.25, True, "ok"),
        (3.0, 0.25, True, "short"),
        (8.0, 0.8, False, "ok"),
        (7.0, 0.8, False, "short"),
    ],
)
def test_the_verdict_follows_from_ratio_and_limit(
    ours: float, limit: float, at_most: bool, verdict: str
) -> None:
    measured = Measurement("1", "read", ours, 10.0, "pydicom", "ms", limit, at_most)
    assert measured.verdict == verdict
    assert measured.record()["ratio"] == pytest.approx(ours / 10)
    assert measured.line().endswith(verdict)


def test_one_bad_turn_does_not_decide() -> None:
    assert typical_pair([(1.0, 10.0), (8.0, 10.0), (90.0, 100.0)]) == (8.0, 10.0)
    assert typical_pair([(9.0, 10.0), (8.0, 10.0)]) == (8.0, 10.0)
