"""Repeated, cumulative and continued reports: the end state does not depend on the order of arrival."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dosebus.domain.contribution import Contribution
from dosebus_extract.merge import combine, prune
from dosebus_extract.read import read_object
from tests.unit.extract import dose_objects as make


def ct(*events: str, at: str = "111213", dlp: float = 10.0) -> Contribution:
    uids = [f"1.2.3.4.{event}" for event in events]
    made = make.ct_report(uids, dlp, SOPInstanceUID=f"1.2.9.1{''.join(events)}.{at}", ContentTime=at)
    return read_object(make.encoded(made))


def test_a_cumulative_report_replaces_its_subsets() -> None:
    reports = [ct("1"), ct("1", "2"), ct("1", "2", "3")]
    for order in itertools.permutations([*reports, reports[0]]):
        found = combine(order)
        assert found.totals.number_of_events == 3
        assert len(found.ct_reports) == 1
        assert len(found.sop_instance_uids_processed) == 3


def test_a_continued_report_stands_beside_the_first() -> None:
    found = combine([ct("3", "4"), ct("1", "2")])
    assert len(found.ct_reports) == 2
    assert found.totals.total_dlp_mgycm == 40


def test_of_equal_reports_the_latest_is_told() -> None:
    early, late = ct("1", at="100000", dlp=10), ct("1", at="110000", dlp=11)
    assert combine([early, late]).totals.total_dlp_mgycm == 11
    assert combine([late, early]) == combine([early, late])


def test_other_studies_cannot_be_combined() -> None:
    other = read_object(make.encoded(make.ct_report(["1.2.3.9"], StudyInstanceUID="1.2.4")))
    with pytest.raises(ValueError, match="2 studies"):
        combine([ct("1"), other])
    with pytest.raises(ValueError, match="0 studies"):
        combine([])


def test_what_one_object_leaves_out_the_next_tells() -> None:
    first = read_object(make.encoded(make.ct_report(["1.2.3.1"], SOPInstanceUID="1.2.9.1")))
    told = make.ct_report(["1.2.3.2"], SOPInstanceUID="1.2.9.2", StudyDescription="Thorax", PatientSize="1.8")
    second = read_object(make.encoded(told))
    found = combine([first, second])
    assert found.study_description == "Thorax"
    assert found.patient.patient_height_m == 1.8


def test_two_patients_in_one_study_are_a_finding() -> None:
    other = make.ct_report(["1.2.3.2"], PatientID="ID2", PatientName="Other")
    found = combine([ct("1"), read_object(make.encoded(other))])
    assert "patients_differ" in {finding.code for finding in found.findings}
    assert found.patient.patient_id in {"ID1", "ID2"}


def test_findings_about_sums_lengths_and_clocks() -> None:
    made = make.ct_report(["1.2.3.1"], 400.0, StudyDate="20200101")
    made.ContentSequence[1].ContentSequence[1].MeasuredValueSequence[0].NumericValue = "500"
    made.ContentSequence.append(make.moment(make.dcm("113809"), "20240301101112"))
    found = combine([read_object(make.encoded(made))])
    codes = {finding.code for finding in found.findings}
    assert codes >= {"total_differs", "dlp_and_length_differ", "clock"}


events = st.lists(st.sampled_from("123456"), max_size=4, unique=True).map(sorted)
reports = st.lists(st.tuples(events, st.sampled_from(["100000", "110000"])), min_size=1, max_size=6)


@settings(max_examples=25, deadline=None)
@given(reports, st.randoms(use_true_random=False), st.integers(0, 6))
def test_order_and_pruning_change_nothing(
    made: list[tuple[list[str], str]], random: object, cut: int
) -> None:
    parts = [ct(*uids, at=at) for uids, at in made]
    expected = combine(parts)
    shuffled = list(parts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert combine(shuffled) == expected
    assert combine([*prune(shuffled[:cut]), *shuffled[cut:]]) == expected
    assert prune(prune(parts)) == prune(parts)
