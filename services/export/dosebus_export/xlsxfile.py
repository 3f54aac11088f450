"""XLSX: a summary, all data with a study a row, and a sheet a protocol with an event a row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import sqlalchemy as sa
from sqlalchemy import Connection
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from dosebus.blobs.blobs import BlobKey, Blobs
from dosebus.catalogue.source import matching
from dosebus.store.tables import dose
from dosebus_export.cells import Cell, harmless
from dosebus_export.csvfile import headings
from dosebus_export.progress import Progress, UnfitError
from dosebus_export.rows import Exported, StudyCells, most_events, studies_with_events
from dosebus_export.sheetrows import AS_XML, EMPTY, LONGEST_TEXT, SheetRows, text_cell
from dosebus_export.workbook import join, sheet_part

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_COLUMNS = 16_384
MOST_SHEETS = 100
"""Sheets for single protocols; the rarer ones share a sheet, because every sheet is an open file while it grows."""
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Stands as the file's date, so that the same data give the same bytes."""
PROTOCOL = "acquisition_protocol"


@dataclass
class Sheet:
    """A sheet of headings and few rows."""

    worksheet: Worksheet
    rows: int = 0

    def add(self, cells: Iterable[Cell], style: Format | None = None) -> None:
        """One more row."""
        for column, cell in enumerate(cells):
            if isinstance(cell, str):
                self.worksheet.write_string(self.rows, column, cell[:LONGEST_TEXT], style)
            elif cell is not None:
                self.worksheet.write_number(self.rows, column, cell, style)
        self.rows += 1


class Book:
    """The workbook while it is written: a small one with headings and summary, and the rows of its sheets beside."""

    def __init__(self, folder: Path, exported: Exported, frequencies: Sequence[tuple[str, int]]) -> None:
        self._exported = exported
        self._folder = folder
        self._workbook = Workbook(
            folder / "headings.xlsx",
            {"constant_memory": True, "tmpdir": str(folder), "strings_to_formulas": False},
        )
        self._workbook.set_properties({"title": f"DoseBus {exported.listing.title}", "created": EPOCH})
        self._bold = self._workbook.add_format({"bold": True})
        self._rows: dict[str, SheetRows] = {}
        self.summary = Sheet(self._workbook.add_worksheet("Summary"))
        self._all_data: SheetRows | None = None
        self._protocol = next(
            (index for index, field in enumerate(exported.event_fields) if field.key == PROTOCOL), None
        )
        self._frequencies = frequencies
        self._protocols: dict[str, SheetRows] = {}
        """By the cell of the protocol."""

    def begin(self, titles: Sequence[str]) -> None:
        """Add the sheets, headings first."""
        self._all_data = self._sheet("All data", titles)
        if self._protocol is None:
            return
        fields = (*self._exported.study_fields, *self._exported.event_fields)
        headings_of_event = [field.heading for field in fields]
        often, rarer = self._frequencies[:MOST_SHEETS], self._frequencies[MOST_SHEETS:]
        for protocol, name in sheet_names([protocol for protocol, _ in often]).items():
            self._protocols |= dict.fromkeys(_cells_of(protocol), self._sheet(name, headings_of_event))
        if rarer:
            rest = self._sheet("Rarer protocols", headings_of_event)
            self._protocols |= {cell: rest for protocol, _ in rarer for cell in _cells_of(protocol)}

    def _sheet(self, name: str, titles: Sequence[str]) -> SheetRows:
        sheet = Sheet(self._workbook.add_worksheet(name))
        self.head(sheet, titles)
        part = sheet_part(len(self._workbook.worksheets()))
        self._rows[part] = SheetRows(self._folder / f"rows{len(self._rows)}.xml", above=sheet.rows)
        return self._rows[part]

    def head(self, sheet: Sheet, titles: Sequence[str]) -> None:
        """A first line that stays in sight."""
        sheet.add(titles, self._bold)
        sheet.worksheet.freeze_panes(1, 0)

    def add(self, study: StudyCells) -> None:
        """One study whose cells are XML: a row of all data, and a row an event on the sheet of its protocol.

        Raises UnfitError.
        """
        if self._all_data is None:
            raise RuntimeError("a book takes studies once it has begun")
        of_study = "".join(cast("tuple[str, ...]", study.study))
        of_events = ["".join(cast("tuple[str, ...]", event)) for event in study.events]
        self._all_data.add(of_study, *of_events)
        if self._protocol is None:
            return
        for event, cells in zip(study.events, of_events, strict=True):
            sheet = self._protocols.get(str(event[self._protocol]))
            if sheet is not None:
                sheet.add(of_study, cells)

    def close(self) -> None:
        """Nothing comes any more."""
        for rows in self._rows.values():
            rows.close()

    def finish(self) -> Path:
        """The whole file."""
        self.close()
        self._workbook.close()
        whole = self._folder / "export.xlsx"
        join(self._folder / "headings.xlsx", {part: rows.path for part, rows in self._rows.items()}, whole)
        return whole


def write_xlsx(connection: Connection, exported: Exported, progress: Progress, blobs: Blobs) -> BlobKey:
    """Write a workbook beside, then stream it into the blob store. Raises UnfitError where it would not fit."""
    events = most_events(connection, exported)
    titles = headings(exported, events)
    if len(titles) > MOST_COLUMNS:
        raise UnfitError(f"{events} events of one study do not fit the columns of a worksheet; export CSV.")
    by_protocol = protocol_frequencies(connection, exported)
    with TemporaryDirectory(prefix="dosebus-export-") as folder:
        book = Book(Path(folder), exported, by_protocol)
        try:
            book.begin(titles)
            for study in progress(studies_with_events(connection, exported, AS_XML)):
                book.add(study)
            summarise(book, connection, exported, progress.done, by_protocol)
            return blobs.put(_pieces(book.finish()))
        finally:
            book.close()


def summarise(
    book: Book,
    connection: Connection,
    exported: Exported,
    studies: int,
    by_protocol: Sequence[tuple[str, int]],
) -> None:
    """The first sheet: how many studies, of which descriptions, requests and protocols."""
    sheet = book.summary
    book.head(sheet, [f"DoseBus: {exported.listing.title}"])
    sheet.add(("Studies", studies))
    tables = (
        ("Study description", study_frequencies(connection, exported, "study_description")),
        ("Requested procedure", study_frequencies(connection, exported, "requested_procedure")),
        ("Protocol", by_protocol),
    )
    for title, frequencies in tables:
        sheet.add(())
        book.head(sheet, [title, "Frequency"])
        for name, count in frequencies:
            sheet.add((name or "(none)", count))
    sheet.worksheet.set_column(0, 0, 50)


def study_frequencies(connection: Connection, exported: Exported, column: str) -> list[tuple[str, int]]:
    """How many matching studies have which text in a column, the most frequent first."""
    value = sa.func.coalesce(dose.study.c[column], "").label("value")
    statement = (
        sa.select(value, sa.func.count().label("studies"))
        .where(dose.study.c.id.in_(matching(exported.listing, exported.query)))
        .group_by(value)
        .order_by(sa.desc("studies"), "value")
    )
    return [(harmless(row.value), row.studies) for row in connection.execute(statement)]


def protocol_frequencies(connection: Connection, exported: Exported) -> list[tuple[str, int]]:
    """How many events of matching studies have which protocol, the most frequent first."""
    events = exported.listing.event_table
    if PROTOCOL not in events.c:
        return []
    value = sa.func.coalesce(events.c[PROTOCOL], "").label("value")
    statement = (
        sa.select(value, sa.func.count().label("events"))
        .where(events.c.study_id.in_(matching(exported.listing, exported.query)))
        .group_by(value)
        .order_by(sa.desc("events"), "value")
    )
    return [(harmless(row.value), row.events) for row in connection.execute(statement)]


def sheet_names(protocols: Sequence[str]) -> dict[str, str]:
    """A sheet name for every protocol: allowed characters, at most 31 of them, no two alike."""
    taken = {"summary", "all data", "rarer protocols", "history"}
    names: dict[str, str] = {}
    for protocol in protocols:
        plain = re.sub(r"[\[\]:*?/\\\x00-\x1f]", "_", protocol).strip().strip("'") or "(no protocol)"
        name, number = plain[:31], 1
        while name.lower() in taken:
            number += 1
            name = f"{plain[: 31 - len(str(number)) - 1]}~{number}"
        taken.add(name.lower())
        names[protocol] = name
    return names


def _cells_of(protocol: str) -> tuple[str, ...]:
    """The cells in which a protocol may stand; none at all is like an empty text."""
    return (text_cell(protocol),) if protocol else (text_cell(protocol), EMPTY)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            yield piece
