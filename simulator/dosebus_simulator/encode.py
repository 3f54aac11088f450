"""Encodes an object as a DICOM file; what was not touched in a content tree since it was built is written as it is."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from pydicom import dcmwrite
from pydicom.charset import convert_encodings
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element, write_file_meta_info
from pydicom.tag import BaseTag
from pydicom.uid import ExplicitVRLittleEndian

CONTENT_SEQUENCE = BaseTag(0x0040A730)
PREAMBLE = b"\0" * 128 + b"DICM"
ITEM = b"\xfe\xff\x00\xe0"
LONG_VRS = frozenset({"UT", "UC", "UR", "OB", "OW", "UN", "SQ"})
SHORT_HEAD = struct.Struct("<HH2sH")
LONG_HEAD = struct.Struct("<HH2sHL")


def _head(tag: int, vr: str, length: int) -> bytes:
    if vr in LONG_VRS:
        return LONG_HEAD.pack(tag >> 16, tag & 0xFFFF, vr.encode(), 0, length)
    return SHORT_HEAD.pack(tag >> 16, tag & 0xFFFF, vr.encode(), length)


def _tag(element: DataElement | RawDataElement) -> int:
    # pydicom compares its tags in Python; numbers sort ten times as fast.
    return int(element.tag)


def _explicit_little_endian(item: Dataset, encodings: list[str]) -> bytes:
    parts = []
    for element in sorted(item.values(), key=_tag):
        if isinstance(element, RawDataElement):
            value = element.value or b""
            parts += [_head(element.tag, element.VR or "UN", len(value)), value]
        elif element.VR == "SQ":
            parts.append(_sequence(element.tag, element.value, encodings))
        else:
            parts.append(_written(element, encodings))
    return b"".join(parts)


def _written(element: DataElement, encodings: list[str]) -> bytes:
    """An element that was read or changed since it was built, as pydicom writes it."""
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_data_element(buffer, element, encodings)
    return buffer.getvalue()


def _sequence(tag: int, items: Iterable[Dataset], encodings: list[str]) -> bytes:
    parts = []
    for item in items:
        value = _explicit_little_endian(item, encodings)
        parts += [ITEM, struct.pack("<L", len(value)), value]
    inner = b"".join(parts)
    return _head(tag, "SQ", len(inner)) + inner


def encoded(dataset: FileDataset) -> bytes:
    """The object as a DICOM file."""
    buffer = DicomBytesIO()
    ends_with_content = bool(dataset.keys()) and max(dataset.keys()) == CONTENT_SEQUENCE
    if not ends_with_content or dataset.file_meta.TransferSyntaxUID != ExplicitVRLittleEndian:
        dcmwrite(buffer, dataset, enforce_file_format=True)
        return buffer.getvalue()
    # pydicom needs 15 times as long for a large tree.
    encodings = convert_encodings(dataset.get("SpecificCharacterSet"))
    buffer.write(PREAMBLE)
    write_file_meta_info(buffer, dataset.file_meta, enforce_standard=True)
    return buffer.getvalue() + _explicit_little_endian(dataset, encodings)
