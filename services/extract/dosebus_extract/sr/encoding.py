"""Decode DICOM data sets straight from bytes (PS3.5 chapter 7), trusting no length."""

from __future__ import annotations

from functools import cache, lru_cache
from mmap import mmap
from struct import Struct
from typing import Any, Final, TypeAlias

Elements: TypeAlias = "dict[int, bytes | list[Elements]]"
"""A data set as tag -> raw value bytes, or the items of a sequence."""

Encoded: TypeAlias = bytes | mmap
Span: TypeAlias = tuple[int, int, int]
"""Where a value begins, where it must end at the latest, and how deep it stands."""

UNDEFINED: Final = 0xFFFFFFFF
PIXEL_GROUP: Final = 0x7FE0
MAX_DEPTH: Final = 48
MAX_ELEMENTS: Final = 1_000_000
MAX_GUESSES: Final = 200
"""Sequences of unknown representation that are tried; nested ones would else double the work at each level."""
MAX_CODE_BYTES: Final = 4096
MAX_VALUE_BYTES: Final = 4 * 1024 * 1024
"""Longer values cannot tell a dose and are passed over."""

_EXPLICIT: Final = {order: Struct(f"{order}HH2sH").unpack_from for order in "<>"}
_IMPLICIT: Final = {order: Struct(f"{order}HHI").unpack_from for order in "<>"}
_UINT32: Final = {order: Struct(f"{order}I").unpack_from for order in "<>"}
_SEQUENCE_END: Final = {"<": b"\xfe\xff\xdd\xe0\0\0\0\0", ">": b"\xff\xfe\xe0\xdd\0\0\0\0"}
_WORD_BYTES: Final = {b"US": 2, b"SS": 2, b"AT": 2, b"UL": 4, b"SL": 4, b"FL": 4, b"FD": 8}
_ITEM, _ITEM_END, _SEQUENCE_DELIMITER = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD

_SHORT, _LONG, _SEQUENCE, _UNKNOWN = 0, 1, 2, 3
_FORMS: Final = (
    dict.fromkeys(
        b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split(),
        _SHORT,
    )
    | dict.fromkeys(
        [b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SV", b"UC", b"UR", b"UT", b"UV"],
        _LONG,
    )
    | {b"SQ": _SEQUENCE, b"UN": _UNKNOWN}
)
# Concept names, coded values and units repeat a thousandfold in one report: their sequences are decoded once.
_CODE_SEQUENCES: Final = frozenset({0x0040A043, 0x0040A168, 0x004008EA})


class UnreadableObject(Exception):
    """Bytes that are no DICOM data set, or a broken one; `where` is a byte offset or an element."""

    def __init__(self, reason: str, where: str) -> None:
        super().__init__(f"{reason} ({where})")
        self.reason = reason
        self.where = where


class OddEncoding(Exception):
    """Encoded in a way that the direct decoder leaves to pydicom."""


@cache
def _sequence_tags() -> frozenset[int]:
    """Tags that PS3.6 gives the value representation SQ: implicit encoding does not tell."""
    from pydicom._dicom_dict import DicomDictionary

    return frozenset(tag for tag, entry in DicomDictionary.items() if entry[0] == "SQ")


class CodeItems(list["Elements"]):
    """The items of a code sequence, shared by all objects that send the same bytes: nobody changes them.

    `read_as` is for the reader to keep what it made of them, by character set.
    """

    __slots__ = ("read_as",)

    def __init__(self, items: list[Elements]) -> None:
        super().__init__(items)
        self.read_as: dict[tuple[str, ...], Any] = {}


# A device sends the same names, units and codes in every report. They tell of no patient.
@lru_cache(maxsize=4096)
def _code_items(raw: bytes, explicit: bool, order: str) -> CodeItems | None:
    """The items that these bytes are; None where they are broken, or odd, on their own."""
    try:
        decoder = Decoder(raw, explicit=explicit, big_endian=order == ">")
        items, done = decoder._items(len(raw), (0, len(raw), 0), explicit=explicit)
    except (UnreadableObject, OddEncoding):
        return None
    return CodeItems(items) if done == len(raw) else None


class Decoder:
    """Decodes one data set; limits on depth and number hold over the whole of it.

    Binary numbers come out little endian, whatever the order of the data set.
    """

    def __init__(self, data: Encoded, *, explicit: bool, big_endian: bool = False) -> None:
        self.data = data
        self.explicit = explicit
        self.order = ">" if big_endian else "<"
        self.elements_left = MAX_ELEMENTS
        self.guesses_left = MAX_GUESSES
        self.stopped_at = len(data)
        """Where the pixel data begin."""
        self.codes: dict[bytes, CodeItems] = {}

    def data_set(self, start: int) -> Elements:
        """The top-level data set from `start`, up to and without the pixel data. Raises UnreadableObject."""
        read = self.explicit_elements if self.explicit else self.implicit_elements
        return read(start, len(self.data), 0, undefined=False)[0]

    def explicit_elements(self, pos: int, end: int, depth: int, *, undefined: bool) -> tuple[Elements, int]:
        data, found = self.data, dict[int, "bytes | list[Elements]"]()
        head, form_of, little, last = _EXPLICIT[self.order], _FORMS.get, self.order == "<", end - 8
        while pos <= last:
            group, element, vr, length = head(data, pos)
            tag = group << 16 | element
            form = form_of(vr)
            pos += 8
            if form == _SHORT:
                stop = pos + length
                if stop > end:
                    raise UnreadableObject("ends inside a value", _place(tag, pos))
                found[tag] = data[pos:stop] if little else _little(data[pos:stop], vr)
                pos = stop
                continue
            if form is None:
                if undefined and tag == _ITEM_END:
                    self._count(found, pos)
                    return found, pos
                raise OddEncoding(_place(tag, pos))
            if group == PIXEL_GROUP and depth == 0:
                self.stopped_at = pos - 8
                end = pos
                break
            if pos + 4 > end:
                raise UnreadableObject("ends inside an element's head", _place(tag, pos))
            (length,) = _UINT32[self.order](data, pos)
            span = (pos + 4, end, depth)
            if form == _SEQUENCE:
                found[tag], pos = self._sequence(tag, length, span, explicit=True)
                continue
            value, pos = self._long_value(tag, form, length, span)
            if value is not None:
                found[tag] = value
        if pos < end and not self._is_padding(pos, end, depth):
            raise UnreadableObject("ends inside an element's head", f"byte {pos}")
        if undefined:
            raise UnreadableObject("ends inside an item", f"byte {pos}")
        self._count(found, pos)
        return found, pos

    def _is_padding(self, pos: int, end: int, depth: int) -> bool:
        """Whether only zeros follow, with which some archives fill a file up: no group begins so."""
        return depth == 0 and self.order == "<" and not any(self.data[pos:end])

    def _long_value(
        self, tag: int, form: int, length: int, span: Span
    ) -> tuple[bytes | list[Elements] | None, int]:
        if form == _UNKNOWN and self.order == "<" and (length == UNDEFINED or tag in _sequence_tags()):
            return self._unknown(tag, length, span)
        return self._value(tag, length, span)

    def _unknown(self, tag: int, length: int, span: Span) -> tuple[bytes | list[Elements] | None, int]:
        """A sequence of unknown representation: implicit by PS3.5 6.2.2, though some devices leave it explicit."""
        for explicit in (False, True):
            self.guesses_left -= 1
            if self.guesses_left < 0:
                break
            try:
                return self._items(length, span, explicit=explicit)
            except (UnreadableObject, OddEncoding):
                continue
        return self._value(tag, length, span)

    def implicit_elements(self, pos: int, end: int, depth: int, *, undefined: bool) -> tuple[Elements, int]:
        data, found, sequences = self.data, dict[int, "bytes | list[Elements]"](), _sequence_tags()
        while pos < end:
            if pos + 8 > end:
                if self._is_padding(pos, end, depth):
                    break
                raise UnreadableObject("ends inside an element's head", f"byte {pos}")
            group, element, length = _IMPLICIT["<"](data, pos)
            tag = group << 16 | element
            pos += 8
            if group == PIXEL_GROUP and depth == 0:
                self.stopped_at = pos - 8
                break
            if tag in sequences or length == UNDEFINED:
                found[tag], pos = self._sequence(tag, length, (pos, end, depth), explicit=False)
            elif tag == _ITEM_END and undefined:
                self._count(found, pos)
                return found, pos
            else:
                value, pos = self._value(tag, length, (pos, end, depth))
                if value is not None:
                    found[tag] = value
        if undefined:
            raise UnreadableObject("ends inside an item", f"byte {pos}")
        self._count(found, pos)
        return found, pos

    def _value(self, tag: int, length: int, span: Span) -> tuple[bytes | None, int]:
        pos, end, _depth = span
        stop = pos + length
        if length == UNDEFINED or stop > end:
            raise UnreadableObject("ends inside a value", _place(tag, pos))
        return (self.data[pos:stop] if length <= MAX_VALUE_BYTES else None), stop

    def _sequence(self, tag: int, length: int, span: Span, *, explicit: bool) -> tuple[list[Elements], int]:
        if tag not in _CODE_SEQUENCES:
            return self._items(length, span, explicit=explicit)
        pos, end, _depth = span
        # Equal bytes before an equal end decode alike, so a known run of bytes need not be decoded again.
        if length == UNDEFINED:
            stop = self.data.find(_SEQUENCE_END[self.order], pos, min(end, pos + MAX_CODE_BYTES))
            after = stop + 8
        else:
            stop = after = pos + length
        if not pos < stop <= end or stop - pos > MAX_CODE_BYTES:
            return self._items(length, span, explicit=explicit)
        raw = self.data[pos:stop]
        known = self.codes.get(raw)
        if known is None:
            known = _code_items(raw, explicit, self.order)
            if known is None:
                return self._items(length, span, explicit=explicit)
            self.codes[raw] = known
            for item in known:
                self._count(item, pos)
        return known, after

    def _items(self, length: int, span: Span, *, explicit: bool) -> tuple[list[Elements], int]:
        pos, end, depth = span
        if depth >= MAX_DEPTH:
            raise UnreadableObject(f"nested deeper than {MAX_DEPTH} sequences", f"byte {pos}")
        undefined = length == UNDEFINED
        stop = end if undefined else pos + length
        if stop > end:
            raise UnreadableObject("ends inside a sequence", f"byte {pos}")
        read = self.explicit_elements if explicit else self.implicit_elements
        items: list[Elements] = []
        while pos < stop:
            if pos + 8 > stop:
                raise UnreadableObject("ends inside an item's head", f"byte {pos}")
            group, element, size = _IMPLICIT[self.order](self.data, pos)
            tag = group << 16 | element
            pos += 8
            if tag == _ITEM:
                limit = stop if size == UNDEFINED else pos + size
                if limit > stop:
                    raise UnreadableObject("an item is longer than its sequence", f"byte {pos}")
                item, pos = read(pos, limit, depth + 1, undefined=size == UNDEFINED)
                items.append(item)
            elif tag == _SEQUENCE_DELIMITER:
                return items, pos if undefined else stop
            else:
                raise OddEncoding(f"{_place(tag, pos)} where an item should be")
        if undefined:
            raise UnreadableObject("a sequence has no end", f"byte {pos}")
        return items, pos

    def _count(self, found: Elements, pos: int) -> None:
        self.elements_left -= len(found) + 1
        if self.elements_left < 0:
            raise UnreadableObject(f"more than {MAX_ELEMENTS} elements", f"byte {pos}")


def _place(tag: int, pos: int) -> str:
    return f"element ({tag >> 16:04X},{tag & 0xFFFF:04X}) at byte {pos}"


def _little(value: bytes, vr: bytes) -> bytes:
    """A big-endian value with its words turned round."""
    size = _WORD_BYTES.get(vr)
    if size is None:
        return value
    return b"".join(value[at : at + size][::-1] for at in range(0, len(value), size))
