"""What a query string may ask of a listing, and how it is refused."""

from __future__ import annotations

import pytest

from dosebus.catalogue.filter import CountRange, pattern
from dosebus.catalogue.listings import LISTINGS
from dosebus.catalogue.query import ListQuery, QueryError

CT = LISTINGS["ct"]


def test_items_parse_back_to_the_same_query() -> None:
    items = [("date_from", "2026-01-01"), ("spiral", "2-5"), ("sort", "-total_dlp_mgycm"), ("limit", "100")]
    query = ListQuery.parse(CT, [*items, ("after", "17")])
    assert ListQuery.parse(CT, query.items()) == query
    assert ("after", "17") not in query.items(page=False)


def test_empty_texts_ask_nothing() -> None:
    assert ListQuery.parse(CT, [("study_description", " "), ("dlp_min", "")]).filters == ()


def test_a_sort_without_sign_ascends_and_the_default_descends() -> None:
    assert not ListQuery.parse(CT, [("sort", "study_at")]).descending
    assert ListQuery.parse(CT, []).descending
    assert not ListQuery.parse(CT, []).sorted_by("study_at").descending
    assert ListQuery.parse(CT, [("after", "3")]).sorted_by("total_dlp_mgycm").after is None


@pytest.mark.parametrize(
    ("key", "raw", "part"),
    [
        ("date_from", "31.01.2026", "is not a date"),
        ("dlp_min", "much", "is not a number"),
        ("events", "many", "is not none"),
        ("limit", "9", "between 10 and 400"),
        ("limit", "ten", "whole number"),
        ("after", "-1", "whole number"),
        ("sort", "patient_name", "is not one of"),
        ("colour", "red", "is not a filter"),
        ("test", "maybe", "exclude, include or only"),
        ("study_description", "x" * 201, "longer"),
        ("patient_id", "4711", "permission"),
    ],
)
def test_bad_values_are_named_with_their_parameter(key: str, raw: str, part: str) -> None:
    with pytest.raises(QueryError) as caught:
        ListQuery.parse(CT, [(key, raw)])
    assert part in caught.value.errors[key]


def test_all_faults_are_told_at_once_and_a_filter_is_given_once() -> None:
    with pytest.raises(QueryError) as caught:
        ListQuery.parse(CT, [("age_min", "x"), ("make", "GE"), ("make", "Philips")])
    assert set(caught.value.errors) == {"age_min", "make"}


def test_patient_filters_need_the_permission() -> None:
    assert ListQuery.parse(CT, [("patient_id", "4711")], allow_pid=True).value("patient_id") == "4711"


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        ("none", CountRange(0, 0)),
        ("some", CountRange(1, None)),
        ("more", CountRange(11, None)),
        ("3", CountRange(3, 3)),
        ("2-5", CountRange(2, 5)),
        ("4+", CountRange(4, None)),
    ],
)
def test_counts_read_as_people_write_them(raw: str, meant: CountRange) -> None:
    (asked,) = ListQuery.parse(CT, [("spiral", raw)]).filters
    assert asked.value == meant


def test_wildcards_of_a_text_are_taken_literally() -> None:
    assert pattern("50%_\\") == "%50\\%\\_\\\\%"


def test_a_full_page_has_a_next_one_and_a_last_page_has_none() -> None:
    query = ListQuery.parse(CT, [("limit", "10")])
    eleven = [{"id": number} for number in range(11)]
    assert (query.page_of(eleven).after, query.page_of(eleven).before) == (9, None)
    assert query.page_of(eleven[:10]).after is None
    backward = query.turned(before=99).page_of(eleven)
    assert [row["id"] for row in backward.rows] == list(range(9, -1, -1))
    assert (backward.before, backward.after) == (9, 0)


def test_groups_of_conditions_and_columns_parse_back_to_the_same_query() -> None:
    items = [
        ("make", "GE"),
        ("g1", "any"),
        ("g1.study_description", "head"),
        ("g1.study_description", "skull"),
        ("g1.!model", "Axiom"),
        ("g4", "none"),
        ("g4.dlp_min", "1000"),
        ("groups", "any"),
        ("columns", "study_at,total_dlp_mgycm"),
        ("columns", "operator"),
    ]
    query = ListQuery.parse(CT, items)
    assert [(group.mode.value, len(group.conditions)) for group in query.groups] == [("any", 3), ("none", 1)]
    assert query.columns == ("study_at", "total_dlp_mgycm", "operator")
    assert ListQuery.parse(CT, query.items()) == query
    assert ("g2", "none") in query.items()


def test_a_group_without_conditions_asks_nothing() -> None:
    assert not ListQuery.parse(CT, [("g1", "any"), ("g1.model", " ")]).filtered


@pytest.mark.parametrize(
    ("key", "raw", "part"),
    [
        ("g1", "either", "is not all, any or none"),
        ("g1.colour", "red", "is not a filter"),
        ("g1.dlp_min", "much", "is not a number"),
        ("g1.patient_id", "4711", "permission"),
        ("g1.test", "only", "cannot be part of a group"),
        ("groups", "some", "is not all or any"),
        ("columns", "patient_shoe_size", "is not a column"),
    ],
)
def test_what_is_wrong_in_a_group_is_named(key: str, raw: str, part: str) -> None:
    with pytest.raises(QueryError) as caught:
        ListQuery.parse(CT, [(key, raw)])
    assert part in caught.value.errors[key]


def test_a_group_takes_so_many_conditions() -> None:
    with pytest.raises(QueryError):
        ListQuery.parse(CT, [("g1.model", str(number)) for number in range(21)])
