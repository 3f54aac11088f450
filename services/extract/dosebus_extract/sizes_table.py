"""A table of patient sizes as a file gives it: its encoding, its separator, its columns; pure."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

LARGEST_FILE: Final = 64 * 2**20
SEPARATORS: Final = (";", "\t", ",")
"""In the order in which they are tried: a comma may also stand in decimal numbers and in headings."""
BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_EXCEL_SEPARATOR: Final = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


class BadTable(Exception):
    """A file, or a choice of its columns, that cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line below the headings: its number in the file, from 1, and its cells."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A file that was understood: how it is written, its headings, and the lines below them."""

    encoding: str
    separator: str
    headings: tuple[str, ...]
    lines: tuple[Line, ...]


def read_table(data: bytes, *, separator: str | None = None) -> Table:
    """Understand a file. Raises BadTable when it is empty, too large, or not text in columns."""
    if len(data) > LARGEST_FILE:
        raise BadTable(f"The file has {len(data)} bytes; at most {LARGEST_FILE} are read.")
    text, encoding = decoded(data)
    said = _EXCEL_SEPARATOR.match(text)
    skipped = 0
    if said:
        text, skipped = text[said.end() :], 1
    chosen = separator or (said[1] if said else separator_of(text))
    lines = list(_lines(text, chosen, skipped))
    if not lines:
        raise BadTable("The file has no line with content.")
    headings, *below = lines
    return Table(encoding, chosen, tuple(cell.strip() for cell in headings.cells), tuple(below))


def decoded(data: bytes) -> tuple[str, str]:
    """The text and its encoding: by byte order mark, else UTF-8, else Windows-1252. Raises BadTable."""
    marked = next((encoding for mark, encoding in BYTE_ORDER_MARKS if data.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-8", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            raise BadTable("The file holds zero bytes: it is no text. Save the sheet as CSV.")
        return text, encoding
    raise BadTable("The file is neither UTF-8 nor Windows-1252 text. Save the sheet as CSV.")


def separator_of(text: str) -> str:
    """What separates the headings: of several the one that makes most columns."""
    heading = next((line for line in text.splitlines() if line.strip()), "")
    counts = {one: len(next(csv.reader([heading], delimiter=one), [])) for one in SEPARATORS}
    return max(SEPARATORS, key=lambda one: counts[one])


def column_of(headings: Sequence[str], wanted: str) -> int:
    """The place of a column that is given by its heading (any case) or its number from 1. Raises BadTable."""
    folded = wanted.strip().casefold()
    places = [place for place, heading in enumerate(headings) if heading.casefold() == folded]
    if len(places) == 1:
        return places[0]
    if places:
        numbers = ", ".join(str(place + 1) for place in places)
        raise BadTable(f"Several columns are headed {wanted!r}; name one by its number: {numbers}.")
    if folded.isdecimal() and 1 <= int(folded) <= len(headings):
        return int(folded) - 1
    raise BadTable(f"There is no column {wanted!r}. There are: {', '.join(headings)}.")


def _lines(text: str, separator: str, skipped: int) -> Iterator[Line]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    last = 0
    try:
        for cells in reader:
            first, last = last + 1, reader.line_num
            if any(cell.strip() for cell in cells):
                yield Line(first + skipped, tuple(cells))
    except csv.Error as error:
        raise BadTable(f"Line {reader.line_num + skipped} cannot be read: {error}.") from error
