"""Projection dose reports, and what devices do otherwise."""

from __future__ import annotations

from typing import Literal

import pytest
from pydicom.dataset import Dataset

from dosebus.domain.projection import ProjectionEvent
from dosebus.domain.study import Study
from dosebus_extract.merge import MergeOptions, combine
from dosebus_extract.read import ReadOptions, read_object
from tests.unit.extract import dose_objects as make
from tests.unit.extract.dose_objects import code, container, dcm, num, text, uid

FLUOROSCOPY = ("P5-06000", "SRT", "Fluoroscopy")
PHILIPS = "99PHI-IXR-XPER"


def study(made: Dataset, options: MergeOptions = MergeOptions()) -> Study:  # noqa: B008 - frozen
    return combine([read_object(make.encoded(made))], options)


def event(*content: Dataset, comment: str | None = None) -> ProjectionEvent:
    more = [text(dcm("121106"), comment)] if comment else []
    return (
        study(make.projection_report(make.projection_event("1.2.3.4", *content), *more))
        .projection_reports[0]
        .events[0]
    )


def plane(value: str, *content: Dataset) -> Dataset:
    return container(dcm("113702"), code(dcm("113764"), dcm(value)), *content)


def test_two_planes_are_kept_apart_and_added() -> None:
    in_b = make.projection_event("1.2.3.5", code(dcm("113764"), dcm("113621")))
    found = study(
        make.projection_report(
            plane("113620", num(dcm("113722"), "1e-5", "Gy.m2"), num(dcm("113725"), "0.5", "Gy")),
            plane("113621", num(dcm("113722"), "2e-5", "Gy.m2"), num(dcm("113725"), "0.25", "Gy")),
            make.projection_event("1.2.3.4", code(dcm("113764"), dcm("113620"))),
            in_b,
        )
    )
    totals = found.totals
    assert totals.total_dap_gym2 == pytest.approx(3e-5)
    assert (totals.total_dap_plane_a_gym2, totals.total_dap_plane_b_gym2) == (1e-5, 2e-5)
    assert (totals.dose_rp_total_plane_a_gy, totals.dose_rp_total_plane_b_gy) == (0.5, 0.25)
    assert (totals.number_of_events_plane_a, totals.number_of_events_plane_b) == (1, 1)
    assert totals.number_of_planes == 2


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("Gy.m2", 1),
        ("Gym2", 1),
        ("dGy.cm2", 1e-5),
        ("cGy.cm2", 1e-6),
        ("mGy.cm2", 1e-7),
        ("uGy.m2", 1e-6),
        ("Gy.cm^2", 1e-4),
        ("Gy.cm2", 1e-4),
    ],
)
def test_dose_area_products_are_converted(unit: str, factor: float) -> None:
    assert event(num(dcm("122130"), "12.5", unit)).dap_gym2 == pytest.approx(12.5 * factor)


def test_dose_at_the_reference_point_in_mgy() -> None:
    assert event(num(dcm("113738"), "30.573", "mGy")).dose_rp_gy == pytest.approx(0.030573)


def test_without_any_dap_the_total_is_zero() -> None:
    assert study(make.projection_report(plane("113622"))).totals.total_dap_gym2 == 0


def test_per_pulse_values_are_lists_and_their_means_are_derived() -> None:
    found = event(
        num(dcm("113733"), ["60", "70"], "kV"),
        num(dcm("113734"), ["10", "20", "30"], "mA"),
        num(dcm("113793"), "4.2", "ms"),
        num(dcm("113768"), "24"),
    )
    assert list(found.kvp) == [60, 70]
    assert found.average_tube_current_ma == 20
    assert found.exposure_time_ms == pytest.approx(100.8)


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        ((), None, "DX"),
        ((make.projection_event("1.2.3.4", code(dcm("113721"), FLUOROSCOPY)),), None, "RF"),
        ((plane("113622", num(dcm("113730"), "3", "s")),), None, "RF"),
        ((plane("113622", num(dcm("113730"), "0", "s")),), None, "DX"),
        ((plane("113622", num(dcm("113730"), "3", "s")),), "DX", "DX"),
        ((), "RF", "RF"),
        ((plane("113622", num(dcm("113726"), "1e-6", "Gy.m2")),), "dual", "RF"),
        (
            (code(dcm("122142"), dcm("113957", "Fluoroscopy-Guided Projection Radiography System")),),
            None,
            "RF",
        ),
        ((code(dcm("122142"), dcm("113958", "Integrated Projection Radiography System")),), None, "DX"),
    ],
)
def test_the_modality_is_decided_by_content_and_setting(
    content: tuple[Dataset, ...], options: Literal["RF", "DX", "dual"] | None, expected: str
) -> None:
    found = study(make.projection_report(*content), MergeOptions(modality_override=options))
    assert found.modality_type == expected


def test_an_azurion_is_angiography_whatever_it_calls_itself() -> None:
    device = code(dcm("122142"), dcm("113958", "Integrated Projection Radiography System"))
    made = make.projection_report(device, ManufacturerModelName="Azurion 7 M20")
    assert study(made).modality_type == "RF"


def test_mammography_by_its_procedure() -> None:
    made = make.report(
        code(dcm("121058"), ("71651007", "SCT", "Mammography")),
        container(
            dcm("113702"),
            num(
                dcm("111637"),
                "1.3",
                "mGy",
                code(("272741003", "SCT", "Laterality"), ("80248007", "SCT", "L")),
            ),
            num(dcm("111637"), "1.2", "mGy", code(("G-C171", "SRT", "Laterality"), ("T-04020", "SRT", "R"))),
        ),
        template="10001",
    )
    found = study(made)
    assert found.modality_type == "MG"
    assert (found.totals.accumulated_agd_left_mgy, found.totals.accumulated_agd_right_mgy) == (1.3, 1.2)


def test_laterality_stands_below_region_or_structure() -> None:
    left = code(("G-C171", "SRT", "Laterality"), ("G-A101", "SRT", "Left"))
    below_region = event(code(dcm("123014"), ("T-D9200", "SRT", "Knee"), left))
    below_structure = event(code(("T-D0005", "SRT", "Anatomy"), ("T-D9200", "SRT", "Knee"), left))
    assert below_region.laterality == below_structure.laterality
    assert below_region.laterality is not None
    assert below_region.laterality.code_value == "G-A101"


def test_reference_point_as_code_or_text() -> None:
    assert event(text(dcm("113780"), "15cm below BeamIsocenter")).reference_point_definition_text is not None
    told = event(code(dcm("113780"), dcm("113860"))).event_reference_point_definition
    assert told is not None
    assert told.code_value == "113860"


def test_grids_are_repeated_and_filters_put_in_order() -> None:
    found = event(
        code(dcm("111635"), dcm("111642")),
        code(dcm("111635"), dcm("111643")),
        container(dcm("113771"), num(dcm("113758"), "0.9", "mm"), num(dcm("113773"), "0.3", "mm")),
    )
    assert [grid.code_value for grid in found.grid] == ["111642", "111643"]
    assert (found.filters[0].thickness_min_mm, found.filters[0].thickness_max_mm) == (0.3, 0.9)


def test_siemens_tells_field_size_and_position_in_comments() -> None:
    found = event(
        text(dcm("121106"), '<FluoroData><iiDiameter SRData="220"/></FluoroData>'),
        comment='<Root><PatientPosition><Position SRData="FFP "/></PatientPosition></Root>',
    )
    assert found.image_intensifier_field_size_mm == 220
    codes = (found.patient_table_relationship, found.patient_orientation, found.patient_orientation_modifier)
    assert [one.code_value for one in codes if one] == ["F-10480", "F-10450", "F-10310"]


def test_an_unknown_siemens_position_clears_what_stands_there() -> None:
    found = event(
        code(dcm("113745"), ("F-10470", "SRT", "headfirst")), comment='<Root><Position SRData="???"/></Root>'
    )
    assert found.patient_table_relationship is None


def test_a_comment_that_is_no_xml_is_only_a_comment() -> None:
    assert event(text(dcm("121106"), 'iiDiameter SRData="220"')).image_intensifier_field_size_mm is None


def test_philips_private_items_become_standard_ones() -> None:
    def private(number: str, meaning: str, value: str) -> Dataset:
        return num((number, PHILIPS, meaning), value, "mm")

    shutters = container(
        ("005", PHILIPS, "Wedges and Shutters"),
        private("006", "Bottom Shutter", "131"),
        private("007", "Left Shutter", "164.5"),
        private("008", "Right Shutter", "164.5"),
        private("009", "Top Shutter", "131"),
    )
    frames, height = private("003", "Number of Frames", "98"), private("021", "Table Height Position", "905")
    found = study(
        make.projection_report(
            make.projection_event("1.2.3.4", num(dcm("113750"), "1194", "mm"), frames, height, shutters),
            make.projection_event("1.2.3.5", shutters),
        )
    ).projection_reports[0]
    first, second = found.events
    assert (first.number_of_pulses, first.table_height_position_mm) == (98, 905)
    assert first.collimated_field_height_mm == pytest.approx(392.826)
    assert first.collimated_field_width_mm == pytest.approx(312.828)
    assert first.collimated_field_area_m2 == pytest.approx(0.12288697)
    assert second.collimated_field_height_mm == first.collimated_field_height_mm


def test_wrong_concept_codes_are_put_right() -> None:
    yes = ("R-0038D", "SRT", "Yes")
    made = make.projection_report(
        code(dcm("113745", "X-Ray Detector Data Available"), yes),
        make.projection_event(
            "1.2.3.4", code(dcm("113632", "Anode Target Material"), ("C-150F9", "SRT", "Mo"))
        ),
    )
    report = study(made).projection_reports[0]
    assert report.xray_detector_data_available is not None
    assert report.events[0].anode_target_material is not None


def test_the_observer_uid_may_be_text_and_may_be_ignored_by_model() -> None:
    made = make.projection_report(text(dcm("121012"), "1.2.3.99"), ManufacturerModelName="GE OEC Fluorostar")
    data = make.encoded(made)
    assert read_object(data).study.equipment.device_observer_uid is None
    told = read_object(data, ReadOptions(ignored_observer_uid_models=()))
    assert told.study.equipment.device_observer_uid == "1.2.3.99"


def test_arcadis_tells_totals_only() -> None:
    def private(number: str, value: str | None, unit: str) -> Dataset:
        return num((number, "99SMS_RADSUM", number), value, unit)

    made = make.report(
        private("C-200", "3", "1"),
        private("C-202", "34.427", "s"),
        private("C-204", "0.2359", "Gy.cm^2"),
        private("C-210", None, ""),
        title=("C-10", "99SMS_RADSUM", "Radiation Summary Report"),
        sop_class=make.ENHANCED_SR,
    )
    found = study(made)
    assert (found.modality_type, found.totals.number_of_events) == ("RF", 0)
    assert found.totals.total_dap_gym2 == pytest.approx(2.359e-5)
    assert found.totals.total_fluoro_time_s == 34.427
    assert found.totals.dose_rp_total_plane_a_gy is None


def test_an_enhanced_report_joins_summary_and_details() -> None:
    event_uid = uid(dcm("113853"), "1.2.3.4")
    made = make.report(
        container(dcm("130500"), num(dcm("113722"), "2.5", "dGy.cm2")),
        container(dcm("130501"), event_uid, num(dcm("122130"), "2.5", "dGy.cm2")),
        container(dcm("130505"), event_uid, container(dcm("130511"), num(dcm("113733"), "81", "kV"))),
        template="10040",
        sop_class=make.ENHANCED_XRAY_RDSR,
    )
    found = study(made)
    (told,) = found.projection_reports[0].events
    assert (told.irradiation_event_uid, told.kvp) == ("1.2.3.4", (81,))
    assert told.dap_gym2 == found.totals.total_dap_gym2 == pytest.approx(2.5e-5)
