"""Typed access to the elements of one data set, forgiving where devices err."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import date, datetime, time
from functools import cached_property
from struct import unpack_from
from typing import Final

from dosebus.domain.base import Code
from dosebus_extract.sr import charset, moments
from dosebus_extract.sr.charset import Charset
from dosebus_extract.sr.encoding import Elements

_LONGEST_NUMBER: Final = 64
_PRINTED: Final = re.compile(rb"[\x20-\x7e]*\x00*")
_DIGITS: Final = re.compile(rb" *[-+]?[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)? *\x00?")
_DECIMAL_COMMA: Final = re.compile(r"(?<![\d,])(?!\d{3},\d{3}(?!\d))(\d+),(\d+)(?![\d,])")
_CHARSET: Final = 0x00080005
_VALUE, _SCHEME, _MEANING = 0x00080100, 0x00080102, 0x00080104
_LONG_VALUE, _URN_VALUE = 0x00080119, 0x00080120


class Header:
    """One data set or sequence item. Absent, empty and unusable values alike are None or empty."""

    def __init__(self, elements: Elements, inherited: Charset | None = None) -> None:
        self.elements = elements
        self._inherited = inherited

    @cached_property
    def charset(self) -> Charset:
        own = self.elements.get(_CHARSET)
        if isinstance(own, bytes):
            return charset.charset_of(own)
        return self._inherited or charset.DEFAULT

    def has(self, tag: int) -> bool:
        """Whether the element stands there, be it empty."""
        return tag in self.elements

    def raw(self, tag: int) -> bytes:
        value = self.elements.get(tag)
        return value if isinstance(value, bytes) else b""

    def text(self, tag: int) -> str | None:
        """The whole value as text."""
        raw = self.raw(tag)
        return (charset.decode(raw, self.charset) or None) if raw else None

    def texts(self, tag: int) -> tuple[str, ...]:
        """Every value of a multi-valued text."""
        return tuple(part for value in (self.text(tag) or "").split("\\") if (part := value.strip(" \0")))

    def first(self, tag: int) -> str | None:
        return next(iter(self.texts(tag)), None)

    def joined(self, tag: int) -> str | None:
        """Person names and the like, several values joined with a bar."""
        raw = self.raw(tag)
        if not raw:
            return None
        names = charset.decode(raw, self.charset, person_name=True).split("\\")
        return " | ".join(part for name in names if (part := name.strip(" \0"))) or None

    def numbers(self, tag: int) -> tuple[float, ...]:
        """Every number of a decimal or integer string, also in a comma list; what is none is left out."""
        text = decimal_comma(self.text(tag) or "")
        return tuple(n for part in re.split(r"[\\,]", text) if (n := as_number(part)) is not None)

    def number(self, tag: int) -> float | None:
        """The first number; one that a device wrote in binary instead of as text is read so."""
        told = next(iter(self.numbers(tag)), None)
        raw = self.raw(tag)
        if told is None and len(raw) in (4, 8) and not _PRINTED.fullmatch(raw):
            return self.real(tag)
        return told

    def real(self, tag: int) -> float | None:
        """A binary FL or FD, or US by its length of two bytes; a number that is text instead is read so."""
        raw = self.raw(tag)
        if len(raw) > 2 and _DIGITS.fullmatch(raw):
            return as_number(raw.decode("ascii"))
        form = {2: "<H", 4: "<f", 8: "<d"}.get(len(raw))
        if form is None:
            return None
        value = float(unpack_from(form, raw)[0])
        return value if math.isfinite(value) else None

    def shorts(self, tag: int) -> tuple[int, ...]:
        """Every number of a binary US; none where the element has another form."""
        raw = self.raw(tag)
        return unpack_from(f"<{len(raw) // 2}H", raw) if raw and not len(raw) % 2 else ()

    def date(self, tag: int) -> date | None:
        return moments.as_date(self.first(tag))

    def time(self, tag: int) -> time | None:
        return moments.as_time(self.first(tag))

    def moment(self, tag: int) -> datetime | None:
        return moments.as_datetime(self.first(tag))

    def items(self, tag: int) -> Iterator[Header]:
        """The items of a sequence; none where it is absent or no sequence."""
        value = self.elements.get(tag)
        if isinstance(value, list):
            for item in value:
                yield Header(item, self.charset)

    def item(self, tag: int) -> Header | None:
        return next(self.items(tag), None)

    def code(self, tag: int) -> Code | None:
        """The first coded entry of a code sequence."""
        item = self.item(tag)
        return item.as_code() if item else None

    def as_code(self) -> Code | None:
        """This item as a coded entry (PS3.3 8.8), also with a long or URN code value."""
        value = self.text(_VALUE) or self.text(_LONG_VALUE) or self.text(_URN_VALUE)
        meaning = self.text(_MEANING)
        if not value and not meaning:
            return None
        return Code(code_value=value, coding_scheme_designator=self.text(_SCHEME), code_meaning=meaning)

    def private(self, group: int, creators: tuple[str, ...], element: int) -> int | None:
        """The tag of a private element: its block is reserved by the creator's name (PS3.5 7.8.1).

        Where archives have lost the reservation, the element is looked for in the first block.
        """
        reserved = False
        for tag in self.elements:
            if tag >> 16 == group and 0x10 <= tag & 0xFFFF <= 0xFF:
                reserved = True
                if self.text(tag) in creators:
                    return group << 16 | (tag & 0xFF) << 8 | element
        first_block = group << 16 | 0x1000 | element
        return first_block if not reserved and first_block in self.elements else None


def decimal_comma(text: str) -> str:
    """The text with full stops for its decimal commas; a comma between whole numbers of three digits parts a list."""
    return _DECIMAL_COMMA.sub(r"\1.\2", text) if "," in text and "." not in text else text


def as_number(text: str) -> float | None:
    """A finite number, or None."""
    if len(text) > _LONGEST_NUMBER:
        return None
    try:
        value = float(text.strip(" \0"))
    except ValueError:
        return None
    return value if math.isfinite(value) else None
