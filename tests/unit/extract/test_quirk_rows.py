"""Every quirk is a row that says what it is, why, and where it was seen."""

from __future__ import annotations

from importlib.util import find_spec

from dosebus_extract.quirks.leniency import LENIENCIES
from dosebus_extract.quirks.registry import ALL


def test_every_quirk_has_a_name_of_its_own_and_a_reason() -> None:
    assert len({quirk.name for quirk in ALL}) == len(ALL)
    assert all(quirk.name and len(quirk.reason) > 20 for quirk in ALL)
    assert all(quirk.seen_in == "" or "-" in quirk.seen_in for quirk in ALL)


def test_every_leniency_says_what_comes_of_it_and_where() -> None:
    assert len({one.name for one in LENIENCIES}) == len(LENIENCIES)
    for one in LENIENCIES:
        assert len(one.reason) > 15, one.name
        assert find_spec(f"dosebus_extract.{one.place}") is not None, one.place
