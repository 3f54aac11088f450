"""Questions, answers and verdicts of query/retrieve, without any node."""

from __future__ import annotations

from datetime import date, time

import pytest
from pydicom.dataset import Dataset

from dosebus.dicom.storage import BASIC_TEXT_SR, COMPREHENSIVE_SR, XRAY_RADIATION_DOSE_SR
from dosebus.store.tables.qr import REASONS
from dosebus_qr.answers import (
    InstanceAnswer,
    SeriesAnswer,
    StudyAnswer,
    instance_answer,
    series_answer,
    study_answer,
)
from dosebus_qr.filters import (
    Verdict,
    conclude_series,
    conclude_study,
    drop,
    judge_instances,
    judge_series,
    judge_study,
    keep,
)
from dosebus_qr.plan import StudyQuestion, dicom_modalities, study_keys, study_questions
from dosebus_qr.query import ignores_modality

FIRST, LAST = date(2026, 1, 1), date(2026, 1, 31)


@pytest.mark.parametrize(
    ("begin", "end", "dates"),
    [
        (None, None, ""),
        (FIRST, LAST, "20260101-20260131"),
        (FIRST, FIRST, "20260101"),
        (FIRST, None, "20260101-"),
        (None, LAST, "-20260131"),
    ],
)
def test_dates_are_asked_as_a_range(begin: date | None, end: date | None, dates: str) -> None:
    assert StudyQuestion("CT", begin, end).dates == dates


def test_a_question_is_halved_down_to_single_days() -> None:
    days: list[date] = []
    todo = [StudyQuestion("CT", FIRST, LAST)]
    while todo:
        question = todo.pop()
        halves = question.halves()
        if halves is None:
            assert question.date_from is not None
            assert question.date_from == question.date_to
            days.append(question.date_from)
        else:
            todo.extend(halves)
    assert sorted(days) == [date(2026, 1, day) for day in range(1, 32)]


def test_an_open_question_is_not_halved() -> None:
    assert StudyQuestion("CT", None, LAST).halves() is None


def test_each_modality_is_asked_for_by_itself() -> None:
    assert dicom_modalities(["RF", "ct", "XA"]) == ("RF", "XA", "CT")
    assert [question.modality for question in study_questions(["DX", "CT"], FIRST, LAST)] == [
        "DX",
        "CR",
        "PX",
        "CT",
    ]
    assert [question.modality for question in study_questions([], FIRST, LAST)] == [None]


def test_modality_is_put_into_the_study_query_only_where_the_node_wants_it() -> None:
    question = StudyQuestion("CT", FIRST, LAST)
    assert "Modality" not in study_keys(question, modality_in_study_query=False)
    assert study_keys(question, modality_in_study_query=True).Modality == "CT"


def test_no_patient_is_asked_for() -> None:
    keys = study_keys(StudyQuestion("CT", FIRST, LAST), modality_in_study_query=True)
    assert not [element.keyword for element in keys if element.tag.group == 0x0010]
    assert "AccessionNumber" not in keys


@pytest.mark.parametrize(
    ("told", "modalities"),
    [
        (["CT", "SR"], {"CT", "SR"}),
        ("ct", {"CT"}),
        ("CT/SR", {"CT", "SR"}),
        ("CT, SR", {"CT", "SR"}),
        ("", None),
    ],
)
def test_modalities_in_study_are_understood(told: list[str] | str, modalities: set[str] | None) -> None:
    dataset = Dataset()
    dataset.StudyInstanceUID = "1.2"
    dataset.ModalitiesInStudy = told
    answer = study_answer(dataset)
    assert answer is not None
    assert answer.modalities == modalities


def test_odd_answers_are_taken_for_what_they_are_worth() -> None:
    dataset = Dataset()
    assert study_answer(dataset) is None
    assert series_answer(dataset) is None
    assert instance_answer(dataset) is None
    dataset.StudyInstanceUID = "1.2\0"
    dataset.add_new("StudyDate", "DA", "2026.01.05")
    dataset.add_new("StudyTime", "TM", "0915")
    dataset.add_new("NumberOfStudyRelatedSeries", "IS", "3")
    answer = study_answer(dataset)
    assert answer == StudyAnswer("1.2", date(2026, 1, 5), time(9, 15), number_of_series=3)
    dataset.add_new("StudyDate", "DA", "yesterday")
    again = study_answer(dataset)
    assert again is not None
    assert again.study_date is None


def test_answers_for_one_study_are_merged() -> None:
    one = StudyAnswer("1.2", modalities=frozenset({"CT"}), number_of_series=0)
    two = StudyAnswer(
        "1.2", date(2026, 1, 5), modalities=frozenset({"SR"}), study_description="Thorax", number_of_series=4
    )
    assert one.merged(two) == StudyAnswer(
        "1.2",
        date(2026, 1, 5),
        modalities=frozenset({"CT", "SR"}),
        study_description="Thorax",
        number_of_series=0,
    )
    assert StudyAnswer("1.2").merged(StudyAnswer("1.2")).modalities is None


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (StudyAnswer("1"), None),
        (StudyAnswer("1", modalities=frozenset({"CT", "SR"})), None),
        (StudyAnswer("1", modalities=frozenset({"SR"})), None),
        (StudyAnswer("1", modalities=frozenset({"MR", "SR"})), drop("other_modality")),
        (StudyAnswer("1", modalities=frozenset({"MR"})), drop("other_modality")),
        (StudyAnswer("1", date(2025, 12, 31)), drop("outside_dates")),
    ],
)
def test_studies_are_judged_by_their_own_answer(answer: StudyAnswer, verdict: Verdict | None) -> None:
    assert judge_study(answer, ("CT",), FIRST, LAST) == verdict


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (SeriesAnswer("1", "SR", number_of_instances=1), keep("report")),
        (SeriesAnswer("1", "SR"), keep("report")),
        (SeriesAnswer("1"), keep("modality_unknown")),
        (SeriesAnswer("1", "CT"), drop("not_a_report")),
        (SeriesAnswer("1", "SR", number_of_instances=0), drop("empty")),
    ],
)
def test_series_are_judged(answer: SeriesAnswer, verdict: Verdict) -> None:
    assert judge_series(answer) == verdict


def test_a_dose_report_makes_general_ones_needless() -> None:
    rdsr = InstanceAnswer("1", XRAY_RADIATION_DOSE_SR)
    general = InstanceAnswer("2", COMPREHENSIVE_SR)
    assert judge_instances([rdsr, general], ()) == {"1": keep("dose_report"), "2": drop("better_report")}
    assert judge_instances([general], ()) == {"2": keep("general_report")}
    assert judge_instances([rdsr], {"1"}) == {"1": drop("held")}
    assert judge_instances([InstanceAnswer("3")], ()) == {"3": keep("class_unknown")}
    assert judge_instances([InstanceAnswer("4", "1.2.3")], ()) == {"4": drop("other_class")}
    assert judge_instances([InstanceAnswer("5", BASIC_TEXT_SR)], ()) == {"5": keep("general_report")}


def test_series_and_study_are_concluded_from_below() -> None:
    report = keep("report")
    assert conclude_series(report, [drop("held"), drop("held")]) == drop("all_held")
    assert conclude_series(report, [drop("other_class")]) == drop("no_dose_report")
    assert conclude_series(report, [drop("held"), keep("dose_report")]) == report
    assert conclude_series(report, []) == report
    study = StudyAnswer("1", modalities=frozenset({"CT", "SR"}))
    assert conclude_study(study, {SeriesAnswer("1", "SR"): report}, ("CT",)) == keep("has_reports")
    assert conclude_study(study, {SeriesAnswer("1", "SR"): drop("all_held")}, ("CT",)) == drop("all_held")
    assert conclude_study(study, {SeriesAnswer("1", "CT"): drop("not_a_report")}, ("CT",)) == drop(
        "no_reports"
    )
    assert conclude_study(study, {}, ("CT",)) == drop("no_reports")


def test_without_modalities_in_study_the_series_decide() -> None:
    unknown = StudyAnswer("1")
    report = {SeriesAnswer("1", "SR"): keep("report")}
    assert conclude_study(
        unknown, {**report, SeriesAnswer("2", "MR"): drop("not_a_report")}, ("CT",)
    ) == drop("other_modality")
    assert conclude_study(
        unknown, {**report, SeriesAnswer("2", "CT"): drop("not_a_report")}, ("CT",)
    ) == keep("has_reports")
    assert conclude_study(unknown, report, ("CT",)) == keep("has_reports")


def test_a_node_that_ignores_the_modality_is_noticed() -> None:
    assert ignores_modality("CT", [StudyAnswer("1", modalities=frozenset({"MR"}))])
    assert not ignores_modality(
        "CT", [StudyAnswer("1", modalities=frozenset({"CT", "SR"})), StudyAnswer("2")]
    )
    assert not ignores_modality(None, [StudyAnswer("1", modalities=frozenset({"MR"}))])


def test_every_reason_has_words() -> None:
    import inspect
    import re

    from dosebus_qr import filters

    codes = set(re.findall(r'(?:keep|drop)\(\s*"(\w+)"', inspect.getsource(filters)))
    codes |= set(re.findall(r'"(\w+)" if \w+', inspect.getsource(filters))) | {"unanswered"}
    assert codes
    assert codes <= set(REASONS)
