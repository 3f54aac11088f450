"""A vendor's oddity as a declared row: who, what is put right, why, and where it was seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from dosebus_extract.sr.header import Header
from dosebus_extract.sr.tree import Node

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class TreeQuirk:
    """An oddity of the content tree, put right in place before the tables read it."""

    name: str
    reason: str
    seen_in: str
    applies: Callable[[Node, Header], bool]
    correct: Callable[[Node], None]


@dataclass(frozen=True, slots=True)
class ReportQuirk(Generic[Part]):
    """An oddity of what was read, put right in a copy."""

    name: str
    reason: str
    seen_in: str
    applies: Callable[[Part], bool]
    correct: Callable[[Part], Part]


@dataclass(frozen=True, slots=True)
class HeaderQuirk(Generic[Part]):
    """A value that a maker's headers tell in another place or another unit."""

    name: str
    reason: str
    seen_in: str
    applies: Callable[[Header], bool]
    value: Callable[[Header], Part]


def told(header: Header, quirks: Iterable[HeaderQuirk[Part]]) -> Part | None:
    """What the first quirk that fits makes of the header; None where none fits."""
    return next((quirk.value(header) for quirk in quirks if quirk.applies(header)), None)


def straighten(root: Node, header: Header, quirks: Iterable[TreeQuirk]) -> None:
    """Apply every tree quirk that fits."""
    for quirk in quirks:
        if quirk.applies(root, header):
            quirk.correct(root)


def corrected(report: Part, quirks: Iterable[ReportQuirk[Part]]) -> Part:
    """The report with every quirk that fits put right."""
    for quirk in quirks:
        if quirk.applies(report):
            report = quirk.correct(report)
    return report
