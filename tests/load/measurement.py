"""One target's two sides, measured in one run, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from time import perf_counter, process_time, thread_time


@dataclass(frozen=True, slots=True)
class Measurement:
    """`ours` against `other`, both in `unit`. `limit` bounds `ratio` (ours / other) from above or below."""

    target: str
    what: str
    ours: float
    other: float
    other_is: str
    unit: str
    limit: float
    at_most: bool

    @property
    def ratio(self) -> float:
        """Ours divided by the other side."""
        return self.ours / self.other if self.other else float("inf")

    @property
    def verdict(self) -> str:
        """`ok` where the ratio keeps the limit, else `short`."""
        kept = self.ratio <= self.limit if self.at_most else self.ratio >= self.limit
        return "ok" if kept else "short"

    def line(self) -> str:
        """One printed line: target, both sides, ratio, limit, verdict."""
        sign = "<=" if self.at_most else ">="
        return (
            f"target {self.target:<4} {self.what:<58} ours {self.ours:>10.4g} {self.unit:<9} "
            f"{self.other_is} {self.other:>10.4g} {self.unit:<9} "
            f"ratio {self.ratio:>8.3f} {sign} {self.limit:<6g} {self.verdict}"
        )

    def record(self) -> dict[str, object]:
        """The same as data."""
        return {**asdict(self), "ratio": self.ratio, "verdict": self.verdict}


def typical_pair(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Of pairs measured in turns, the one whose ratio is the (lower) median: a mood of the machine that falls on
    one turn does not decide."""
    ordered = sorted(pairs, key=lambda pair: pair[0] / pair[1])
    return ordered[(len(ordered) - 1) // 2]


def median_cpu_seconds(work: Callable[[], object], runs: int = 5) -> float:
    """Median CPU seconds of this thread for one call, after a warm-up."""
    return _median(work, runs, thread_time)


def median_process_cpu_seconds(work: Callable[[], object], runs: int = 5) -> float:
    """Median CPU seconds of the whole process for one call, after a warm-up."""
    return _median(work, runs, process_time)


def median_wall_seconds(work: Callable[[], object], runs: int = 5) -> float:
    """Median wall seconds for one call, after a warm-up."""
    return _median(work, runs, perf_counter)


def _median(work: Callable[[], object], runs: int, clock: Callable[[], float]) -> float:
    work()
    taken = []
    for _ in range(runs):
        start = clock()
        work()
        taken.append(clock() - start)
    return median(taken)
