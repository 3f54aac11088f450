"""C-STORE commands as bytes (PS3.7 9.3.1): little-endian implicit elements of group 0000, nothing else."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from dosebus.dicom.header import plain_text

C_STORE_RQ = 0x0001
C_STORE_RSP = 0x8001
NO_DATA_SET = 0x0101

_AFFECTED_SOP_CLASS_UID = 0x0002
_COMMAND_FIELD = 0x0100
_MESSAGE_ID = 0x0110
_MESSAGE_ID_RESPONDED_TO = 0x0120
_DATA_SET_TYPE = 0x0800
_STATUS = 0x0900
_ERROR_COMMENT = 0x0902
_AFFECTED_SOP_INSTANCE_UID = 0x1000


@dataclass(frozen=True, slots=True)
class StoreCommand:
    """A C-STORE request as its peer sent it."""

    message_id: int
    sop_class_uid: str
    sop_instance_uid: str


def parse_store_command(encoded: bytes) -> StoreCommand | None:
    """The C-STORE request with a data set in a command set, or None when it is anything else."""
    elements = _elements(encoded)
    if _number(elements, _COMMAND_FIELD) != C_STORE_RQ or _number(elements, _DATA_SET_TYPE) == NO_DATA_SET:
        return None
    message_id = _number(elements, _MESSAGE_ID)
    if message_id is None:
        return None
    return StoreCommand(
        message_id=message_id,
        sop_class_uid=plain_text(elements.get(_AFFECTED_SOP_CLASS_UID, b"")),
        sop_instance_uid=plain_text(elements.get(_AFFECTED_SOP_INSTANCE_UID, b"")),
    )


def encode_store_response(command: StoreCommand, status: int, comment: str = "") -> bytes:
    """The command set of a C-STORE response; `comment` (64 characters at most) only goes with a failure."""
    elements = [
        _uid(_AFFECTED_SOP_CLASS_UID, command.sop_class_uid),
        _us(_COMMAND_FIELD, C_STORE_RSP),
        _us(_MESSAGE_ID_RESPONDED_TO, command.message_id),
        _us(_DATA_SET_TYPE, NO_DATA_SET),
        _us(_STATUS, status),
    ]
    if comment:
        elements.append(_text(_ERROR_COMMENT, comment[:64], b" "))
    elements.append(_uid(_AFFECTED_SOP_INSTANCE_UID, command.sop_instance_uid))
    body = b"".join(elements)
    return struct.pack("<HHLL", 0x0000, 0x0000, 4, len(body)) + body


def _elements(encoded: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    position = 0
    while position + 8 <= len(encoded):
        group, element, length = struct.unpack_from("<HHL", encoded, position)
        start = position + 8
        if group != 0x0000 or start + length > len(encoded):
            break
        found[element] = encoded[start : start + length]
        position = start + length
    return found


def _number(elements: dict[int, bytes], element: int) -> int | None:
    value = elements.get(element, b"")
    return int.from_bytes(value, "little") if len(value) == 2 else None


def _us(element: int, value: int) -> bytes:
    return struct.pack("<HHLH", 0x0000, element, 2, value)


def _uid(element: int, value: str) -> bytes:
    return _text(element, value, b"\x00")


def _text(element: int, value: str, pad: bytes) -> bytes:
    encoded = value.encode("ascii", "replace")
    if len(encoded) % 2:
        encoded += pad
    return struct.pack("<HHL", 0x0000, element, len(encoded)) + encoded
