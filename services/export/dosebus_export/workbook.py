"""An XLSX file from a small one without its data and the rows that belong into its sheets."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

END = b"</sheetData>"
DIMENSION = re.compile(rb"<dimension [^>]*/>")
LEVEL = 1
"""Of compression: rows repeat themselves, and higher levels take three times as long for a few per cent."""
PIECE = 1 << 20


def sheet_part(number: int) -> str:
    """The name of the part of a sheet, counted from 1 in the order in which they were added."""
    return f"xl/worksheets/sheet{number}.xml"


def join(skeleton: Path, rows: Mapping[str, Path], target: Path) -> None:
    """Write `skeleton` again as `target`, with the rows of `rows` (by part) below those that its sheets have.

    Parts opened by name have the oldest date of ZIP, so that the same data give the same bytes.
    """
    with ZipFile(skeleton) as source, ZipFile(target, "w", ZIP_DEFLATED, compresslevel=LEVEL) as book:
        for name in source.namelist():
            content = source.read(name)
            if name not in rows:
                with book.open(name, "w") as part:
                    part.write(content)
                continue
            # The dimension would be that of the heading alone; without it a reader counts.
            start, end, rest = DIMENSION.sub(b"", content).partition(END)
            with book.open(name, "w", force_zip64=True) as sheet, rows[name].open("rb") as more:
                sheet.write(start)
                shutil.copyfileobj(more, sheet, PIECE)
                sheet.write(end + rest)
