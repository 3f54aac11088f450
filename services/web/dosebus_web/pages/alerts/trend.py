"""The drawing of a patient's doses against a level, as numbers for an inline SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 640.0, 150.0
BAR = 9.0
EDGE = 12.0
"""Space left and right of the first and last study."""


@dataclass(frozen=True)
class Point:
    """A study: its own value, and the sum that ends with it (None where values do not add up)."""

    day: date
    value: float
    total: float | None
    at_most: bool = False
    """Whether its value is only a bound."""


@dataclass(frozen=True)
class Trend:
    """Where everything lies; y grows downwards."""

    bars: tuple[tuple[float, float, float, bool], ...]
    """Left, top and height of each study's own value, and whether that is only a bound."""
    path: str
    """The line of the running sum; empty where there is none."""
    dots: tuple[tuple[float, float], ...]
    level_y: float
    width: float = WIDTH
    height: float = HEIGHT
    bar_width: float = BAR


def trend(points: Sequence[Point], level: float) -> Trend:
    """The drawing of points in the order of their days; the level always lies inside."""
    top = max([level, *(point.value for point in points), *(point.total or 0.0 for point in points)]) * 1.08
    first = min(point.day for point in points)
    span = max((max(point.day for point in points) - first).days, 1)

    def x(day: date) -> float:
        if len(points) == 1:
            return WIDTH / 2
        return round(EDGE + (WIDTH - 2 * EDGE) * (day - first).days / span, 1)

    def y(value: float) -> float:
        return round(HEIGHT * (1 - value / top), 1)

    sums = [(x(point.day), y(point.total)) for point in points if point.total is not None]
    steps = [f"M{sums[0][0]} {sums[0][1]}"] if sums else []
    steps.extend(f"H{across} V{down}" for across, down in sums[1:])
    return Trend(
        bars=tuple(
            (
                round(x(point.day) - BAR / 2, 1),
                y(point.value),
                round(HEIGHT - y(point.value), 1),
                point.at_most,
            )
            for point in points
        ),
        path=" ".join(steps),
        dots=tuple(sums),
        level_y=y(level),
    )
