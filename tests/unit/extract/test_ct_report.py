"""CT dose reports, and what devices do otherwise."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from dosebus.domain.study import Study
from dosebus_extract.merge import combine
from dosebus_extract.read import Rejected, read_object
from tests.unit.extract import dose_objects as make
from tests.unit.extract.dose_objects import code, container, dcm, moment, num, person, text, uid


def study(made: Dataset) -> Study:
    return combine([read_object(make.encoded(made))])


def event_with(*content: Dataset) -> Dataset:
    return make.report(container(dcm("113819"), uid(dcm("113769"), "1.2.3.4"), *content), template="10011")


def test_a_ct_report_is_read_whole() -> None:
    found = study(make.ct_report(["1.2.3.4", "1.2.3.5"]))
    assert found.modality_type == "CT"
    assert found.totals.total_dlp_mgycm == 200
    assert found.totals.number_of_ct_spiral_events == 2
    event = found.ct_reports[0].events[0]
    assert (event.irradiation_event_uid, event.dlp_mgycm, event.ctdivol_mgy) == ("1.2.3.4", 100, 5)
    assert event.event_type is not None
    assert event.event_type.model_dump() == {
        "code_value": "P5-08001",
        "coding_scheme_designator": "SRT",
        "code_meaning": "Spiral Acquisition",
    }


def test_the_enhanced_sr_of_old_scanners_is_a_dose_report_by_its_title() -> None:
    assert study(make.ct_report(["1.2.3.4"], sop_class=make.ENHANCED_SR)).totals.total_dlp_mgycm == 100


def test_another_document_is_rejected_by_its_title() -> None:
    made = make.report(title=("18748-4", "LN", "Diagnostic Imaging Report"), sop_class=make.ENHANCED_SR)
    with pytest.raises(Rejected, match="Diagnostic Imaging Report") as rejected:
        read_object(make.encoded(made))
    assert rejected.value.code == "not_a_dose_report"


def test_a_report_without_study_is_rejected() -> None:
    made = make.ct_report(["1.2.3.4"])
    del made.StudyInstanceUID
    with pytest.raises(Rejected, match="no Study Instance UID"):
        read_object(make.encoded(made))


def test_without_template_the_content_tells_the_kind() -> None:
    made = make.report(make.ct_event("1.2.3.4"))
    assert read_object(make.encoded(made)).kind == "ct_rdsr"
    with pytest.raises(Rejected, match="no known kind"):
        read_object(make.encoded(make.report()))


def test_a_missing_total_is_the_events_sum_and_a_finding() -> None:
    found = study(make.report(make.ct_event("1.2.3.4", 40), make.ct_event("1.2.3.5", 2.5), template="10011"))
    assert found.totals.total_dlp_mgycm == 42.5
    assert "no_total" in {finding.code for finding in found.findings}


@pytest.mark.parametrize(("unit", "factor"), [("mGycm", 1), ("mGy.cm", 1), ("Gy.cm", 1000), ("uGy.m", 0.1)])
def test_units_are_converted(unit: str, factor: float) -> None:
    found = study(event_with(container(dcm("113829"), num(dcm("113838", "DLP"), "12.5", unit))))
    assert found.ct_reports[0].events[0].dlp_mgycm == pytest.approx(12.5 * factor)


def test_a_dose_in_a_foreign_unit_is_left_out_and_told() -> None:
    found = study(event_with(container(dcm("113829"), num(dcm("113838", "DLP"), "12.5", "mGy"))))
    assert found.ct_reports[0].events[0].dlp_mgycm is None
    assert [finding.code for finding in found.findings if finding.place == "113838"] == ["wrong_unit"]


def test_empty_and_wrong_values_are_absent() -> None:
    found = study(
        event_with(
            code(dcm("123014", "Target Region"), None),
            text(dcm("125203"), ""),
            moment(dcm("111526"), "2024"),
            container(dcm("113822")),
            container(dcm("113829"), num(dcm("113830"), None), num(("SD", "99TOSHIBA-TMSC", "SD"), "1.2")),
        )
    )
    event = found.ct_reports[0].events[0]
    assert event.model_dump() == {"irradiation_event_uid": "1.2.3.4"}
    assert [(one.code_value, one.parent_code_value, one.count) for one in found.unread] == [
        ("SD", "113829", 1)
    ]


def test_dose_check_of_both_kinds_is_one_part() -> None:
    yes, no = ("R-0038D", "SRT", "Yes"), ("373067005", "SCT", "No")
    found = study(
        event_with(
            container(
                dcm("113829"),
                container(
                    dcm("113900"),
                    code(dcm("113901"), yes),
                    num(dcm("113903"), "1000", "mGy.cm"),
                    text(dcm("113907"), "needed"),
                    person("Smith^Jane", code(dcm("113875"), dcm("113850", "Irradiation Authorizing"))),
                    person(""),
                ),
                container(dcm("113908"), code(dcm("113909"), no), num(dcm("113912"), "60", "mGy")),
            )
        )
    )
    (check,) = found.ct_reports[0].events[0].dose_check
    assert check.dlp_alert_value_configured is True
    assert check.dlp_alert_value_mgycm == 1000
    assert check.alert_reason_for_proceeding == "needed"
    assert check.dlp_notification_value_configured is False
    assert check.ctdivol_notification_value_mgy == 60
    assert [one.person_name for one in check.alert_persons] == ["Smith^Jane"]


def test_siemens_tells_the_modulation_in_the_comment() -> None:
    comment = "Internal technical scan parameters: Body Size = Adult, X-ray Modulation Type = XYZ_EC, Sn = no"
    found = study(event_with(text(dcm("121106"), comment)))
    assert found.ct_reports[0].events[0].xray_modulation_type == "XYZ_EC"


def test_size_specific_and_effective_dose_are_read() -> None:
    method = ("370129005", "SCT", "Measurement Method")
    found = study(
        event_with(
            container(
                dcm("113829"),
                num(dcm("113839"), "0.0042", "Sv", code(method, dcm("113800", "DLP to E"))),
                num(dcm("113930"), "11.5", "mGy", code(method, dcm("113936", "Sum"))),
            )
        )
    )
    event = found.ct_reports[0].events[0]
    assert event.effective_dose_msv == pytest.approx(4.2)
    assert event.ssde_mgy == 11.5
    assert event.ssde_method is not None
    assert event.ssde_method.code_value == "113936"


def test_a_dual_source_scan_has_two_sources() -> None:
    sources = [container(dcm("113831"), text(dcm("113832"), tube), num(dcm("113733"), kv, "kV")) for tube, kv in
               (("A", "100"), ("B", "140"))]  # fmt: skip
    found = study(event_with(container(dcm("113822"), num(dcm("113823"), "2"), *sources)))
    event = found.ct_reports[0].events[0]
    assert event.number_of_xray_sources == 2
    assert [(one.source_id, one.kvp) for one in event.sources] == [("A", 100), ("B", 140)]
