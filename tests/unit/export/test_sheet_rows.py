"""Rows of a workbook: every cell in its place, every text as it was."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from zipfile import ZipFile

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from xlsxwriter.workbook import Workbook

from dosebus.catalogue.field import quantity, text
from dosebus_export.progress import UnfitError
from dosebus_export.sheetrows import EMPTY, MOST_ROWS, SheetRows, text_cell, xml_converter
from dosebus_export.workbook import join, sheet_part

COLUMN: sa.ColumnElement[object] = sa.column("value")
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def parsed(document: str | bytes) -> Element:
    """The root of a document that we wrote ourselves."""
    return ElementTree.fromstring(document)  # noqa: S314


def text_in(cell: str) -> str:
    """What a reader of XLSX makes of a text's cell."""
    held = parsed(cell).find("is/t")
    assert held is not None
    return re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), held.text or "")


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_any_text_comes_back(text: str) -> None:
    assert text_in(text_cell(text)) == text


def test_a_text_that_looks_like_an_escape_comes_back() -> None:
    assert text_in(text_cell("_x0041_ <&>")) == "_x0041_ <&>"


def test_an_empty_cell_keeps_its_place_and_no_number_is_an_error_value() -> None:
    numbers, names = xml_converter(quantity("n", "N", COLUMN, "Gy")), xml_converter(text("t", "T", COLUMN))
    cells = [numbers(1.5), numbers(2.0), numbers(float("nan")), numbers(float("-inf")), names("=x")]
    row = parsed(f"<row>{EMPTY}{''.join(map(str, cells))}</row>")
    assert [cell.findtext("v") for cell in row] == [None, "1.5", "2", "#NUM!", "#NUM!", None]
    assert text_in(str(cells[-1])) == "'=x"


def test_rows_go_below_the_heading_of_their_sheet(tmp_path: Path) -> None:
    book = Workbook(tmp_path / "small.xlsx", {"constant_memory": True})
    for title in ("one", "two"):
        book.add_worksheet(title).write_string(0, 0, title)
    book.close()
    rows = SheetRows(tmp_path / "rows.xml", above=1)
    rows.add(EMPTY, text_cell("Head"))
    rows.close()
    join(tmp_path / "small.xlsx", {sheet_part(2): rows.path}, tmp_path / "whole.xlsx")
    with ZipFile(tmp_path / "whole.xlsx") as whole:
        assert whole.testzip() is None
        read = [parsed(whole.read(sheet_part(number))) for number in (1, 2)]
    assert [[row.get("r") for row in sheet.iter(f"{MAIN}row")] for sheet in read] == [["1"], ["1", "2"]]
    assert [text.text for text in read[1].iter(f"{MAIN}t")] == ["two", "Head"]


def test_more_rows_than_a_sheet_has_are_refused(tmp_path: Path) -> None:
    rows = SheetRows(tmp_path / "rows.xml", above=MOST_ROWS)
    with pytest.raises(UnfitError, match="export CSV"):
        rows.add("<c/>")
    rows.close()
