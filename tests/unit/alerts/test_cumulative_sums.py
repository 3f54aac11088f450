"""The sums of a patient's doses, against a plain reading of the rule."""

from __future__ import annotations

from datetime import date, time, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from dosebus.domain.window import is_within
from dosebus_alerts.cumulative import StudyDose, Window, needed_for, touched_by, window_sum

RF = frozenset({"RF"})
DAY = date(2026, 5, 4)
WINDOW = Window("dose_rp_gy", 12, RF)


def study(number: int, day: date | None = DAY, at: time | None = None, **more: object) -> StudyDose:
    facts: dict[str, object] = {
        "study_id": number,
        "study_instance_uid": f"1.2.{number}",
        "patient": "p",
        "study_date": day,
        "study_time": at,
        "modality_types": RF,
        "doses": {"dose_rp_gy": 1.0},
    }
    return StudyDose(**(facts | more))  # type: ignore[arg-type]


def test_the_window_reaches_back_to_the_day_twelve_weeks_before_and_includes_it() -> None:
    last = study(1)
    assert is_within(study(2, DAY - timedelta(weeks=12)), last, 12)
    assert not is_within(study(3, DAY - timedelta(weeks=12, days=1)), last, 12)
    assert not is_within(study(4, DAY + timedelta(days=1)), last, 12)


def test_of_the_same_day_only_what_was_not_later_counts() -> None:
    morning, evening = study(1, at=time(8)), study(2, at=time(19))
    assert is_within(morning, evening, 12)
    assert not is_within(evening, morning, 12)


def test_without_a_time_of_day_studies_of_one_day_count_for_each_other() -> None:
    timed, untimed = study(1, at=time(8)), study(2)
    assert is_within(timed, untimed, 12)
    assert is_within(untimed, timed, 12)


def test_studies_of_other_modalities_and_without_the_quantity_are_left_out() -> None:
    last = study(1)
    radiograph = study(2, modality_types=frozenset({"DX"}))
    doseless = study(3, doses={"dap_gym2": 0.5})
    summed = window_sum(last, [last, radiograph, doseless], WINDOW)
    assert summed is not None
    assert [one.study_id for one in summed.contributions] == [1]
    assert window_sum(radiograph, [last, radiograph], WINDOW) is None
    assert window_sum(doseless, [last, doseless], WINDOW) is None


def test_a_study_without_patient_or_date_stands_alone() -> None:
    nobody = study(1, patient=None)
    undated = study(2, day=None)
    for alone in (nobody, undated):
        summed = window_sum(alone, [alone, study(3)], WINDOW)
        assert summed is not None
        assert summed.total == 1.0


days = st.integers(-200, 200).map(lambda offset: DAY + timedelta(days=offset))
histories = st.lists(
    st.tuples(days, st.none() | st.integers(0, 23).map(time), st.floats(0, 10), st.booleans()),
    min_size=1,
    max_size=12,
)


@given(histories, st.integers(1, 20), st.randoms(use_true_random=False))
def test_a_sum_is_that_of_the_rule_and_the_same_in_any_order(
    rows: list[tuple[date, time | None, float, bool]], weeks: int, random: object
) -> None:
    history = [
        study(number, day, at, doses={"dose_rp_gy": dose}, modality_types=RF if rf else frozenset({"CT"}))
        for number, (day, at, dose, rf) in enumerate(rows)
    ]
    window = Window("dose_rp_gy", weeks, RF)
    for last in history:
        summed = window_sum(last, history, window)
        if not last.modality_types & RF:
            assert summed is None
            continue
        counted = [
            one
            for one in history
            if one.modality_types & RF
            and one.study_date is not None
            and last.study_date is not None
            and 0 <= (last.study_date - one.study_date).days <= weeks * 7
            and not (
                one.study_date == last.study_date
                and one.study_time is not None
                and last.study_time is not None
                and one.study_time > last.study_time
            )
        ]
        assert summed is not None
        assert {one.study_id for one in summed.contributions} == {one.study_id for one in counted}
        exact = sum((Fraction(one.doses["dose_rp_gy"]) for one in counted), Fraction(0))
        assert summed.total == float(exact)
        shuffled = list(history)
        random.shuffle(shuffled)  # type: ignore[attr-defined]
        assert window_sum(last, shuffled, window) == summed


@given(histories, days, st.integers(1, 20))
def test_no_sum_outside_the_touched_days_changes_with_a_study(
    rows: list[tuple[date, time | None, float, bool]], day: date, weeks: int
) -> None:
    history = [study(number, day_, at) for number, (day_, at, _, _) in enumerate(rows)]
    late = study(999, day)
    window = Window("dose_rp_gy", weeks, RF)
    touched = touched_by([day], weeks)
    assert touched is not None
    needed = needed_for(touched, weeks)
    known = [one for one in [*history, late] if one.study_date and needed[0] <= one.study_date <= needed[1]]
    for one in history:
        assert one.study_date is not None
        before, after = window_sum(one, history, window), window_sum(one, [*history, late], window)
        if touched[0] <= one.study_date <= touched[1]:
            assert window_sum(one, known, window) == after
        else:
            assert before == after
