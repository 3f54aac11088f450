"""Reports whose content tree is put together otherwise than the templates ask: values, names and groups elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom.dataset import Dataset

from dosebus_extract.merge import combine
from dosebus_extract.outcome import Rejected
from dosebus_extract.read import read_object
from dosebus_extract.sr.header import decimal_comma
from dosebus_extract.sr.units import WrongUnit, conversion
from tests.unit.extract import dose_objects as make
from tests.unit.extract.dose_objects import code, container, dcm, num, text, uid


def study(*objects: Dataset) -> Any:
    return combine(read_object(make.encoded(one)) for one in objects)


def one_event(*items: Dataset) -> Any:
    return (
        study(make.projection_report(make.projection_event("1.2.3.4", *items)))
        .projection_reports[0]
        .events[0]
    )


def test_values_in_groups_of_their_own_belong_to_the_event() -> None:
    event = one_event(
        container(
            dcm("130508", "Radiation Source Characteristics"),
            num(dcm("113733"), "81", "kV"),
            container(dcm("113999", "Deeper"), num(dcm("113738"), "12", "mGy")),
        ),
        container(
            dcm("113998", "Geometry"), num(dcm("112011"), "30", "deg"), num(dcm("112012"), "-5", "deg")
        ),
        num(dcm("112011"), "31", "deg"),
    )
    assert event.kvp == (81.0,)
    assert (event.positioner_primary_angle_deg, event.positioner_secondary_angle_deg) == (31.0, -5.0)


def test_a_makers_own_group_is_not_opened() -> None:
    private = container(("1", "99MAKER", "Reference levels"), num(dcm("122130"), "9", "Gy.m2"))
    found = study(make.projection_report(make.projection_event("1.2.3.4", private)))
    assert found.projection_reports[0].events[0].dap_gym2 is None
    assert [one.code_value for one in found.unread] == ["1"]


def test_events_in_groups_are_events() -> None:
    groups = [container(dcm("113997", "Series"), make.ct_event(f"1.2.3.{n}")) for n in (1, 2)]
    found = study(make.report(*groups))
    assert [event.irradiation_event_uid for event in found.ct_reports[0].events] == ["1.2.3.1", "1.2.3.2"]
    assert found.modality_type == "CT"


def test_a_concept_is_found_by_its_name_where_the_code_is_missing_or_foreign() -> None:
    event = one_event(
        num(("", "", "Dose Area Product"), "2", "Gy.cm2"),
        num(("X17", "LOCAL", "dose  (rp)"), "3", "mGy"),
        num(("X18", "99MAKER", "Exposure Time"), "5"),
        code(("", "DCM", "Irradiation Event Type"), ("44491008", "SCT", "Fluoroscopy")),
    )
    assert (event.dap_gym2, event.dose_rp_gy, event.exposure_time_ms) == (2e-4, 3e-3, None)
    assert event.event_type.code_value == "44491008"


def test_the_standards_code_comes_before_the_name() -> None:
    event = one_event(num(("X17", "LOCAL", "Dose (RP)"), "3", "mGy"), num(dcm("113738"), "4", "mGy"))
    assert event.dose_rp_gy == 4e-3


def test_values_that_are_only_words_count_as_their_codes() -> None:
    def event(number: int, kind: str, plane: str) -> Dataset:
        return make.projection_event(
            f"1.2.3.{number}",
            text(dcm("113721"), kind),
            text(dcm("113764"), plane),
            num(dcm("122130"), "1", "Gy.m2"),
        )

    found = study(
        make.projection_report(event(1, "Fluoroscopy", "Plane A"), event(2, "Fluoroscopy", "PLANE B"))
    )
    assert found.modality_type == "RF"
    assert (found.totals.number_of_events_plane_a, found.totals.number_of_events_plane_b) == (1, 1)
    spiral = container(dcm("113819"), uid(dcm("113769"), "1.2.9"), text(dcm("113820"), "Spiral Acquisition"))
    assert study(make.report(spiral)).totals.number_of_ct_spiral_events == 1


def plane(name: str, *sums: Dataset) -> Dataset:
    return container(dcm("113702"), code(dcm("113764"), dcm(name)), *sums)


def test_the_sum_of_all_planes_is_not_added_to_those_of_each() -> None:
    sums = [plane(name, num(dcm("113722"), dap, "Gy.m2")) for name, dap in
            (("113620", "1"), ("113621", "2"), ("113890", "3"))]  # fmt: skip
    totals = study(make.projection_report(*sums)).totals
    assert (totals.total_dap_gym2, totals.total_dap_plane_a_gym2, totals.total_dap_plane_b_gym2) == (
        3.0,
        1.0,
        2.0,
    )
    assert study(make.projection_report(sums[2])).totals.total_dap_gym2 == 3.0


def test_missing_totals_follow_from_their_parts() -> None:
    parts = plane(
        "113622",
        num(dcm("113726"), "1", "Gy.m2"), num(dcm("113727"), "2", "Gy.m2"),
        num(dcm("113728"), "0.1", "Gy"), num(dcm("113729"), "0.3", "Gy"),
    )  # fmt: skip
    totals = study(make.projection_report(parts)).totals
    assert (totals.total_dap_gym2, totals.dose_rp_total_gy) == (3.0, 0.4)
    events = [make.projection_event(f"1.2.3.{n}", num(dcm("113738"), "0.2", "Gy")) for n in (1, 2)]
    assert study(make.projection_report(*events)).totals.dose_rp_total_gy == 0.4


def test_glandular_doses_without_a_sum_are_added_by_breast() -> None:
    mammography = code(dcm("121058"), ("71651007", "SCT", "Mammography"))
    events = [
        make.projection_event(
            f"1.2.{n}", num(dcm("111631"), dose, "mGy"), code(dcm("272741003"), (side, "SCT", "x"))
        )
        for n, (dose, side) in enumerate((("1.1", "24028007"), ("1.2", "24028007"), ("0.7", "7771000")))
    ]
    totals = study(make.report(mammography, *events, template="10001")).totals
    assert (totals.accumulated_agd_right_mgy, totals.accumulated_agd_left_mgy) == (2.3, 0.7)


def test_sums_at_the_root_are_the_reports() -> None:
    loose = make.projection_report(num(dcm("113722"), "2", "Gy.cm2"), num(dcm("113730"), "1.5", "min"))
    found = study(loose)
    assert (found.totals.total_dap_gym2, found.totals.total_fluoro_time_s) == (2e-4, 90.0)
    total = make.report(make.ct_event("1.2.9"), num(dcm("113813"), "321", "mGy.cm"), template="10011")
    assert study(total).totals.total_dlp_mgycm == 321.0


def test_a_source_without_its_container_is_one_source() -> None:
    event = container(
        dcm("113819"),
        uid(dcm("113769"), "1.2.9"),
        container(dcm("113822"), num(dcm("113733"), "120", "kV"), num(dcm("113734"), "0.2", "A")),
    )
    (source,) = study(make.report(event)).ct_reports[0].events[0].sources
    assert (source.kvp, source.ma) == (120.0, 200.0)


def test_a_dose_report_under_another_title_is_one_by_its_class_and_content() -> None:
    title = ("18782-3", "LN", "Radiology Study observation")
    assert study(make.report(make.ct_event("1.2.9"), title=title)).totals.number_of_events == 1
    with pytest.raises(Rejected, match="document title"):
        study(make.report(make.ct_event("1.2.9"), title=title, sop_class=make.ENHANCED_SR))


def test_fibroglandular_tissue_and_equivalent_thickness_are_two_things() -> None:
    event = one_event(num(dcm("111046"), "23", "%"), num(dcm("111638"), "41", "mm"))
    assert event.percent_fibroglandular_tissue == 23.0


@pytest.mark.parametrize(
    ("unit", "wanted", "factor"),
    [
        ("kg", "N", 9.80665), ("daN", "N", 10.0), ("lb", "N", 4.448221615), ("mmHg", "kPa", 0.133322),
        ("N/cm2", "kPa", 10.0), ("d", "a", 1 / 365.25), ("Y", "a", 1.0), ("no units", "Gy", 1.0), ("1", "kV", 1.0),
        ("V", "kV", 1e-3), ("A", "mA", 1e3), ("uA", "mA", 1e-3), ("mA.s", "uA.s", 1e3), ("min", "s", 60.0),
        ("mCi", "MBq", 37.0), ("GBq", "MBq", 1e3), ("R", "mGy", 8.764), ("mR", "mGy", 8.764e-3),
        ("mSv/(mGy.cm)", "mSv/mGy.cm", 1.0), ("h", "s", 3600.0), ("cm", "mm", 10.0), ("dm2", "m2", 1e-2),
    ],
)  # fmt: skip
def test_units_that_devices_use(unit: str, wanted: str, factor: float) -> None:
    assert conversion(unit, wanted) == pytest.approx(factor)


@pytest.mark.parametrize(("unit", "wanted"), [("mm", "mGy"), ("s", "Gy.m2"), ("furlong", "mGy")])
def test_units_of_something_else_are_refused(unit: str, wanted: str) -> None:
    with pytest.raises(WrongUnit):
        conversion(unit, wanted)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("75,5", "75.5"), ("1,75", "1.75"), ("0,125", "0.125"), ("12,5\\13,25", "12.5\\13.25"),
        ("240,300", "240,300"), ("1.06,0.206", "1.06,0.206"), ("1,2,3", "1,2,3"),
    ],
)  # fmt: skip
def test_a_decimal_comma_is_told_from_a_list(sent: str, read: str) -> None:
    assert decimal_comma(sent) == read


def test_per_pulse_values_with_decimal_commas() -> None:
    pulse = num(dcm("113793"), "1", "ms")
    pulse.MeasuredValueSequence[0]["NumericValue"].VR = "LO"
    pulse.MeasuredValueSequence[0].NumericValue = ["4,2", "4,4"]
    assert one_event(pulse).pulse_width_ms == (4.2, 4.4)


def test_a_unit_without_code_value_is_told_by_its_meaning() -> None:
    dose = num(dcm("122130"), "3", "dGy.cm2")
    del dose.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue
    assert one_event(dose).dap_gym2 == 3e-5
