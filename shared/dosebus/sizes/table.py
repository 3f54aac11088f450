"""A table of patient sizes as a file gives it: its encoding, its separator, its columns.

A file is read as a stream, so that a large one takes no memory: once to know its encoding, once for its lines.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

LARGEST_FILE: Final = 64 * 2**20
SEPARATORS: Final = (";", "\t", ",")
"""In the order in which they are tried: a comma may also stand in decimal numbers and in headings."""
ENCODINGS: Final = ("utf-8", "cp1252", "utf-16")
"""What a person may decide; without that a file is tried as the first two, or as what its byte order mark says."""
BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
CHUNK: Final = 1 << 18
FRONT: Final = 1 << 16
"""Characters in which the headings are looked for."""
_EXCEL_SEPARATOR: Final = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)

Opens = Callable[[], BinaryIO]
"""Opens a file at its beginning, each time it is called; the reader closes it."""


class BadTable(Exception):
    """A file, or a choice of its columns, that cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line below the headings: its number in the file, from 1, and its cells."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """How a file is written."""

    encoding: str
    separator: str
    said: bool = False
    """Whether the file says its separator in a first line, as Excel writes it."""


@dataclass(frozen=True, slots=True)
class Table:
    """A file that was understood: how it is written, its headings, and the lines below them."""

    encoding: str
    separator: str
    headings: tuple[str, ...]
    lines: tuple[Line, ...]


def read_table(data: bytes, *, separator: str | None = None, encoding: str | None = None) -> Table:
    """Understand a file as a whole. Raises BadTable when it is empty, too large, or not text in columns."""
    if len(data) > LARGEST_FILE:
        raise BadTable(f"The file has {len(data)} bytes; at most {LARGEST_FILE} are read.")

    def opens() -> BinaryIO:
        return io.BytesIO(data)

    form = form_of(opens, separator=separator, encoding=encoding)
    headings, lines = read_lines(opens, form)
    return Table(form.encoding, form.separator, headings, tuple(lines))


def form_of(opens: Opens, *, separator: str | None = None, encoding: str | None = None) -> Form:
    """How a file is written, as far as that is not decided already. Raises BadTable when it is no text."""
    chosen = _checked_encoding(opens, encoding) if encoding else encoding_of(opens)
    with _text(opens, chosen) as text:
        front = _front(text)
    said = _EXCEL_SEPARATOR.match(front)
    found = separator or (said[1] if said else separator_of(front))
    return Form(chosen, found, said is not None)


def read_lines(opens: Opens, form: Form) -> tuple[tuple[str, ...], Iterator[Line]]:
    """The headings, and the lines below them as they are asked for. Raises BadTable, also from the iterator."""
    lines = _lines(opens, form)
    first = next(lines, None)
    if first is None:
        raise BadTable("The file has no line with content.")
    return tuple(cell.strip() for cell in first.cells), lines


def encoding_of(opens: Opens) -> str:
    """The encoding: by byte order mark, else UTF-8, else Windows-1252. Raises BadTable."""
    with opens() as file:
        front = file.read(4)
    marked = next((encoding for mark, encoding in BYTE_ORDER_MARKS if front.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-8", "cp1252"):
        if _can_be(opens, encoding):
            return encoding
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


def _can_be(opens: Opens, encoding: str) -> bool:
    """Whether all bytes are text in an encoding. Raises BadTable for zero bytes, which no text has."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with opens() as file:
        try:
            while chunk := file.read(CHUNK):
                if "\0" in decoder.decode(chunk):
                    raise BadTable("The file holds zero bytes: it is no text. Save the sheet as CSV.")
            decoder.decode(b"", final=True)
        except UnicodeError:
            return False
    return True


def _checked_encoding(opens: Opens, encoding: str) -> str:
    with opens() as file:
        marked = encoding == "utf-8" and file.read(3) == codecs.BOM_UTF8
    chosen = "utf-8-sig" if marked else encoding
    if not _can_be(opens, chosen):
        raise BadTable(f"The file is no {encoding} text.")
    return chosen


def _text(opens: Opens, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(opens(), encoding=encoding, newline="")


def _front(text: io.TextIOWrapper) -> str:
    try:
        return text.read(FRONT)
    except UnicodeError as error:
        raise BadTable("The file ends within a character.") from error


def _lines(opens: Opens, form: Form) -> Iterator[Line]:
    with _text(opens, form.encoding) as text:
        skipped = 1 if form.said and text.readline() else 0
        reader = csv.reader(text, delimiter=form.separator)
        last = 0
        try:
            for cells in reader:
                first, last = last + 1, reader.line_num
                if any(cell.strip() for cell in cells):
                    yield Line(first + skipped, tuple(cells))
        except csv.Error as error:
            raise BadTable(f"Line {reader.line_num + skipped} cannot be read: {error}.") from error
