"""Tables of patient sizes are understood however a sheet wrote them, or refused with a reason."""

from __future__ import annotations

import pytest

from dosebus.sizes.table import ENCODINGS, SEPARATORS, BadTable, column_of, read_table, separator_of

GERMAN = "Zugangsnummer;Größe;Gewicht\r\nA1;1,72;80,5\r\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (GERMAN.encode(), "utf-8"),
        (GERMAN.encode("utf-8-sig"), "utf-8-sig"),
        (GERMAN.encode("cp1252"), "cp1252"),
        (GERMAN.encode("utf-16"), "utf-16"),
    ],
)
def test_every_usual_encoding_reads_the_same(data: bytes, encoding: str) -> None:
    table = read_table(data)
    assert table.encoding == encoding
    assert table.headings == ("Zugangsnummer", "Größe", "Gewicht")
    assert [(line.number, line.cells) for line in table.lines] == [(2, ("A1", "1,72", "80,5"))]


@pytest.mark.parametrize(
    ("heading", "separator"),
    [
        ("acc,height,weight", ","),
        ("acc;height, cm;weight, kg", ";"),
        ("acc\theight\tweight", "\t"),
        ('"acc, or number";height;weight', ";"),
        ('"acc; or number",height,weight', ","),
    ],
)
def test_the_separator_is_found_in_the_headings(heading: str, separator: str) -> None:
    assert separator_of(f"{heading}\n1,2;3\n") == separator


def test_lines_keep_their_numbers_over_blank_and_broken_ones() -> None:
    table = read_table(b'sep=;\n\nacc;height\n"A\n1";170\n;;\nA2;171\n')
    assert [line.number for line in table.lines] == [4, 7]
    assert table.lines[0].cells[0] == "A\n1"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no line"),
        (b" \n;;\n", "no line"),
        (b"acc;height\x00;weight\n", "zero bytes"),
        (b"acc;h\x81\n", "neither UTF-8 nor"),
        (b"acc;height\n" + b"9" * 200_000, "Line 2"),
    ],
)
def test_what_is_no_table_is_refused_with_its_reason(data: bytes, reason: str) -> None:
    with pytest.raises(BadTable, match=reason):
        read_table(data)


def test_a_column_is_named_by_heading_or_number() -> None:
    headings = ("Acc", "Size", "size")
    assert column_of(headings, "acc") == 0
    assert column_of(headings, "3") == 2
    with pytest.raises(BadTable, match="its number: 2, 3"):
        column_of(headings, "SIZE")
    with pytest.raises(BadTable, match="There are: Acc, Size, size"):
        column_of(headings, "4")


def test_windows_text_is_not_taken_for_utf_8() -> None:
    assert read_table("Größe\n".encode("cp1252")).headings == ("Größe",)


def test_an_umlaut_far_below_still_decides_the_encoding() -> None:
    data = b"acc;height\n" + b"A;170\n" * 100_000 + "Ä;171\n".encode("cp1252")
    table = read_table(data)
    assert (table.encoding, len(table.lines), table.lines[-1].cells) == ("cp1252", 100_001, ("Ä", "171"))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_form_of_a_table_reads_the_same_by_itself_and_as_decided(
    encoding: str, separator: str, newline: str
) -> None:
    lines = (("Größe", "Gewicht"), ("1.72", '"80,5"'), ("1,6" if separator != "," else "1.6", ""))
    data = newline.join(separator.join(cells) for cells in lines).encode(encoding)
    for decided in ({}, {"encoding": encoding, "separator": separator}):
        table = read_table(data, **decided)
        assert (table.encoding, table.separator, table.headings) == (
            encoding,
            separator,
            ("Größe", "Gewicht"),
        )
        assert [(line.number, line.cells[:2]) for line in table.lines] == [
            (2, ("1.72", "80,5")),
            (3, (lines[2][0], "")),
        ]


def test_a_decision_that_cannot_be_is_refused() -> None:
    with pytest.raises(BadTable, match="no utf-8 text"):
        read_table("Größe;x\n".encode("cp1252"), encoding="utf-8")
    marked = read_table("Größe;x\n".encode("utf-8-sig"), encoding="utf-8")
    assert marked.headings == ("Größe", "x")
