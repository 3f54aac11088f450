"""Events that have no place on a map, put together by reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Unplaced:
    """Events with one reason: runs of their numbers, their dose area product and what they may have added at most."""

    reason: str
    runs: tuple[tuple[int, int], ...]
    count: int
    dap_gym2: float | None
    bound_gy: float | None


def unplaced(not_computed: Iterable[Mapping[str, Any]]) -> list[Unplaced]:
    """What stands in `skin_map.not_computed`, the reason of most events first; a whole study has no runs."""
    by_reason: dict[str, list[Mapping[str, Any]]] = {}
    for one in not_computed:
        by_reason.setdefault(one["reason"], []).append(one)
    found = [
        Unplaced(
            reason=reason,
            runs=runs(sorted(one["event"] for one in events if "event" in one)),
            count=sum(1 for one in events if "event" in one),
            dap_gym2=_sum([one.get("dap_gym2") for one in events], known_only=True),
            bound_gy=_sum([one.get("bound_gy") for one in events], known_only=False),
        )
        for reason, events in by_reason.items()
    ]
    return sorted(found, key=lambda one: -one.count)


def runs(numbers: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Rising numbers as first and last of what follows without a gap: 1 2 3 7 is (1, 3), (7, 7)."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = found[-1][0], number
        else:
            found.append((number, number))
    return tuple(found)


def _sum(values: Sequence[float | None], *, known_only: bool) -> float | None:
    """The sum; None where nothing is known, or where something is not unless `known_only`."""
    known = [value for value in values if value is not None]
    if not known or (len(known) < len(values) and not known_only):
        return None
    return sum(known)
