"""The numbers of a simulated study agree with each other, and the object says what the truth says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from io import BytesIO

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from dosebus.domain.study import Study
from dosebus_simulator.ct import make_ct
from dosebus_simulator.document import XRAY_DOSE_SR
from dosebus_simulator.identity import age_string, chance, make_person
from dosebus_simulator.mammography import make_mg
from dosebus_simulator.projection import make_biplane, make_rf
from dosebus_simulator.radiography import make_dx
from dosebus_simulator.simulated import SimulatedStudy, expected_record

SEEDS = range(8)


def truth_of(made: SimulatedStudy) -> Study:
    assert made.truth is not None
    return made.truth


def items(parent: Dataset) -> Iterator[Dataset]:
    for item in parent.get("ContentSequence", []):
        yield item
        yield from items(item)


def numbers(parent: Dataset, code_value: str) -> list[float]:
    return [
        float(item.MeasuredValueSequence[0].NumericValue)
        for item in items(parent)
        if item.ValueType == "NUM" and item.ConceptNameCodeSequence[0].CodeValue == code_value
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_ct_dose_is_consistent(seed: int) -> None:
    truth = truth_of(make_ct(seed))
    events = truth.ct_reports[0].events
    for event in events:
        assert event.dlp_mgycm == pytest.approx(event.ctdivol_mgy * event.scanning_length_mm / 10, abs=0.006)
        assert 0.04 < event.ctdivol_mgy < 200
    total = truth.ct_reports[0].accumulated[0].ct_dlp_total_mgycm
    assert total == pytest.approx(sum(event.dlp_mgycm for event in events))
    assert truth.totals.total_dlp_mgycm == total
    assert truth.totals.number_of_events == len(events)


@pytest.mark.parametrize("seed", SEEDS)
def test_fluoroscopy_dose_is_consistent(seed: int) -> None:
    truth = truth_of(make_rf(seed))
    report = truth.projection_reports[0]
    for event in report.events:
        ratio = event.distance_source_reference_point_mm / event.distance_source_detector_mm
        area = event.collimated_field_area_m2 * ratio * ratio
        assert event.dap_gym2 == pytest.approx(event.dose_rp_gy * area, rel=1e-3)
        assert event.exposure_time_ms == pytest.approx(
            event.number_of_pulses * event.pulse_width_ms[0], rel=1e-3
        )
    assert truth.totals.total_dap_gym2 == pytest.approx(sum(event.dap_gym2 for event in report.events))
    planes = (truth.totals.dose_rp_total_plane_a_gy or 0) + (truth.totals.dose_rp_total_plane_b_gy or 0)
    assert planes == pytest.approx(sum(event.dose_rp_gy for event in report.events))


@pytest.mark.parametrize("seed", SEEDS)
def test_radiography_and_mammography_totals_are_the_sums(seed: int) -> None:
    radiography = truth_of(make_dx(seed))
    assert radiography.totals.total_dap_gym2 == pytest.approx(
        sum(event.dap_gym2 for event in radiography.projection_reports[0].events)
    )
    mammography = truth_of(make_mg(seed))
    doses = [event.agd_mgy for event in mammography.projection_reports[0].events]
    assert len(doses) == 4
    assert (
        mammography.totals.accumulated_agd_left_mgy + mammography.totals.accumulated_agd_right_mgy
        == pytest.approx(sum(doses))
    )
    assert mammography.patient.patient_sex == "F"


def test_the_object_says_what_the_truth_says() -> None:
    made = make_ct(5, events=6)
    read = dcmread(BytesIO(made.objects[0].encoded()))
    truth = truth_of(made)
    assert read.SOPClassUID == XRAY_DOSE_SR
    assert read.StudyInstanceUID == truth.study_instance_uid
    assert read.ContentTemplateSequence[0].TemplateIdentifier == "10011"
    assert numbers(read, "113838") == [event.dlp_mgycm for event in truth.ct_reports[0].events]
    assert numbers(read, "113813") == [truth.totals.total_dlp_mgycm]
    assert str(read.PatientName) == truth.patient.patient_name


def test_a_biplane_system_tells_both_planes_apart() -> None:
    made = make_biplane(3)
    totals = truth_of(made).totals
    assert totals.number_of_planes == 2
    assert totals.number_of_events_plane_a
    assert totals.number_of_events_plane_b
    assert totals.total_dap_gym2 == pytest.approx(
        totals.total_dap_plane_a_gym2 + totals.total_dap_plane_b_gym2
    )
    read = dcmread(BytesIO(made.objects[0].encoded()))
    assert sum(numbers(read, "113722")) == pytest.approx(totals.total_dap_gym2)


def test_a_vendor_style_changes_the_writing_and_not_the_dose() -> None:
    canon = make_rf(9, style="canon")
    read = dcmread(BytesIO(canon.objects[0].encoded()))
    totals = truth_of(canon).totals
    assert sum(numbers(read, "113722")) * 1e-5 == pytest.approx(totals.total_dap_gym2)
    assert numbers(read, "113725")[0] / 1000 == pytest.approx(totals.dose_rp_total_plane_a_gy)
    retired = truth_of(make_ct(9, style="retired"))
    assert retired.ct_reports[0].procedure_reported.code_value == "P5-08000"
    assert retired.totals == truth_of(make_ct(9)).totals


@pytest.mark.parametrize("style", ["standard", "canon", "pixelmed", "ge-enhanced-sr"])
def test_equal_seeds_make_equal_bytes(style: str) -> None:
    first, second, other = (make_ct(seed, "a", style=style).objects[0].encoded() for seed in (4, 4, 5))
    assert first == second
    assert first != other
    assert make_rf(4, style=style).objects[0].encoded() == make_rf(4, style=style).objects[0].encoded()


def test_the_wanted_number_of_events_and_dose_come_out() -> None:
    assert len(truth_of(make_rf(1, events=60)).projection_reports[0].events) == 60
    assert truth_of(make_rf(1, dose_rp_gy=0.9)).totals.number_of_events
    dose = truth_of(make_rf(1, dose_rp_gy=0.9)).totals
    told = (dose.dose_rp_total_plane_a_gy or 0) + (dose.dose_rp_total_plane_b_gy or 0)
    assert told == pytest.approx(0.9, rel=0.1)
    size = len(make_ct(1, events=15).objects[0].encoded())
    assert 85_000 < size < 110_000


def test_reports_are_ready_to_save() -> None:
    for report in (made.objects[0].dataset for made in (make_ct(1), make_rf(1))):
        buffer = BytesIO()
        report.save_as(buffer, enforce_file_format=True)
        assert dcmread(BytesIO(buffer.getvalue())).SOPInstanceUID == report.SOPInstanceUID


def test_children_are_small_and_their_age_is_told() -> None:
    for seed in SEEDS:
        truth = truth_of(make_ct(seed, child=True))
        assert truth.patient.patient_age_years <= 16.1
        assert truth.patient.patient_weight_kg < 110
        assert truth.patient.patient_height_m < 2.0
    day = date(2026, 3, 2)
    assert age_string(date(2026, 2, 20), day) == "010D"
    assert age_string(date(2025, 3, 2), day) == "011M"
    assert age_string(date(1980, 3, 1), day) == "046Y"
    assert make_person(chance(1), 1, day) == make_person(chance(1), 1, day)


def test_expected_record_is_the_truth_as_json() -> None:
    made = make_rf(2)
    record = expected_record(made)
    assert record is not None
    assert record["totals"]["total_dap_gym2"] == truth_of(made).totals.total_dap_gym2
    assert Study.model_validate(record) == made.truth
