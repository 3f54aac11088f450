"""Values as cells, and names of sheets."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from dosebus.catalogue.field import DAP, Field, Kind, quantity, text
from dosebus_export.cells import converter, harmless, number, plain, readable
from dosebus_export.xlsxfile import sheet_names

COLUMN: sa.ColumnElement[object] = sa.column("value")


@pytest.mark.parametrize("evil", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")'])
def test_text_that_could_be_a_formula_is_defused(evil: str) -> None:
    assert harmless(evil) == f"'{evil}"
    assert converter(text("t", "T", COLUMN))(evil) == f"'{evil}"


@given(st.text())
def test_no_text_cell_begins_a_formula(value: str) -> None:
    cell = converter(text("t", "T", COLUMN))(value)
    assert isinstance(cell, str)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell.removeprefix("'") == value.removeprefix("'")


def test_quantities_are_numbers_in_the_unit_of_the_heading_without_dust() -> None:
    dap = quantity("dap", "DAP", COLUMN, "Gy·m²", display=DAP)
    assert dap.heading == "DAP (cGy·cm²)"
    assert converter(dap)(3.2e-5) == 32.0
    assert converter(dap)(-3.2e-5) == -32.0


@given(st.floats(1e-12, 1e12))
def test_no_digit_that_a_device_can_have_is_lost(value: float) -> None:
    assert number(value) == pytest.approx(value, rel=1e-11)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "yes"),
        (1.50, "1.5"),
        (datetime(2026, 5, 4, 8, 30), "2026-05-04 08:30:00"),  # noqa: DTZ001 - the device's own time
        (date(2026, 5, 4), "2026-05-04"),
        (time(8, 30), "08:30:00"),
        ([1.0, 2.5], "1; 2.5"),
    ],
)
def test_other_values_are_plain_text(value: object, shown: str) -> None:
    assert plain(value) == shown


def test_nested_values_can_be_read() -> None:
    field = Field("dose_check", "Dose check", COLUMN, Kind.NESTED)
    nested = [{"dlp_alert_value_mgycm": 900.0, "reason": None, "persons": [{"person_name": "A"}]}]
    assert converter(field)(nested) == "dlp alert value mgycm: 900, persons: person name: A"
    assert readable({"a_b": 1}) == "a b: 1"


@given(st.lists(st.text(max_size=60), unique=True, max_size=40))
def test_sheet_names_are_allowed_and_no_two_are_alike(protocols: list[str]) -> None:
    names = sheet_names(protocols)
    assert list(names) == protocols
    assert len({name.lower() for name in names.values()}) == len(protocols)
    for name in names.values():
        assert 1 <= len(name) <= 31
        assert not set(name) & set("[]:*?/\\")
        assert not name.startswith("'")
