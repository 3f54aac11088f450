"""How alike names are: what a physicist would call the same examination, and what never."""

from __future__ import annotations

from datetime import datetime

import pytest

from dosebus_web.pages.names import overview
from dosebus_web.pages.names.mapping import Raw, State
from dosebus_web.pages.names.scorer import likeness, meaning, new_name
from dosebus_web.pages.names.suggest import Suggestion, suggest, unmapped
from dosebus_web.pages.names.volume import Seen

SAME = [
    ("CT ABD W", "Abdomen with contrast"),
    ("CT THX", "Chest"),
    ("CTPA", "Pulmonary angiography"),
    ("TAP C+", "Chest abdomen pelvis with contrast"),
    ("ROUTINE HEAD", "Head"),
    ("Schädel nativ", "Head without contrast"),
    ("CT Thorax mit KM", "Chest with contrast"),
    ("HWS", "C-Spine"),
    ("Abdomen/Pelvis w & w/o", "Abdomen pelvis with and without contrast"),
    ("ABDO_PELVIS", "Pelvis, abdomen"),
    ("LT KNEE", "Knee left"),
    ("Paed Head", "Head child"),
    ("Head wo", "Brain without contrast"),
]
LESS = [
    ("Knee Left AP", "Knee left"),
    ("L-Spine lat", "Lumbar spine"),
    ("CT CHEST W/WO CONTRAST", "Chest"),
    ("Chest 5 mm", "Chest"),
]
HARDLY = [
    ("CT Abdomen", "Chest abdomen"),
    ("CT ABDOMEN W/O CONTRAST", "Abdomen with contrast"),
    ("CT Head", "Chest abdomen pelvis"),
    ("Foot", "Head"),
]
NEVER = [
    ("Knee LT", "Knee right"),
    ("Hand re", "Hand left"),
    ("Paed Head", "Head"),
    ("", "Head"),
    ("Wrist", "Mandible"),
    ("CT", "CT study"),
]


def score(one: str, other: str) -> float:
    return likeness(meaning(one), meaning(other))


@pytest.mark.parametrize(("raw", "name"), SAME)
def test_the_same_in_other_words_is_certain(raw: str, name: str) -> None:
    assert score(raw, name) == pytest.approx(1.0)


@pytest.mark.parametrize(("raw", "name"), LESS)
def test_one_word_or_property_more_lowers_the_score(raw: str, name: str) -> None:
    assert 0.6 < score(raw, name) < 1.0


@pytest.mark.parametrize(("raw", "name"), HARDLY)
def test_other_contrast_or_few_words_in_common_are_no_match(raw: str, name: str) -> None:
    assert score(raw, name) < 0.6


@pytest.mark.parametrize(("raw", "name"), NEVER)
def test_another_side_a_child_or_nothing_in_common_is_never_the_same(raw: str, name: str) -> None:
    assert score(raw, name) == 0.0


def test_the_order_of_two_names_does_not_matter() -> None:
    for raw, name in (*SAME, *LESS, *HARDLY, *NEVER):
        assert score(raw, name) == pytest.approx(score(name, raw))


def test_a_new_name_is_read_from_the_raw_name() -> None:
    assert new_name(meaning("CT ABD W/O")) == "Abdomen without contrast"
    assert new_name(meaning("KNIE LI")) == "Knee left"


def seen(raw_name: str, volume: int = 1, source: str = "study_description") -> Seen:
    return Seen((source, raw_name.lower()), raw_name, volume, datetime(2026, 3, 1))  # noqa: DTZ001 - device times have no zone


def suggested(state: State, *raw_names: str) -> list[Suggestion]:
    return suggest(state, unmapped(state, [seen(one) for one in raw_names], "", ""))


STATE = State(
    names={1: "Abdomen with contrast", 2: "Liver protocol of our house"},
    raws={
        ("study_description", "triphasic"): Raw("Triphasic", 2),
        ("requested_procedure", "abd triph"): Raw("ABD TRIPH", 2),
    },
)


def test_a_mapped_name_that_is_alike_suggests_its_standard_name_and_says_so() -> None:
    (one,) = suggested(STATE, "TRIPHASIC CT")
    assert (one.name, one.percent, one.like) == ("Liver protocol of our house", 97, "Triphasic")


def test_what_is_mapped_under_another_source_is_certain() -> None:
    (one,) = suggested(STATE, "abd triph")
    assert (one.name, one.percent) == ("Liver protocol of our house", 100)


def test_a_rejected_suggestion_is_not_made_again() -> None:
    (before,) = suggested(STATE, "CT ABD W")
    assert before.name == "Abdomen with contrast"
    rejected = frozenset({("study_description", "ct abd w", 1)})
    (after,) = suggested(State(STATE.names, STATE.raws, rejected), "CT ABD W")
    assert after.name != "Abdomen with contrast"


def test_what_is_not_mapped_comes_by_volume_and_can_be_searched() -> None:
    found = [seen("one", 3), seen("two", 30), seen("Triphasic", 99), seen("two", 5, "procedure")]
    left = unmapped(STATE, found, "", "")
    assert [(one.raw_name, one.volume) for one in left] == [("two", 30), ("one", 3)]
    assert left[0].sources == ("study_description", "procedure")
    assert [one.volume for one in unmapped(STATE, found, "TW", "procedure")] == [5]


def test_a_study_counts_once_for_a_standard_name_however_many_of_its_texts_are_mapped() -> None:
    raws = {
        ("study_description", "a"): Raw("A", 1),
        ("study_description", "b"): Raw("B", 1),
        ("procedure", "a"): Raw("A", 1),
    }
    found = [seen("A", 5), seen("B", 2), seen("A", 6, "procedure"), seen("C", 9)]
    (row,) = overview.rows(State({1: "Name"}, raws), found, "")
    assert (row.volume, row.raws) == (7, ("A", "B"))
    assert overview.rows(State({1: "Name"}, raws), found, "c") == []
    assert overview.share_mapped(State({1: "Name"}, raws), found)["study_description"] == (7, 16)
