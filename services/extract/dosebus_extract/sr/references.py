"""Content items that stand by reference (PS3.3 C.17.3.2.5): what they name is told where they stand."""

from __future__ import annotations

from struct import unpack
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from dosebus_extract.sr.tree import Node

Reference: TypeAlias = "tuple[Node, Node, tuple[int, ...]]"
"""The item that refers, its placeholder among the children, and the positions that lead to the target."""

_MOST_ITEMS: Final = 10_000
"""Items that are told again at most: references to references would else make a small object endless."""


def positions(raw: bytes) -> tuple[int, ...]:
    """A Referenced Content Item Identifier: positions from 1, the root's own first."""
    whole = len(raw) // 4
    return unpack(f"<{whole}I", raw[: whole * 4])


def settle(root: Node, references: list[Reference]) -> None:
    """Put the named items in the place of their placeholders; what leads nowhere, or round, is dropped."""
    placeholders = {id(placeholder) for _holder, placeholder, _path in references}
    found = [_at(root, path) for _holder, _placeholder, path in references]
    plain = [[one for one in node.children if id(one) not in placeholders] if node else [] for node in found]
    left = _MOST_ITEMS
    for (holder, placeholder, _path), target, children in zip(references, found, plain, strict=True):
        told = [target, *_below(children, left)] if target is not None else []
        usable = id(target) not in placeholders and len(told) < left
        if target is not None and usable and all(one is not holder for one in told):
            left -= len(told)
            placeholder.stand_for(target, children)
        else:
            holder.children = [one for one in holder.children if one is not placeholder]


def _below(children: list[Node], most: int) -> list[Node]:
    """The items and what stands below them, up to so many."""
    found = list(children)
    for node in found:
        if len(found) > most:
            break
        found.extend(node.children)
    return found


def _at(root: Node, path: tuple[int, ...]) -> Node | None:
    node = root
    for position in path[1:]:
        if not 0 < position <= len(node.children):
            return None
        node = node.children[position - 1]
    return node if path[:1] == (1,) else None
