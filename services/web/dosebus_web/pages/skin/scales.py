"""Colour scales for doses: steps of even lightness (OKLab), with straight lines between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dosebus_web.language import marked


@dataclass(frozen=True, slots=True)
class Scale:
    """Colours from the lowest to the highest dose, as #rrggbb."""

    key: str
    label: str
    colours: tuple[str, ...]


SCALES: Final = (
    Scale(
        "dusk",
        marked("Blue to yellow"),
        ("#131d5d", "#2a3864", "#455069", "#63686c", "#82806d", "#a2986a", "#c4b064", "#e6c958", "#ffe482"),
    ),
    Scale(
        "lagoon",
        marked("Violet to green to yellow"),
        ("#370151", "#362281", "#14499e", "#066e99", "#008d9f", "#04ad9f", "#3fcc8e", "#9edf78", "#ebed6d"),
    ),
    Scale(
        "hot",
        marked("Black to red to yellow"),
        ("#2a0003", "#500900", "#702800", "#904701", "#ae6702", "#ca8907", "#e4ae0c", "#fad60a", "#fffeb3"),
    ),
    Scale("grey", marked("Grey"), ("#101010", "#ffffff")),
)
"""The first one is used until another is chosen. It runs along blue and yellow, which people of any colour vision
tell apart."""

Colour = tuple[int, int, int]


def channels(colour: str) -> Colour:
    """Red, green and blue of #rrggbb."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def steps(scale: Scale, count: int) -> list[Colour]:
    """A scale in `count` colours."""
    stops = [channels(one) for one in scale.colours]
    found = []
    for number in range(count):
        place = number / (count - 1) * (len(stops) - 1)
        first = min(int(place), len(stops) - 2)
        share = place - first
        low, high = stops[first], stops[first + 1]
        red, green, blue = (round(a + (b - a) * share) for a, b in zip(low, high, strict=True))
        found.append((red, green, blue))
    return found
