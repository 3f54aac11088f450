"""Reads a few identifying elements off the front of an encoded data set, without decoding it.

Only the first bytes are looked at, elements are skipped by their length, and reading ends at Study Instance
UID (0020,000D): what a receiver may afford while its peer waits. What cannot be followed ends the scan quietly;
the full reader will say later what is wrong with the object.
"""

from __future__ import annotations

import contextlib
import struct
import zlib
from dataclasses import dataclass

from dosebus.dicom.storage import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)

SCAN_BYTES = 64 * 1024
"""How much of the front of a data set a caller should offer."""

MAX_TEXT = 256
"""Longer values are cut: no identifying element may be longer."""

_WANTED = {
    0x0008_0016: "sop_class_uid",
    0x0008_0018: "sop_instance_uid",
    0x0008_0060: "modality",
    0x0008_0070: "manufacturer",
    0x0008_1010: "station_name",
    0x0008_1090: "model",
    0x0018_1000: "device_serial_number",
    0x0018_1020: "software_version",
    0x0020_000D: "study_instance_uid",
}
_LAST = 0x0020_000D
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFE_E000, 0xFFFE_E00D, 0xFFFE_E0DD
_UNDEFINED = 0xFFFF_FFFF
_MAX_DEPTH = 32
_LONG_VRS = frozenset(
    (b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"SQ", b"UC", b"UN", b"UR", b"UT", b"SV", b"UV")
)


@dataclass(frozen=True, slots=True)
class Header:
    """Identifying elements of a data set; None where absent, empty or out of reach."""

    sop_class_uid: str | None = None
    sop_instance_uid: str | None = None
    modality: str | None = None
    manufacturer: str | None = None
    station_name: str | None = None
    model: str | None = None
    device_serial_number: str | None = None
    software_version: str | None = None
    study_instance_uid: str | None = None


def scan_header(front: bytes, transfer_syntax_uid: str) -> Header:
    """The identifying elements in the first bytes of an encoded data set (PS3.5 7.1)."""
    if transfer_syntax_uid == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
        front = _inflate(front)
    found: dict[str, str] = {}
    reader = _Reader(
        front,
        implicit=transfer_syntax_uid == IMPLICIT_VR_LITTLE_ENDIAN,
        order=">" if transfer_syntax_uid == EXPLICIT_VR_BIG_ENDIAN else "<",
    )
    with contextlib.suppress(struct.error, _UnreadableError):
        _walk(reader, found)
    return Header(**found)


def plain_text(encoded: bytes) -> str:
    """Printable characters without the padding; what is not ASCII becomes a question mark."""
    text = encoded.decode("ascii", "replace").replace("\ufffd", "?")
    return "".join(character for character in text if character.isprintable()).strip()


class _UnreadableError(Exception):
    """The bytes do not look like elements any more."""


class _Reader:
    """Element headers of one encoding, read at a position."""

    def __init__(self, data: bytes, *, implicit: bool, order: str) -> None:
        self.data = data
        self._implicit = implicit
        self._tag = struct.Struct(order + "HH")
        self._short = struct.Struct(order + "H")
        self._long = struct.Struct(order + "L")

    def tag(self, position: int) -> int:
        """The tag at `position` as 0xGGGGEEEE."""
        group, element = self._tag.unpack_from(self.data, position)
        return int(group) << 16 | int(element)

    def value(self, position: int) -> tuple[int, int]:
        """Where the value of the element at `position` begins, and its length."""
        if self._implicit or self.tag(position) >> 16 == 0xFFFE:
            return position + 8, self._long.unpack_from(self.data, position + 4)[0]
        vr = self.data[position + 4 : position + 6]
        if vr in _LONG_VRS:
            return position + 12, self._long.unpack_from(self.data, position + 8)[0]
        if not (vr.isalpha() and vr.isupper()):
            raise _UnreadableError
        return position + 8, self._short.unpack_from(self.data, position + 6)[0]


def _walk(reader: _Reader, found: dict[str, str]) -> None:
    position, previous = 0, -1
    while position < len(reader.data):
        tag = reader.tag(position)
        if tag > _LAST or tag <= previous:
            return
        start, length = reader.value(position)
        if length == _UNDEFINED:
            position = _past_sequence(reader, start, 0)
        else:
            position = start + length
            name = _WANTED.get(tag)
            if name is not None and position <= len(reader.data):
                text = plain_text(reader.data[start : min(position, start + MAX_TEXT)])
                if text:
                    found[name] = text
        previous = tag


def _past_sequence(reader: _Reader, position: int, depth: int) -> int:
    """The position behind a sequence of undefined length whose first item is at `position`."""
    if depth > _MAX_DEPTH:
        raise _UnreadableError
    while True:
        tag = reader.tag(position)
        start, length = reader.value(position)
        if tag == _SEQUENCE_END:
            return start
        if tag != _ITEM:
            raise _UnreadableError
        position = _past_item(reader, start, depth) if length == _UNDEFINED else start + length


def _past_item(reader: _Reader, position: int, depth: int) -> int:
    while True:
        tag = reader.tag(position)
        start, length = reader.value(position)
        if tag == _ITEM_END:
            return start
        position = _past_sequence(reader, start, depth + 1) if length == _UNDEFINED else start + length


def _inflate(front: bytes) -> bytes:
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(front, SCAN_BYTES)
    except zlib.error:
        return b""
