"""An embedded PostgreSQL that needs longer than its library waits."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator

import pytest

from dosebus_standalone import embedded
from dosebus_standalone.embedded import patiently


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "PAUSE_SECONDS", 0.0)


def starting(*faults: Exception) -> tuple[Callable[[], None], Iterator[Exception]]:
    """What fails so, one fault a call, and starts in the end; and the faults that are left."""
    left = iter(faults)

    def start() -> None:
        for fault in left:
            raise fault

    return start, left


def test_a_server_that_takes_long_is_waited_for() -> None:
    start, left = starting(
        subprocess.TimeoutExpired("pg_ctl", 10), AssertionError("starting"), AssertionError()
    )
    patiently(start)
    assert list(left) == []


def test_in_the_end_the_fault_is_told() -> None:
    start, _ = starting(subprocess.TimeoutExpired("pg_ctl", 10), AssertionError("starting"))
    with pytest.raises(subprocess.TimeoutExpired):
        patiently(start, seconds=-1)


def test_a_server_that_cannot_start_is_told_at_once() -> None:
    start, left = starting(subprocess.CalledProcessError(1, "pg_ctl"), AssertionError())
    with pytest.raises(subprocess.CalledProcessError):
        patiently(start)
    assert len(list(left)) == 1
