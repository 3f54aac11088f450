"""Encodes an object as a DICOM file; a content tree that was never touched since it was built is encoded directly."""

from __future__ import annotations

import struct
from io import BytesIO

from pydicom import dcmwrite
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.tag import BaseTag
from pydicom.uid import ExplicitVRLittleEndian

CONTENT_SEQUENCE = BaseTag(0x0040A730)
ITEM = b"\xfe\xff\x00\xe0"
LONG_VRS = frozenset({"UT", "UC", "UR", "OB", "OW", "UN", "SQ"})
SHORT_HEAD = struct.Struct("<HH2sH")
LONG_HEAD = struct.Struct("<HH2sHL")


class _TouchedError(Exception):
    """The tree holds an element that is no longer as it was built."""


def _head(tag: int, vr: str, length: int) -> bytes:
    if vr in LONG_VRS:
        return LONG_HEAD.pack(tag >> 16, tag & 0xFFFF, vr.encode(), 0, length)
    return SHORT_HEAD.pack(tag >> 16, tag & 0xFFFF, vr.encode(), length)


def _explicit_little_endian(item: Dataset) -> bytes:
    parts = []
    for element in item.elements():
        if isinstance(element, RawDataElement):
            value = element.value or b""
            parts += [_head(element.tag, element.VR or "UN", len(value)), value]
        elif element.VR == "SQ":
            inner = b"".join(_framed(one) for one in element.value)
            parts += [_head(element.tag, "SQ", len(inner)), inner]
        else:
            raise _TouchedError
    return b"".join(parts)


def _framed(item: Dataset) -> bytes:
    value = _explicit_little_endian(item)
    return ITEM + struct.pack("<L", len(value)) + value


def _content(dataset: FileDataset) -> bytes | None:
    """The encoded content sequence, if the object ends with one that is as it was built."""
    ends_with_content = bool(dataset.keys()) and max(dataset.keys()) == CONTENT_SEQUENCE
    if not ends_with_content or dataset.file_meta.TransferSyntaxUID != ExplicitVRLittleEndian:
        return None
    try:
        inner = b"".join(_framed(item) for item in dataset.ContentSequence)
    except _TouchedError:
        return None
    return _head(CONTENT_SEQUENCE, "SQ", len(inner)) + inner


def encoded(dataset: FileDataset) -> bytes:
    """The object as a DICOM file."""
    buffer = BytesIO()
    content = _content(dataset)
    if content is None:
        dcmwrite(buffer, dataset, enforce_file_format=True)
        return buffer.getvalue()
    # pydicom needs 15 times as long for a large tree.
    elements = {element.tag: element for element in dataset.elements() if element.tag != CONTENT_SEQUENCE}
    head = FileDataset("", elements, preamble=dataset.preamble, file_meta=dataset.file_meta)
    dcmwrite(buffer, head, enforce_file_format=True)
    return buffer.getvalue() + content
