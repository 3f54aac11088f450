"""P-DATA-TF PDUs taken apart without copying (PS3.8 9.3.5)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, cast

from pynetdicom.pdu_primitives import P_DATA

P_DATA_TF = 0x04
_ITEM = struct.Struct(">LBB")


@dataclass(frozen=True, slots=True)
class Fragment:
    """One presentation data value: part of a command or of a data set."""

    context_id: int
    control: int
    data: memoryview

    @property
    def is_command(self) -> bool:
        """Part of a command, not of a data set (PS3.8 E.2)."""
        return bool(self.control & 1)

    @property
    def is_last(self) -> bool:
        """The last part of its command or data set."""
        return bool(self.control & 2)


@dataclass(frozen=True, slots=True)
class ReceivedData:
    """A P-DATA-TF PDU; stands in for pynetdicom's own, which copies and checks every byte."""

    fragments: tuple[Fragment, ...]

    def to_primitive(self) -> ReceivedData:
        """Itself: the state machine asks a PDU for its primitive."""
        return self


def parse_data_pdu(body: bytes | bytearray) -> ReceivedData:
    """The fragments in the body of a P-DATA-TF PDU (behind its 6 bytes of header). Raises ValueError."""
    view = memoryview(body)
    fragments: list[Fragment] = []
    position = 0
    while position < len(view):
        if position + _ITEM.size > len(view):
            raise ValueError("a presentation data value ends before its header does")
        length, context_id, control = _ITEM.unpack_from(view, position)
        end = position + 4 + length
        if length < 2 or end > len(view):
            raise ValueError(f"a presentation data value of {length} bytes does not fit into its PDU")
        fragments.append(Fragment(context_id, control, view[position + _ITEM.size : end]))
        position = end
    return ReceivedData(tuple(fragments))


def data_primitive(context_id: int, control: int, data: bytes) -> P_DATA:
    """A P-DATA primitive of one fragment; `control` is its message control header."""
    primitive = P_DATA()
    primitive.presentation_data_value_list = cast("Any", [[context_id, bytes((control,)) + data]])
    return primitive
