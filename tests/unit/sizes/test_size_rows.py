"""Lines of a size table become metres and kilograms, or a reason why not."""

from __future__ import annotations

from typing import Any

import pytest

from dosebus.sizes.rows import (
    HEIGHT,
    WEIGHT,
    Columns,
    HeightUnit,
    KeyKind,
    SizeRow,
    choose_columns,
    code_of,
    decide,
    size_of,
    size_row,
)
from dosebus.sizes.table import BadTable, Line

COLUMNS = Columns(key=0, key_kind="accession", height=1, weight=2)


@pytest.mark.parametrize(
    ("cell", "unit", "metres"),
    [
        ("172", "auto", 1.72),
        ("172,5", "auto", 1.725),
        ("1.72", "auto", 1.72),
        ("1,72 m", "auto", 1.72),
        ("172 cm", "m", 1.72),
        ("48", "cm", 0.48),
        ("0.48", "m", 0.48),
    ],
)
def test_heights_become_metres(cell: str, unit: HeightUnit, metres: float) -> None:
    assert size_of(cell, HEIGHT, unit) == pytest.approx(metres)


@pytest.mark.parametrize(("cell", "kilograms"), [("80", 80), ("80,5", 80.5), (" 3.2kg ", 3.2), (",9", 0.9)])
def test_weights_are_kilograms(cell: str, kilograms: float) -> None:
    assert size_of(cell, WEIGHT, "auto") == pytest.approx(kilograms)


@pytest.mark.parametrize(
    ("cell", "quantity", "unit", "reason"),
    [
        ("tall", HEIGHT, "auto", "no number"),
        ("-172", HEIGHT, "auto", "no number"),
        ("1.720,5", HEIGHT, "auto", "no number"),
        ("nan", WEIGHT, "auto", "no number"),
        ("1.72", HEIGHT, "cm", "no height of a person"),
        ("172", HEIGHT, "m", "no height of a person"),
        ("0", HEIGHT, "auto", "no height of a person"),
        ("1720", HEIGHT, "auto", "no height of a person"),
        ("5000", WEIGHT, "auto", "no weight of a person"),
        ("0", WEIGHT, "auto", "no weight of a person"),
        ("68 in", HEIGHT, "auto", "its unit is not cm or m"),
        ("170 lb", WEIGHT, "auto", "its unit is not kg"),
        ("80 cm", WEIGHT, "auto", "its unit is not kg"),
    ],
)
def test_what_no_person_measures_is_refused(cell: str, quantity: str, unit: HeightUnit, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        size_of(cell, HEIGHT if quantity == HEIGHT else WEIGHT, unit)


@pytest.mark.parametrize(
    ("cells", "sizes", "problem"),
    [
        (("A1", "172", "80"), {HEIGHT: 1.72, WEIGHT: 80.0}, None),
        (("A1", "", "80"), {WEIGHT: 80.0}, None),
        (("A1", "172"), {HEIGHT: 1.72}, None),
        (("A1", "172", "80", "", " "), {HEIGHT: 1.72, WEIGHT: 80.0}, None),
        (("A1", "", ""), {}, None),
        (("A1", "x", "80"), {WEIGHT: 80.0}, "height in column 2 not used"),
        (("", "172", "80"), {}, "no key in column 1"),
        (("A1", "1", "72", "80"), {}, "4 cells under 3 headings"),
        (("A1", "80", "172"), {}, "swapped"),
    ],
)
def test_a_line_tells_what_can_be_used_of_it(
    cells: tuple[str, ...], sizes: dict[str, float], problem: str | None
) -> None:
    row = size_row(Line(7, cells), 3, COLUMNS)
    assert row.sizes == sizes
    assert len(row.problems) == (problem is not None)
    assert (problem or "") in " ".join(row.problems)


def test_standing_values_are_kept_unless_the_file_may_overwrite() -> None:
    row = SizeRow(2, "A1", {HEIGHT: 1.72, WEIGHT: 80.0})
    standing = {HEIGHT: 1.7, WEIGHT: None}
    kept = decide(row, standing, overwrite=False)
    assert [one.writes for one in kept] == [False, True]
    assert [one.told() for one in kept] == [
        "height of 1.7 m kept; the file says 1.72 m",
        "weight set to 80 kg",
    ]
    assert [one.writes for one in decide(row, standing, overwrite=True)] == [True, True]


@pytest.mark.parametrize(
    ("row", "stands", "overwrite", "code"),
    [
        (SizeRow(2, "A1", {HEIGHT: 1.72}), None, False, "changed"),
        (SizeRow(2, "A1", {HEIGHT: 1.72}), 1.7, False, "kept"),
        (SizeRow(2, "A1", {HEIGHT: 1.72}), 1.7, True, "changed"),
        (SizeRow(2, "A1", {HEIGHT: 1.72}), 1.72, True, "same"),
        (SizeRow(2, "A1", {HEIGHT: 1.72}, ("weight",)), None, False, "partly"),
        (SizeRow(2, "A1", {}, ("weight",)), None, False, "invalid"),
        (SizeRow(2, "A1"), None, False, "no_size"),
    ],
)
def test_what_happened_in_a_word(row: SizeRow, stands: float | None, overwrite: bool, code: str) -> None:
    assert code_of(row, decide(row, {HEIGHT: stands}, overwrite=overwrite)) == code


def _chosen(
    *headings: str,
    key: str | None = None,
    key_kind: KeyKind | None = None,
    height: str | None = None,
    weight: str | None = None,
) -> Columns:
    return choose_columns(headings, key=key, key_kind=key_kind, height=height, weight=weight)


def test_known_headings_need_not_be_named() -> None:
    assert _chosen("Weight [kg]", "ACCESSION_NUMBER", "Patient Size (m)") == Columns(1, "accession", 2, 0)
    assert _chosen("Study Instance UID", "Größe") == Columns(0, "study-uid", 1, None)
    assert _chosen("Accession", "StudyInstanceUID", "Gewicht", key="2").key_kind == "study-uid"
    assert _chosen("Accession", "Height", "Weight", weight="Weight") == Columns(0, "accession", None, 2)
    assert _chosen("a", "b", "c", key="a", height="c", key_kind="study-uid") == Columns(
        0, "study-uid", 2, None
    )


@pytest.mark.parametrize(
    ("headings", "named", "reason"),
    [
        (("a", "Height"), {}, "hold the key"),
        (("Accession", "b"), {}, "hold a size"),
        (("Accession", "b"), {"height": "b", "weight": "b"}, "two things"),
        (("Accession", "Weight (lb)"), {}, "is in lb"),
        (("Accession", "Height_in"), {}, "is in in"),
    ],
)
def test_columns_that_cannot_be_are_refused(
    headings: tuple[str, ...], named: dict[str, Any], reason: str
) -> None:
    with pytest.raises(BadTable, match=reason):
        _chosen(*headings, **named)
