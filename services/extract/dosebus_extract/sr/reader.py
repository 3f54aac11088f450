"""The door to a DICOM object: Part 10 file or bare data set, any transfer syntax, to a header and a content tree."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from dosebus_extract.sr.encoding import (
    Decoder,
    Elements,
    Encoded,
    OddEncoding,
    UnreadableObject,
)
from dosebus_extract.sr.header import Header

__all__ = ["DicomObject", "UnreadableObject", "header_length", "read_dicom"]

_IMPLICIT_LE: Final = "1.2.840.10008.1.2"
_DEFLATED: Final = "1.2.840.10008.1.2.1.99"
_BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
_TRANSFER_SYNTAX: Final = 0x00020010
_MAX_INFLATED: Final = 48 * 1024 * 1024
_MAX_FOR_PYDICOM: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class DicomObject:
    """One decoded object: its transfer syntax and its data set without pixel data."""

    transfer_syntax_uid: str
    header: Header
    source: bytes | Path = b""
    """Where the whole object stands, for the few kinds whose dose is in their pixels."""


def read_dicom(data: Encoded) -> DicomObject:
    """Decode the object. Raises UnreadableObject, with the place, where that cannot be done."""
    meta, start = _file_meta(data)
    syntax = _true_syntax(bytes_text(meta.get(_TRANSFER_SYNTAX)), data, start)
    return DicomObject(syntax, Header(_data_set(data, start, syntax)))


def header_length(data: Encoded) -> int:
    """How many bytes stand before the pixel data. Raises UnreadableObject where they cannot be told so."""
    meta, start = _file_meta(data)
    syntax = _true_syntax(bytes_text(meta.get(_TRANSFER_SYNTAX)), data, start)
    if syntax == _DEFLATED:
        raise UnreadableObject("a deflated object has no part before its pixel data", f"byte {start}")
    decoder = Decoder(data, explicit=syntax != _IMPLICIT_LE, big_endian=syntax == _BIG_ENDIAN)
    try:
        decoder.data_set(start)
    except OddEncoding as odd:
        raise UnreadableObject("a rare encoding", str(odd)) from odd
    return decoder.stopped_at


def bytes_text(raw: object) -> str:
    """ASCII text of a raw value without padding."""
    return raw.decode("ascii", "replace").strip(" \0") if isinstance(raw, bytes) else ""


def _file_meta(data: Encoded) -> tuple[Elements, int]:
    """The file meta information (PS3.10 7.1) and where the data set begins."""
    start = 132 if data[128:132] == b"DICM" else 0
    pos = start
    while data[pos : pos + 2] == b"\x02\x00":
        if pos + 12 > len(data):
            raise UnreadableObject("ends inside the file meta information", f"byte {pos}")
        long_form = data[pos + 4 : pos + 6] in (b"OB", b"UN", b"SQ")
        field = slice(pos + 8, pos + 12) if long_form else slice(pos + 6, pos + 8)
        pos = field.stop + int.from_bytes(data[field], "little")
        if pos > len(data):
            raise UnreadableObject("ends inside the file meta information", f"byte {field.start}")
    if pos == start == 0 and data[0:2] not in (b"\x08\x00", b"\x00\x08"):
        raise UnreadableObject("not a DICOM object", "byte 0")
    if pos >= len(data):
        raise UnreadableObject("holds no data set", f"byte {pos}")
    decoder = Decoder(data[start:pos], explicit=True)
    try:
        return decoder.data_set(0), pos
    except OddEncoding as odd:
        raise UnreadableObject("the file meta information is not explicit VR", str(odd)) from odd


def _true_syntax(told: str, data: Encoded, start: int) -> str:
    """The transfer syntax as it is told, unless the first element is not encoded so: archives relabel files."""
    if told == _DEFLATED:
        return told
    guessed = _guessed_syntax(data, start)
    swapped = (told == _BIG_ENDIAN) is not (guessed == _BIG_ENDIAN)
    # Where explicit encoding has letters, implicit encoding has a length, which is short in the first element.
    unlike = (told == _IMPLICIT_LE) is not (guessed == _IMPLICIT_LE)
    lettered = b"\0" not in data[start + 4 : start + 6]
    return guessed if not told or swapped or (unlike and lettered is not (guessed == _IMPLICIT_LE)) else told


def _guessed_syntax(data: Encoded, start: int) -> str:
    """A bare data set, or a file whose meta information tells no transfer syntax."""
    if data[start : start + 1] == b"\0" != data[start + 1 : start + 2]:
        return _BIG_ENDIAN
    vr = data[start + 4 : start + 6]
    return "1.2.840.10008.1.2.1" if vr.isalpha() and vr.isupper() else _IMPLICIT_LE


def _data_set(data: Encoded, start: int, syntax: str) -> Elements:
    if syntax == _DEFLATED:
        data, start = _inflated(data[start:]), 0
    try:
        decoder = Decoder(data, explicit=syntax != _IMPLICIT_LE, big_endian=syntax == _BIG_ENDIAN)
        return decoder.data_set(start)
    except OddEncoding:
        return _by_pydicom(data, start, syntax)


def _inflated(packed: bytes) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        plain = inflater.decompress(packed, _MAX_INFLATED)
    except zlib.error as error:
        raise UnreadableObject(f"cannot be inflated: {error}", "data set") from error
    if inflater.unconsumed_tail:
        raise UnreadableObject(f"inflates to more than {_MAX_INFLATED} bytes", "data set")
    if not inflater.eof:
        raise UnreadableObject("the deflated data set is cut off", "data set")
    return plain


def _by_pydicom(data: Encoded, start: int, syntax: str) -> Elements:
    """Rare encodings: pydicom writes them anew as explicit little endian, which is then decoded directly."""
    from pydicom.filebase import DicomBytesIO
    from pydicom.filereader import read_dataset
    from pydicom.filewriter import write_dataset

    if len(data) - start > _MAX_FOR_PYDICOM:
        raise UnreadableObject(f"more than {_MAX_FOR_PYDICOM} bytes in a rare encoding", f"byte {start}")
    plain = DicomBytesIO()
    plain.is_little_endian, plain.is_implicit_VR = True, False
    try:
        found = read_dataset(
            BytesIO(data[start:]),
            is_implicit_VR=syntax == _IMPLICIT_LE,
            is_little_endian=syntax != _BIG_ENDIAN,
            stop_when=lambda tag, _vr, _length: tag >> 16 == 0x7FE0,
        )
        write_dataset(plain, found)
        return Decoder(plain.getvalue(), explicit=True).data_set(0)
    except (UnreadableObject, MemoryError):
        raise
    except Exception as error:  # pydicom raises anything on broken input
        raise UnreadableObject(f"broken encoding: {type(error).__name__}", f"byte {start}") from error
