"""The head of a DICOM file: preamble, prefix and file meta information (PS3.10 7.1)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from dosebus.dicom.header import plain_text

IMPLEMENTATION_CLASS_UID = "2.25.304773436499488637941693813174228090589"
IMPLEMENTATION_VERSION_NAME = "DOSEBUS_1"

PREAMBLE = b"\x00" * 128 + b"DICM"
_LONG_VRS = frozenset(
    (b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"SQ", b"UC", b"UN", b"UR", b"UT", b"SV", b"UV")
)
_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class FileMeta:
    """What the file meta information names; `dataset_offset` is the byte where the data set begins."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    dataset_offset: int


def encode_file_meta(sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str) -> bytes:
    """Preamble, prefix and file meta information for a data set.

    Nothing in it depends on the sender or the time, so that the same data set makes the same file and thereby
    the same blob key through whichever door it comes.
    """
    elements = b"".join(
        (
            struct.pack("<HH2s2xL2s", 0x0002, 0x0001, b"OB", 2, b"\x00\x01"),
            _uid_element(0x0002, sop_class_uid),
            _uid_element(0x0003, sop_instance_uid),
            _uid_element(0x0010, transfer_syntax_uid),
            _uid_element(0x0012, IMPLEMENTATION_CLASS_UID),
            _text_element(0x0013, b"SH", IMPLEMENTATION_VERSION_NAME, b" "),
        )
    )
    return PREAMBLE + struct.pack("<HH2sHL", 0x0002, 0x0000, b"UL", 4, len(elements)) + elements


def read_file_meta(head: bytes) -> FileMeta | None:
    """The file meta information at the start of `head`, or None when this is no DICOM file.

    `head` holds the first bytes of the file, 64 KiB at most are looked at. The group length is not trusted:
    reading ends at the first element that is not of group 0002. Missing names are empty strings.
    """
    if head[128:132] != b"DICM":
        return None
    names: dict[int, str] = {}
    position = 132
    while position + 8 <= min(len(head), _LIMIT):
        group, element = struct.unpack_from("<HH", head, position)
        if group != 0x0002:
            break
        start, length = _explicit_value(head, position)
        if start + length > len(head):
            return None
        names[element] = plain_text(head[start : start + length])
        position = start + length
    return FileMeta(
        sop_class_uid=names.get(0x0002, ""),
        sop_instance_uid=names.get(0x0003, ""),
        transfer_syntax_uid=names.get(0x0010, ""),
        dataset_offset=position,
    )


def _explicit_value(data: bytes, position: int) -> tuple[int, int]:
    if data[position + 4 : position + 6] in _LONG_VRS:
        if position + 12 > len(data):
            return position + 12, 0
        return position + 12, struct.unpack_from("<L", data, position + 8)[0]
    return position + 8, struct.unpack_from("<H", data, position + 6)[0]


def _uid_element(element: int, value: str) -> bytes:
    return _text_element(element, b"UI", value, b"\x00")


def _text_element(element: int, vr: bytes, value: str, pad: bytes) -> bytes:
    encoded = value.encode("ascii", "replace")
    if len(encoded) % 2:
        encoded += pad
    return struct.pack("<HH2sH", 0x0002, element, vr, len(encoded)) + encoded
