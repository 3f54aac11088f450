"""The content tree of a structured report (PS3.3 C.17.3), light and indexed by concept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dosebus.domain.base import Code
from dosebus_extract.sr.charset import Charset, charset_of, decode
from dosebus_extract.sr.encoding import CodeItems, Elements
from dosebus_extract.sr.header import Header
from dosebus_extract.sr.names import concept_named
from dosebus_extract.sr.references import Reference, positions, settle
from dosebus_extract.sr.stray_values import NUMERIC, stray_number, stray_text, value_type_of

_CHARSET: Final = 0x00080005
_CONCEPT_NAME, _CONTENT, _VALUE_TYPE = 0x0040A043, 0x0040A730, 0x0040A040
_CONCEPT_CODE, _MEASURED, _UNITS, _REFERENCED = 0x0040A168, 0x0040A300, 0x004008EA, 0x0040DB73
_TEMPLATE, _TEMPLATE_ID = 0x0040A504, 0x0040DB00
_TEXT_OF: Final = {
    "TEXT": 0x0040A160,
    "UIDREF": 0x0040A124,
    "PNAME": 0x0040A123,
    "DATETIME": 0x0040A120,
    "DATE": 0x0040A121,
    "TIME": 0x0040A122,
}
_VALUE_TYPES: Final = {
    name.ljust(len(name) + len(name) % 2).encode(): name
    for name in (*_TEXT_OF, "CONTAINER", "CODE", "NUM", "COMPOSITE", "IMAGE", "WAVEFORM", "SCOORD", "TCOORD")
}
"""As they are encoded, so that none need be decoded."""


class Node:
    """One content item: its concept, its value as the device sent it, and its children."""

    __slots__ = ("children", "code", "key", "meaning", "scheme", "template", "unit", "value", "value_type")

    def __init__(self, name: Code | None, value_type: str) -> None:
        self.value_type = value_type
        if name is None:
            self.code = self.scheme = self.meaning = self.key = ""
        else:
            self.code = name.code_value or ""
            self.scheme = name.coding_scheme_designator or ""
            self.meaning = name.code_meaning or ""
            self.key = concept_key(self.code, self.scheme) if self.code else concept_named(self.meaning) or ""
        self.value: str | Code | None = None
        self.unit: str | None = None
        self.template: str | None = None
        self.children: list[Node] = []

    def all(self, *codes: str) -> Iterator[Node]:
        """Children of any of these concepts, in the order of the report."""
        return (child for child in self.children if child.key in codes)

    def first(self, *codes: str) -> Node | None:
        return next(self.all(*codes), None)

    def below(self) -> Iterator[Node]:
        """This item and everything below it."""
        yield self
        for child in self.children:
            yield from child.below()

    def stand_for(self, other: Node, children: list[Node]) -> None:
        """Become what another item tells, with these children."""
        self.code, self.key, self.meaning, self.scheme = other.code, other.key, other.meaning, other.scheme
        self.value_type, self.value, self.unit = other.value_type, other.value, other.unit
        self.template, self.children = other.template, children

    @property
    def is_private(self) -> bool:
        """Whether a maker's own scheme names the concept."""
        return self.scheme[:2] == "99"

    @property
    def is_group(self) -> bool:
        """Whether it only holds other items, under a name that no maker gave it."""
        return self.value_type in {"CONTAINER", ""} and not self.is_private

    @property
    def coded(self) -> Code | None:
        return self.value if isinstance(self.value, Code) else None

    @property
    def text(self) -> str | None:
        return self.value if isinstance(self.value, str) and self.value else None


def concept_key(code: str, scheme: str) -> str:
    """A concept's key: the code value of a public scheme (SRT, SCT and DCM alike), with its name a private one's."""
    return f"{scheme}:{code}" if scheme[:2] == "99" else code


def content_tree(header: Header) -> Node:
    """The tree of a structured report's data set; a data set without content gives a childless root."""
    builder = _Builder()
    root = builder.node(header.elements, header.charset)
    if builder.references:
        settle(root, builder.references)
    return root


class _Builder:
    """Builds nodes; equal code sequences share one list in the decoder, which remembers the Code made of it."""

    def __init__(self) -> None:
        self.references: list[Reference] = []

    def node(self, elements: Elements, charset: Charset) -> Node:
        own = elements.get(_CHARSET)
        if isinstance(own, bytes):
            charset = charset_of(own)
        raw_type = elements.get(_VALUE_TYPE)
        value_type = _VALUE_TYPES.get(raw_type, "") if isinstance(raw_type, bytes) else ""
        if not value_type:
            value_type = _told_type(raw_type) or value_type_of(elements)
        node = Node(self.code(elements.get(_CONCEPT_NAME), charset), value_type)
        if value_type == "NUM":
            self.measure(node, elements, charset)
        elif value_type == "CODE":
            node.value = self.code(elements.get(_CONCEPT_CODE), charset)
        elif value_type in _TEXT_OF:
            raw = elements.get(_TEXT_OF[value_type])
            if isinstance(raw, bytes) and raw:
                node.value = decode(raw, charset, person_name=value_type == "PNAME")
        elif value_type in {"CONTAINER", ""} and _TEMPLATE in elements:
            template = Header(elements, charset).item(_TEMPLATE)
            node.template = template.text(_TEMPLATE_ID) if template else None
        if node.value is None and value_type not in {"CONTAINER", ""}:
            self.stray(node, elements, charset)
        content = elements.get(_CONTENT)
        if isinstance(content, list):
            node.children = children = []
            for item in content:
                child = self.node(item, charset)
                children.append(child)
                if _REFERENCED in item:
                    self.note_reference(node, child, item)
        return node

    def note_reference(self, holder: Node, item: Node, elements: Elements) -> None:
        raw = elements.get(_REFERENCED)
        if isinstance(raw, bytes) and not item.code and not item.children:
            self.references.append((holder, item, positions(raw)))

    def measure(self, node: Node, elements: Elements, charset: Charset) -> None:
        measured = elements.get(_MEASURED)
        if not isinstance(measured, list) or not measured:
            return
        raw = measured[0].get(NUMERIC)
        if isinstance(raw, bytes) and raw:
            node.value = raw.decode("ascii", "replace").strip(" \0")
        else:
            node.value = stray_number(elements, measured[0])
        unit = self.code(measured[0].get(_UNITS), charset)
        node.unit = (unit.code_value or unit.code_meaning) if unit else None

    def stray(self, node: Node, elements: Elements, charset: Charset) -> None:
        """The value of an item that bears it elsewhere than its value type says."""
        if node.value_type == "NUM":
            node.value = stray_number(elements, None)
        node.value = node.value or self.code(elements.get(_CONCEPT_CODE), charset)
        node.value = node.value or stray_text(elements, charset)

    def code(self, items: bytes | list[Elements] | None, charset: Charset) -> Code | None:
        if isinstance(items, CodeItems):
            if charset not in items.read_as:
                items.read_as[charset] = Header(items[0], charset).as_code() if items else None
            found: Code | None = items.read_as[charset]
            return found
        return Header(items[0], charset).as_code() if isinstance(items, list) and items else None


def _told_type(raw: object) -> str:
    """A value type that is padded or spelt otherwise than usual."""
    return raw.decode("ascii", "replace").strip(" \0") if isinstance(raw, bytes) else ""
