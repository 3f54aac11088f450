"""The preview of a table shows how it would be read, whatever a person decides about it."""

from __future__ import annotations

import io
from typing import Any, BinaryIO

import pytest

from dosebus_web.pages.sizes.preview import UNREAD, Choice, preview

GERMAN = "Zugangsnummer;Größe;Gewicht\n A1;172;80,5\nA2;x;\n".encode("cp1252")


def _shown(data: bytes, **decided: Any) -> Any:
    def opens() -> BinaryIO:
        return io.BytesIO(data)

    return preview(opens, Choice(**decided))


def test_a_usual_table_is_understood_without_a_question() -> None:
    found = _shown(GERMAN)
    assert (found.encoding, found.separator, found.key_kind) == ("cp1252", "semicolon", "accession")
    assert found.places == {"key": 0, "height": 1, "weight": 2}
    assert [(one.line.number, one.height, one.weight) for one in found.rows] == [
        (2, 1.72, 80.5),
        (3, None, None),
    ]
    assert found.rows[1].row.problems == ("height in column 2 not used: it is no number",)
    assert not found.problem


@pytest.mark.parametrize(
    ("decided", "problem"),
    [
        ({"encoding": "utf-8"}, "no utf-8 text"),
        ({"separator": "comma"}, "to hold a size"),
        ({"key": 1}, "cannot hold two things"),
        ({"height": UNREAD, "weight": UNREAD}, "to hold a size"),
        ({"key_kind": "study-uid"}, "Choose the column of the key"),
    ],
)
def test_what_cannot_be_says_why_and_keeps_the_table_in_sight(decided: dict[str, Any], problem: str) -> None:
    found = _shown(GERMAN, **decided)
    assert problem in found.problem
    assert found.columns is None
    assert bool(found.rows) == ("encoding" not in decided)


def test_columns_can_be_chosen_against_their_headings() -> None:
    found = _shown(b"id,a,b\n1,172,80\n", key=0, height=1, weight=2, height_unit="cm")
    assert (found.rows[0].height, found.rows[0].weight) == (1.72, 80.0)
    only = _shown(GERMAN, height=UNREAD)
    assert (only.rows[0].height, only.rows[0].weight) == (None, 80.5)


def test_a_column_that_another_separator_took_away_is_found_anew() -> None:
    assert _shown(GERMAN, key=0, height=40, weight=2).places == {"key": 0, "height": 1, "weight": 2}
