"""Rows of a worksheet as the XML of an XLSX file (ECMA-376 part 1, 18.3.1), written as fast as text can be joined.

A cell without a reference stands right of the one before it, so a study's cells are made once and serve every row.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape

from dosebus.catalogue.field import Field, Kind
from dosebus_export.cells import Convert, converter, number_text
from dosebus_export.progress import UnfitError
from dosebus_export.rows import Written

MOST_ROWS = 1_048_576
LONGEST_TEXT = 32_767
KEPT_TEXTS = 512
"""Texts of a field whose XML is remembered: names of protocols, codes and devices come again and again."""
EMPTY = "<c/>"
NO_NUMBER = '<c t="e"><v>#NUM!</v></c>'
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def text_cell(text: str) -> str:
    """A text in its cell; what XML cannot hold is written as `_xHHHH_` (18.18.59 ST_Xstring)."""
    written = _UNWRITABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", escape(text[:LONGEST_TEXT]))
    space = "" if text == text.strip() else ' xml:space="preserve"'
    return f'<c t="inlineStr"><is><t{space}>{written}</t></is></c>'


def number_cell(text: str) -> str:
    """A number in its cell; what is none (`inf`, `nan`) becomes an error value."""
    return NO_NUMBER if text[-1] in "fn" else f"<c><v>{text}</v></c>"


def xml_converter(field: Field) -> Convert:
    """What turns the stored values of a field, where there is one, into cells of XML, with a memory for its texts."""
    factor = field.factor
    if field.kind is Kind.NUMBER:
        return lambda value: number_cell(number_text(value * factor))
    if field.kind is Kind.INTEGER:
        return lambda value: number_cell(str(value))
    convert, cell = converter(field), lru_cache(KEPT_TEXTS)(text_cell)
    return lambda value: cell(str(convert(value)))


AS_XML = Written(xml_converter, EMPTY)


class SheetRows:
    """A file that grows by rows of XML, below `above` rows that stand already."""

    def __init__(self, path: Path, above: int) -> None:
        self.path = path
        self._rows = above
        self._file: IO[str] = path.open("w", encoding="utf-8", newline="")

    def add(self, *cells: str) -> None:
        """One more row of cells that are XML. Raises UnfitError where a sheet has no more."""
        if self._rows >= MOST_ROWS:
            raise UnfitError(f"More than {MOST_ROWS} rows do not fit a worksheet; export CSV instead.")
        self._rows += 1
        self._file.write(f'<row r="{self._rows}">{"".join(cells)}</row>')

    def close(self) -> None:
        """Nothing comes any more."""
        self._file.close()
