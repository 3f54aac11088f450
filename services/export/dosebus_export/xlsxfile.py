"""XLSX: a summary, all data with a study a row, and a sheet a protocol with an event a row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

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

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
MOST_SHEETS = 100
"""Sheets for single protocols; the rarer ones share a sheet, because every sheet is an open file while it grows."""
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Stands as the file's date, so that the same data give the same bytes."""
PROTOCOL = "acquisition_protocol"


@dataclass
class Sheet:
    """A sheet that grows downwards."""

    worksheet: Worksheet
    rows: int = 0

    def add(self, cells: Iterable[Cell], style: Format | None = None) -> None:
        """One more row. Raises UnfitError where a sheet has no more."""
        if self.rows >= MOST_ROWS:
            raise UnfitError(f"More than {MOST_ROWS} rows do not fit a worksheet; export CSV instead.")
        write_string, write_number, row = self.worksheet.write_string, self.worksheet.write_number, self.rows
        for column, cell in enumerate(cells):
            if cell is None:
                continue
            if isinstance(cell, str):
                write_string(row, column, cell[:32767], style)
            else:
                write_number(row, column, cell, style)
        self.rows += 1


class Book:
    """The workbook while it is written. Only the row in hand is in memory."""

    def __init__(self, path: Path, exported: Exported, frequencies: Sequence[tuple[str, int]]) -> None:
        self._exported = exported
        self._workbook = Workbook(
            path, {"constant_memory": True, "tmpdir": str(path.parent), "strings_to_formulas": False}
        )
        self._workbook.set_properties({"title": f"DoseBus {exported.listing.title}", "created": EPOCH})
        self._bold = self._workbook.add_format({"bold": True})
        self.summary = Sheet(self._workbook.add_worksheet("Summary"))
        self.all_data = Sheet(self._workbook.add_worksheet("All data"))
        self._protocol = next(
            (index for index, field in enumerate(exported.event_fields) if field.key == PROTOCOL), None
        )
        self._sheets = self._protocol_sheets(frequencies)

    def _protocol_sheets(self, frequencies: Sequence[tuple[str, int]]) -> dict[str, Sheet]:
        if self._protocol is None:
            return {}
        names = sheet_names([protocol for protocol, _ in frequencies[:MOST_SHEETS]])
        sheets = {protocol: self._event_sheet(name) for protocol, name in names.items()}
        if len(frequencies) > MOST_SHEETS:
            rest = self._event_sheet("Rarer protocols")
            sheets |= {protocol: rest for protocol, _ in frequencies[MOST_SHEETS:]}
        return sheets

    def _event_sheet(self, name: str) -> Sheet:
        sheet = Sheet(self._workbook.add_worksheet(name))
        self.head(
            sheet, [field.heading for field in (*self._exported.study_fields, *self._exported.event_fields)]
        )
        return sheet

    def head(self, sheet: Sheet, titles: Sequence[str]) -> None:
        """A first line that stays in sight."""
        sheet.add(titles, self._bold)
        sheet.worksheet.freeze_panes(1, 0)

    def add(self, study: StudyCells) -> None:
        """One study: a row of all data, and a row an event on the sheet of its protocol."""
        self.all_data.add((*study.study, *(cell for event in study.events for cell in event)))
        if self._protocol is None:
            return
        for event in study.events:
            sheet = self._sheets.get(str(event[self._protocol] or ""))
            if sheet is not None:
                sheet.add((*study.study, *event))

    def close(self) -> None:
        """Finish the file."""
        self._workbook.close()


def write_xlsx(connection: Connection, exported: Exported, progress: Progress, blobs: Blobs) -> BlobKey:
    """Write a workbook beside, then stream it into the blob store. Raises UnfitError where it would not fit."""
    events = most_events(connection, exported)
    titles = headings(exported, events)
    if len(titles) > MOST_COLUMNS:
        raise UnfitError(f"{events} events of one study do not fit the columns of a worksheet; export CSV.")
    by_protocol = protocol_frequencies(connection, exported)
    with TemporaryDirectory(prefix="dosebus-export-") as folder:
        path = Path(folder) / "export.xlsx"
        book = Book(path, exported, by_protocol)
        try:
            book.head(book.all_data, titles)
            for study in progress(studies_with_events(connection, exported)):
                book.add(study)
            summarise(book, connection, exported, progress.done, by_protocol)
        finally:
            book.close()
        return blobs.put(_pieces(path))


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


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            yield piece
