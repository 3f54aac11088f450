"""Enhanced X-Ray Radiation Dose reports (PS3.16 TID 10040 to 10043, Supplement 214)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from dosebus.domain.study import Study
from dosebus_extract.kinds.ct import read_ct
from dosebus_extract.kinds.projection import read_projection
from dosebus_extract.sr.concepts import Reading
from dosebus_extract.sr.tree import Node

_ACCUMULATED, _SUMMARY, _DETAILS = "130500", "130501", "130505"
_EVENT_UID: Final = ("113769", "113853")
_CT_TELLING: Final = frozenset({"113820", "113830", "113838", "113813", "113829"})
_PARTICIPANTS: Final = frozenset({"113876", "113870"})
_WHOLE: Final = frozenset({"113771", "122505", "113831", "113900", "113908"})


def read_enhanced(root: Node, reading: Reading, study: Study) -> Study:
    """Told over again in the shape of TID 10001 or 10011, then read by their tables.

    The summary of an event and the details that bear its UID become one event.
    """
    is_ct = any(node.key in _CT_TELLING for node in root.below())
    plain = _renamed(root, "113701")
    plain.children = [child for child in root.children if child.key not in {_ACCUMULATED, _SUMMARY, _DETAILS}]
    details = _details_by_event(root)
    for node in root.all(_ACCUMULATED):
        plain.children.append(_flat(node, "113811" if is_ct else "113702", [node]))
    for node in root.all(_SUMMARY):
        told = [node, *details.pop(_uid(node), [])]
        plain.children.append(_flat(node, "113819" if is_ct else "113706", told))
    if is_ct:
        return study.model_copy(update={"ct_reports": (read_ct(plain, reading),)})
    return study.model_copy(update={"projection_reports": (read_projection(plain, reading),)})


def _uid(node: Node) -> str:
    return next((item.text for item in node.below() if item.key in _EVENT_UID and item.text), "")


def _details_by_event(root: Node) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for node in root.all(_DETAILS):
        found.setdefault(_uid(node), []).append(node)
    return found


def _renamed(node: Node, key: str) -> Node:
    copy = Node(None, node.value_type)
    copy.code = copy.key = key
    copy.scheme, copy.meaning, copy.template = "DCM", node.meaning, node.template
    return copy


def _flat(node: Node, key: str, told: Iterable[Node]) -> Node:
    """One container with the items of all, whatever groups they stood in."""
    copy = _renamed(node, key)
    for source in told:
        _gather(source, copy.children)
    return copy


def _gather(node: Node, into: list[Node]) -> None:
    for child in node.children:
        if child.value_type == "CONTAINER" and child.key not in _WHOLE | _PARTICIPANTS:
            _gather(child, into)
        else:
            if child.key == _EVENT_UID[1]:
                child.code = child.key = _EVENT_UID[0]
            into.append(child)
