"""Which rules a study passes, at which level, and what is told of it."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosebus.domain.quantities import QUANTITIES
from dosebus_alerts.cumulative import SkinPeak, StudyDose
from dosebus_alerts.rules import Rule, breaches, identity, still_holds, to_tell

RF = frozenset({"RF"})
STUDY_RULE = Rule("rf-study", 1, "Study", "dose_rp_gy", "study", 2.0, "warning", RF)
SUM_RULE = Rule("rf-sum", 1, "Sum", "dose_rp_gy", "sum", 2.0, "warning", RF, weeks=12)
STEPPED = Rule("rf-steps", 1, "Steps", "dose_rp_gy", "study", 3.0, "notice", RF, step=1.0)


def study(number: int, gray: float, day: int = 1) -> StudyDose:
    doses = {"dose_rp_gy": gray}
    return StudyDose(number, f"1.2.{number}", "p", date(2026, 5, day), None, RF, doses, {"dap_gym2": 0.5})


def test_a_level_counts_as_passed_when_it_is_reached() -> None:
    assert breaches(study(1, 2.0), [study(1, 2.0)], [STUDY_RULE])
    assert not breaches(study(1, 1.999), [study(1, 1.999)], [STUDY_RULE])


def test_a_sum_is_told_with_the_studies_that_make_it_up() -> None:
    first, last = study(1, 1.2, day=1), study(2, 1.0, day=3)
    assert not breaches(first, [first, last], [SUM_RULE])
    (breach,) = to_tell(breaches(last, [first, last], [SUM_RULE]))
    assert breach.value == pytest.approx(2.2)
    assert [one.study_id for one in breach.evidence] == [1, 2]


def test_a_study_that_passes_alone_is_told_by_the_rule_for_studies_only() -> None:
    first, last = study(1, 0.5, day=1), study(2, 2.5, day=3)
    passed = breaches(last, [first, last], [STUDY_RULE, SUM_RULE])
    assert {breach.rule.key for breach in passed} == {"rf-study", "rf-sum"}
    assert [breach.rule.key for breach in to_tell(passed)] == ["rf-study"]
    assert [breach.rule.key for breach in to_tell(breaches(last, [first, last], [SUM_RULE]))] == ["rf-sum"]


def test_a_rule_for_events_looks_at_the_largest_event() -> None:
    rule = Rule("event", 1, "Event", "dap_gym2", "event", 0.4, "warning", RF)
    (breach,) = breaches(study(1, 0.0), [], [rule])
    assert breach.value == 0.5


def test_a_rule_for_another_modality_is_silent() -> None:
    rule = Rule("ct", 1, "CT", "dose_rp_gy", "study", 0.1, "warning", frozenset({"CT"}))
    assert not breaches(study(1, 5.0), [study(1, 5.0)], [rule])


@pytest.mark.parametrize(
    ("value", "level"), [(2.99, None), (3.0, 3.0), (3.99, 3.0), (4.0, 4.0), (7.4, 7.0), (1e6, 1e6)]
)
def test_steps_above_the_level_are_levels_of_their_own(value: float, level: float | None) -> None:
    assert STEPPED.reached(value) == level


@given(st.floats(1e-9, 1e6), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_the_reached_level_is_the_highest_not_above_the_value(
    value: float, level: float, step: float
) -> None:
    rule = Rule("r", 1, "R", "dose_rp_gy", "study", level, "notice", RF, step=step)
    reached = rule.reached(value)
    if value < level:
        assert reached is None
    else:
        assert reached is not None
        assert level <= reached <= value or reached == level
        assert value - reached <= step * (1 + 1e-6) + 1e-9 * value


def test_an_alert_holds_while_its_level_or_a_higher_one_is_reached() -> None:
    raised = identity(STEPPED, "1.2.1", 3.0)
    higher = breaches(study(1, 4.5), [], [STEPPED])
    assert still_holds(raised, 3.0, "1.2.1", higher)
    lower = breaches(study(1, 3.5), [], [STEPPED])
    assert not still_holds(identity(STEPPED, "1.2.1", 4.0), 4.0, "1.2.1", lower)
    assert not still_holds(raised, 3.0, "1.2.1", ())


def test_a_new_title_or_version_is_the_same_alert_and_another_level_is_not() -> None:
    renamed = Rule("rf-study", 2, "Renamed", "dose_rp_gy", "study", 2.0, "critical", RF)
    assert identity(renamed, "1.2.1", 2.0) == identity(STUDY_RULE, "1.2.1", 2.0)
    assert identity(STUDY_RULE, "1.2.1", 3.0) != identity(STUDY_RULE, "1.2.1", 2.0)


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("dap_gym2", 0.02, "20000 cGy·cm²"),
        ("dap_gym2", 3.2e-5, "32 cGy·cm²"),
        ("dose_rp_gy", 2.0, "2 Gy"),
        ("dose_rp_gy", 2.3456, "2.35 Gy"),
        ("dlp_mgycm", 1234.56, "1235 mGy·cm"),
        ("dose_rp_gy", 0.0, "0 Gy"),
    ],
)
def test_values_are_shown_in_the_units_people_use(key: str, value: float, shown: str) -> None:
    assert QUANTITIES[key].shown(value) == shown


PSD_STUDY = Rule("psd", 1, "Skin", "peak_skin_dose_gy", "study", 2.0, "critical", RF, step=1.0)
PSD_SUM = Rule("psd-sum", 1, "Skin", "peak_skin_dose_gy", "sum", 2.0, "warning", RF, weeks=12)


def mapped(certain: float | None, doubt: float | None, joint: SkinPeak | None = None) -> StudyDose:
    doses = {} if certain is None else {"peak_skin_dose_gy": certain}
    skin = SkinPeak(certain, doubt, doubt)
    sums = {} if joint is None else {12: joint}
    return StudyDose(1, "1.2.1", "p", date(2026, 5, 1), None, RF, doses, skin=skin, joint=sums)


def test_a_bound_is_told_once_at_the_rules_level_as_a_notice() -> None:
    one = mapped(1.0, 7.5)
    (breach,) = breaches(one, [one], [PSD_STUDY])
    assert (breach.at_most, breach.level, breach.value, breach.severity) == (True, 2.0, 7.5, "notice")
    sure = mapped(3.1, 7.5)
    (breach,) = breaches(sure, [sure], [PSD_STUDY])
    assert (breach.at_most, breach.level, breach.value, breach.severity) == (False, 3.0, 3.1, "critical")


def test_a_sum_whose_level_the_studys_own_bound_reaches_is_left_to_the_study() -> None:
    one = mapped(None, 2.5, SkinPeak(0.9, 3.4, 3.4))
    passed = breaches(one, [one], [PSD_STUDY, PSD_SUM])
    assert [breach.rule.key for breach in passed] == ["psd", "psd-sum"]
    assert [breach.rule.key for breach in to_tell(passed)] == ["psd"]


def test_a_study_of_which_nothing_is_known_but_what_nobody_listed_adds_to_no_sum() -> None:
    one = mapped(None, None, SkinPeak(2.5, 4.0, 2.5))
    assert not breaches(one, [one], [PSD_SUM])
