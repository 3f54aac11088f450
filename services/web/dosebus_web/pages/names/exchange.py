"""The mapping as CSV, so that sites can share one."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dosebus.catalogue.standard_names import ACQUISITION_TABLES, MODALITY_TYPES, STUDY_SOURCES
from dosebus_web.language import gettext as _
from dosebus_web.pages.names.store import Chapter

COLUMNS = ("modality", "standard_name", "source", "raw_name")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
MOST_LINES = 20_000
LONGEST = 200
KINDS = {**dict.fromkeys((one.name for one in STUDY_SOURCES), "study"), "acquisition_protocol": "acquisition"}


class FileError(ValueError):
    """A file that is no mapping; the text says where and why."""


@dataclass(frozen=True, slots=True)
class Line:
    """One raw name of a file with its standard name."""

    chapter: Chapter
    name: str
    source: str
    raw_name: str


def harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith((*FORMULA, "'")) else text


def plain(cell: str) -> str:
    """What `harmless` was given."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith((*FORMULA, "'")) else cell


def write(lines: Iterable[Line]) -> Iterator[bytes]:
    """The file, with a mark that tells spreadsheets it is UTF-8."""
    yield b"\xef\xbb\xbf"
    rows = ((one.chapter.modality_type, one.name, one.source, one.raw_name) for one in lines)
    for row in (COLUMNS, *rows):
        buffer = io.StringIO()
        csv.writer(buffer).writerow([harmless(cell) for cell in row])
        yield buffer.getvalue().encode()


def read(content: bytes) -> list[Line]:
    """The lines of a file, with commas or semicolons. Raises FileError naming the line."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(_("The file is not UTF-8.")) from error
    head = text.split("\n", 1)[0]
    rows = csv.reader(
        io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ","
    )
    try:
        found = list(rows)
    except csv.Error as error:
        raise FileError(_("The file is not CSV.")) from error
    if not found or tuple(cell.strip() for cell in found[0]) != COLUMNS:
        raise FileError(_("The first line must be %(columns)s.", columns=", ".join(COLUMNS)))
    if len(found) > MOST_LINES:
        raise FileError(_("The file has more than %(most)s lines.", most=MOST_LINES))
    return [
        _line(number, row) for number, row in enumerate(found[1:], 2) if any(cell.strip() for cell in row)
    ]


def _line(number: int, row: list[str]) -> Line:
    cells = [plain(cell.strip()).strip() for cell in row]
    if (
        len(cells) != len(COLUMNS)
        or not all(cells)
        or any("\0" in one or len(one) > LONGEST for one in cells)
    ):
        raise FileError(_("Line %(line)s: four texts of at most 200 characters are needed.", line=number))
    modality, name, source, raw_name = cells
    kind = KINDS.get(source)
    known = MODALITY_TYPES if kind == "study" else tuple(ACQUISITION_TABLES)
    if kind is None or modality not in known:
        raise FileError(_("Line %(line)s: there is no such modality or source.", line=number))
    return Line(Chapter(modality, kind), name, source, raw_name)
