"""Concepts that devices send under a wrong code."""

from __future__ import annotations

from typing import Final

from dosebus_extract.quirks.quirk import TreeQuirk
from dosebus_extract.sr.header import Header
from dosebus_extract.sr.tree import Node


def _recode(parents: frozenset[str], wrong: str, meaning: str, right: str, seen_in: str) -> TreeQuirk:
    """The concept `meaning` under the code `wrong` gets the code `right` below these parents: the root or an event."""

    def below(root: Node) -> list[Node]:
        holders = [node for node in (root, *root.children) if node.key in parents]
        return [
            item
            for node in holders
            for item in node.all(wrong)
            if item.meaning.casefold() == meaning.casefold()
        ]

    def applies(root: Node, _header: Header) -> bool:
        return bool(below(root))

    def correct(root: Node) -> None:
        for item in below(root):
            item.code = item.key = right

    return TreeQuirk(
        f"{meaning} as {wrong}",
        f"“{meaning}” is {right} in PS3.16, the device sends {wrong}",
        seen_in,
        applies,
        correct,
    )


_ROOT: Final = frozenset({"113701"})
_EVENTS: Final = frozenset({"113706"})

TREE: Final = (
    _recode(_ROOT, "113745", "X-Ray Detector Data Available", "113945", "MG-RDSR-Hologic_2D"),
    _recode(_EVENTS, "113632", "Anode Target Material", "111632", "MG-RDSR-Giotto-DBT"),
    _recode(_ROOT, "113957", "Acquisition Device Type", "122142", ""),
)
