"""Reports and images as other models of the known makers write them: same dose, other words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dosebus_extract.merge import combine
from dosebus_extract.outcome import Rejected
from dosebus_extract.read import read_object
from tests.unit.extract import dose_objects as make
from tests.unit.extract.dose_objects import code, container, dcm, moment, num, text, uid

DX, MG, PET = (f"1.2.840.10008.5.1.4.1.1.{n}" for n in ("1.1", "1.2", "128"))


def study(*objects: Dataset) -> Any:
    return combine(read_object(make.encoded(one)) for one in objects)


def one_event(*items: Dataset, **values: Any) -> Any:
    made = make.projection_report(make.projection_event("1.2.3.4", *items), **values)
    return study(made).projection_reports[0].events[0]


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("Gy.m2", 1), ("Gym2", 1), ("Gy*m2", 1), ("Gy.m^2", 1), ("dGy.cm2", 1e-5), ("dGycm2", 1e-5),
        ("dGy·cm²", 1e-5), ("cGy.cm2", 1e-6), ("cGy cm2", 1e-6), ("mGy.cm2", 1e-7), ("mGy.m2", 1e-3),
        ("uGy.m2", 1e-6), ("µGy·m²", 1e-6), ("uGym2", 1e-6), ("Gy.cm2", 1e-4), ("Gy x cm2", 1e-4),
    ],
)  # fmt: skip
def test_a_dose_area_product_is_read_in_every_unit(unit: str, factor: float) -> None:
    event = one_event(num(dcm("122130"), "12.5", unit), SpecificCharacterSet="ISO_IR 192")
    assert event.dap_gym2 == pytest.approx(12.5 * factor)


@pytest.mark.parametrize("unit", ["mGy.cm", "mGycm", "mGy*cm", "mGy cm", "mGy-cm", "mGy·cm"])
def test_a_dose_length_product_is_read_in_every_spelling(unit: str) -> None:
    made = make.report(container(dcm("113811"), num(dcm("113813"), "77.5", unit)), template="10011")
    assert study(made).totals.total_dlp_mgycm == 77.5


def test_a_dose_in_a_unit_of_something_else_is_left_out_and_told() -> None:
    made = make.projection_report(make.projection_event("1.2.3.4", num(dcm("122130"), "1", "mGy.cm")))
    found = study(made)
    assert found.projection_reports[0].events[0].dap_gym2 is None
    assert "wrong_unit" in {finding.code for finding in found.findings}


def floating(item: Dataset) -> None:
    item.MeasuredValueSequence[0].FloatingPointValue = 80.5
    del item.MeasuredValueSequence[0].NumericValue


def beside(item: Dataset) -> None:
    item.NumericValue = item.MeasuredValueSequence[0].NumericValue
    del item.MeasuredValueSequence


def as_text(words: str) -> Callable[[Dataset], None]:
    def change(item: Dataset) -> None:
        del item.MeasuredValueSequence
        item.ValueType, item.TextValue = "TEXT", words

    return change


def untyped(item: Dataset) -> None:
    del item.ValueType


@pytest.mark.parametrize(
    "change",
    [floating, beside, as_text("80.5"), as_text("80,5"), as_text("80.5 kV"), as_text("80.5kV"), untyped],
)
def test_a_number_is_found_wherever_it_stands(change: Callable[[Dataset], None]) -> None:
    item = num(dcm("113733", "KVP"), "80.5", "kV")
    change(item)
    assert one_event(item).kvp == (80.5,)


def test_a_number_in_words_bears_its_unit() -> None:
    item = num(dcm("113738", "Dose (RP)"), "1", "Gy")
    as_text("12,5 mGy")(item)
    assert one_event(item).dose_rp_gy == pytest.approx(0.0125)


@pytest.mark.parametrize(("sent", "unit"), [("1e999", "Gy"), ("1e999 mGy", "Gy"), ("-1e400", "mGy")])
def test_a_number_beyond_all_numbers_is_absent_and_told(sent: str, unit: str) -> None:
    item = num(dcm("113738", "Dose (RP)"), "1", unit)
    as_text(sent)(item)
    found = study(make.projection_report(make.projection_event("1.2.3.4", item)))
    assert found.projection_reports[0].events[0].dose_rp_gy is None
    assert "not_a_number" in {one.code for one in found.findings}


def test_a_number_beyond_all_numbers_in_our_unit_is_absent() -> None:
    assert (
        one_event(num(dcm("113742", "Irradiation Duration"), "9e307", "min")).irradiation_duration_s is None
    )


@pytest.mark.parametrize("qualifier", ["114006", "114009"])
def test_an_empty_measurement_with_a_qualifier_is_absent(qualifier: str) -> None:
    item = num(dcm("113738"), None)
    item.NumericValueQualifierCodeSequence = Sequence([make.coded(qualifier, "DCM", "Measurement failure")])
    event = one_event(item, num(dcm("113733"), "80", "kV"))
    assert (event.dose_rp_gy, event.kvp) == (None, (80,))


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("20240301101112", "2024-03-01T10:11:12"),
        ("20240301101112.5", "2024-03-01T10:11:12.500000"),
        ("20240301101112.123+0100", "2024-03-01T10:11:12.123000"),
        ("20240301101112-0500", "2024-03-01T10:11:12"),
        ("20240301", "2024-03-01T00:00:00"),
        ("2024-03-01T10:11:12", "2024-03-01T10:11:12"),
        ("2024-03-01 10:11:12.25", "2024-03-01T10:11:12.250000"),
        ("202403011011", "2024-03-01T10:11:00"),
    ],
)
def test_a_moment_is_read_in_every_form(sent: str, read: str) -> None:
    item = text(dcm("111526"), sent)
    assert one_event(item).datetime_started.isoformat() == read


def test_a_person_told_as_text_and_a_uid_told_as_text() -> None:
    role = code(dcm("113875"), dcm("113850", "Irradiation Authorizing"))
    made = make.report(
        text(dcm("121012"), "1.2.3.99"),
        container(
            dcm("113819"),
            text(dcm("113769"), "1.2.3.4"),
            text(dcm("113870", "Person Name"), "Müller^Jörg", role),
        ),
        template="10011",
        SpecificCharacterSet="ISO_IR 100",
    )
    found = study(made)
    (event,) = found.ct_reports[0].events
    assert (event.irradiation_event_uid, event.persons[0].person_name) == ("1.2.3.4", "Müller^Jörg")
    assert found.equipment.device_observer_uid == "1.2.3.99"


def test_a_ct_event_without_its_containers_is_read_whole() -> None:
    made = make.report(
        container(
            dcm("113819"),
            uid(dcm("113769"), "1.2.3.4"),
            num(dcm("113825"), "300", "mm"),
            num(dcm("113830"), "5", "mGy"),
            num(dcm("113838"), "150", "mGy.cm"),
            container(dcm("113831"), text(dcm("113832"), "A"), num(dcm("113733"), "120", "kV")),
            container(
                dcm("113908"),
                code(dcm("113910"), ("373066001", "SCT", "Yes")),
                num(dcm("113912"), "60", "mGy"),
            ),
        ),
        template="10011",
    )
    (event,) = study(made).ct_reports[0].events
    assert (event.scanning_length_mm, event.ctdivol_mgy, event.dlp_mgycm) == (300, 5, 150)
    assert event.sources[0].kvp == 120
    assert event.dose_check[0].ctdivol_notification_value_mgy == 60
    assert event.dose_check[0].ctdivol_notification_value_configured is True


def test_several_accumulated_containers_of_a_ct_add_up() -> None:
    parts = [container(dcm("113811"), num(dcm("113813"), dlp, "mGy.cm")) for dlp in ("100", "50.5")]
    made = make.report(*parts, make.ct_event("1.2.3.1"), make.ct_event("1.2.3.2"), template="10011")
    found = study(made)
    assert found.totals.total_dlp_mgycm == 150.5
    assert len(found.ct_reports[0].accumulated) == 2


def test_two_planes_that_only_the_sums_tell() -> None:
    planes = [
        container(
            dcm("113702"), code(dcm("113764"), dcm(plane)), num(dcm("113722"), dap, "Gy.m2")
        )
        for plane, dap in (("113620", "0.001"), ("113621", "0.002"))
    ]  # fmt: skip
    made = make.projection_report(*planes, make.projection_event("1.2.3.1"), make.projection_event("1.2.3.2"))
    totals = study(made).totals
    assert totals.number_of_planes == 2
    assert (totals.total_dap_plane_a_gym2, totals.total_dap_plane_b_gym2) == (0.001, 0.002)
    assert (totals.number_of_events_plane_a, totals.number_of_events_plane_b) == (2, 0)
    assert totals.total_dap_gym2 == 0.003


@pytest.mark.parametrize(
    ("right", "left"),
    [(("T-04020", "SRT"), ("T-04030", "SRT")), (("73056007", "SCT"), ("80248007", "SCT")),
     (("C0222600", "UMLS"), ("C0222601", "UMLS")), (("24028007", "SCT"), ("7771000", "SCT"))],
)  # fmt: skip
def test_breasts_are_told_by_any_code(right: tuple[str, str], left: tuple[str, str]) -> None:
    doses = [
        num(dcm("111637"), dose, "dGy", code(("G-C171", "SRT", "Laterality"), (*side, "Breast")))
        for dose, side in (("0.015", right), ("0.0125", left))
    ]
    made = make.report(
        code(dcm("121058"), ("71651007", "SCT", "Mammography")), container(dcm("113702"), *doses)
    )
    totals = study(made).totals
    assert (totals.accumulated_agd_right_mgy, totals.accumulated_agd_left_mgy) == (1.5, 1.25)


@pytest.mark.parametrize("spiral", [("P5-08001", "SRT"), ("116152004", "SCT"), ("C0860888", "UMLS")])
def test_ct_types_are_counted_by_any_code(spiral: tuple[str, str]) -> None:
    event = make.ct_event("1.2.3.1")
    event.ContentSequence[1].ConceptCodeSequence = Sequence([make.coded(*spiral, "Spiral")])
    assert study(make.report(event, template="10011")).totals.number_of_ct_spiral_events == 1


def test_private_extensions_are_counted_and_change_nothing() -> None:
    private = container(("VX-77", "99ACME", "Extra"), num(("VX-78", "99ACME", "More"), "1"))
    made = make.projection_report(make.projection_event("1.2.3.4", num(dcm("113733"), "80", "kV"), private))
    found = study(made)
    assert found.projection_reports[0].events[0].kvp == (80,)
    assert [(one.code_value, one.coding_scheme_designator) for one in found.unread] == [("VX-77", "99ACME")]


def test_what_stands_by_reference_is_told_where_it_stands() -> None:
    event = make.projection_event("1.2.3.4")
    referring = Dataset()
    referring.RelationshipType = "HAS PROPERTIES"
    referring.ReferencedContentItemIdentifier = [1, 2]
    event.ContentSequence.append(referring)
    made = make.projection_report(num(dcm("113733", "KVP"), "90", "kV"), event)
    (found,) = study(made).projection_reports[0].events
    assert found.kvp == (90,)


@pytest.mark.parametrize("path", [[1], [1, 2], [1, 99], [2, 1], [1, 0]])
def test_a_reference_that_leads_round_or_nowhere_is_dropped(path: list[int]) -> None:
    event = make.projection_event("1.2.3.4")
    referring = Dataset()
    referring.ReferencedContentItemIdentifier = path
    event.ContentSequence.append(referring)
    (found,) = study(make.projection_report(event)).projection_reports[0].events
    assert found.irradiation_event_uid == "1.2.3.4"


def without(keyword: str, *more: str, **values: Any) -> Dataset:
    made = make.ct_report(["1.2.3.1"], **values)
    for one in (keyword, *more):
        delattr(made, one)
    return made


def test_a_report_without_study_date_takes_the_next_date_there_is() -> None:
    found = study(without("StudyDate", "StudyTime", ContentDate="20240302", SeriesDate="20240303"))
    assert (found.study_date.isoformat(), found.study_time.isoformat()) == ("2024-03-02", "11:12:13")
    found = study(without("StudyDate", "ContentDate", SeriesDate="20240303"))
    assert found.study_date.isoformat() == "2024-03-03"


def test_a_report_without_any_date_stands_under_1900_and_says_so() -> None:
    found = study(without("StudyDate", "ContentDate", "StudyTime", "ContentTime"))
    assert (found.study_date.isoformat(), found.study_time.isoformat()) == ("1900-01-01", "00:00:00")
    severities = {finding.code: finding.severity for finding in found.findings}
    assert (severities["no_study_date"], severities["no_study_time"]) == ("error", "warning")


def test_accession_and_request_stand_in_the_request_that_is_referred_to() -> None:
    request = Dataset()
    request.AccessionNumber = "ACC7"
    request.RequestedProcedureDescription = "CT thorax"
    found = study(make.ct_report(["1.2.3.1"], ReferencedRequestSequence=[request]))
    assert (found.accession_number, found.requested_procedure) == ("ACC7", "CT thorax")
    found = study(make.header(DX, Modality="DX", RequestAttributesSequence=[request]))
    assert (found.accession_number, found.requested_procedure) == ("ACC7", "CT thorax")
    empty = study(make.header(DX, Modality="DX", RequestAttributesSequence=[]))
    assert empty.requested_procedure is None


def test_a_radiographs_procedure_code_comes_before_its_plain_request() -> None:
    procedure = make.coded("P1", "99X", "Chest PA")
    made = make.header(DX, Modality="DX", ProcedureCodeSequence=[procedure])
    made.RequestedProcedureDescription = "x-ray"
    assert study(made).requested_procedure == "Chest PA"


@pytest.mark.parametrize(
    ("birth", "age", "years"),
    [
        ("19600301", None, 64.0),
        ("19600301", "064Y", 64.0),
        ("19360301", "056Y", 56.0),
        ("99990101", "063Y", 63.0),
        ("19021101", None, None),
        (None, "006M", 0.5),
        (None, "026W", 0.5),
        ("18000101", None, None),
    ],
)
def test_an_age_is_told_by_dates_that_make_sense(birth: str | None, age: str | None, years: float) -> None:
    told: dict[str, Any] = {"PatientBirthDate": birth, "PatientAge": age}
    present = {key: value for key, value in told.items() if value}
    made = make.ct_report(["1.2.3.1"], **present)
    assert study(made).patient.patient_age_years == years


def test_numbers_in_another_representation_are_read() -> None:
    made = make.header(DX, Modality="DX")
    made.add_new(0x00180060, "FD", 81.0)
    made.add_new(0x00181150, "DS", "161.3")
    made.add_new(0x0018115E, "FL", 2.5)
    made.add_new(0x00101020, "LO", "about 1.8 m")
    found = study(made)
    (event,) = found.projection_reports[0].events
    assert (event.kvp, event.exposure_time_ms) == ((81.0,), 161.3)
    assert event.dap_gym2 == pytest.approx(2.5e-5)
    assert found.patient.patient_height_m is None


def test_a_tomosynthesis_tells_its_exposure_in_functional_groups() -> None:
    shared, exposure, anatomy = Dataset(), Dataset(), Dataset()
    exposure.KVP = "31"
    exposure.add_new(0x00189330, "FD", 120.0)
    exposure.add_new(0x00189328, "FD", 250.0)
    exposure.add_new(0x00189332, "FD", 30.0)
    anatomy.FrameLaterality = "L"
    shared.add_new(0x00189325, "SQ", [exposure])
    shared.FrameAnatomySequence = [anatomy]
    made = make.header("1.2.840.10008.5.1.4.1.1.13.1.3", Modality="MG", OrganDose="0.0125")
    made.SharedFunctionalGroupsSequence = [shared]
    found = study(made)
    (event,) = found.projection_reports[0].events
    assert (event.kvp, event.tube_current_ma, event.exposure_time_ms) == ((31,), (120.0,), 250.0)
    assert event.exposure_uas == (30_000.0,)
    assert event.laterality.code_value == "G-A101"
    assert found.totals.accumulated_agd_left_mgy == 1.25


@pytest.mark.parametrize("word", ["RECIPROCATING\\FOCUSED", "RE\\FO", "RECIPROCATING+FOCUSED"])
def test_a_grid_of_several_words_is_several_grids(word: str) -> None:
    made = make.header(MG, Modality="MG")
    made.Grid = word.split("\\")
    (event,) = study(made).projection_reports[0].events
    assert [grid.code_value for grid in event.grid] == ["111643", "111642"]


def test_private_elements_are_found_without_their_reservation() -> None:
    made = make.header(MG, Modality="MG", Manufacturer="GE MEDICAL SYSTEMS")
    made.add_new(0x00451049, "DS", "45")
    assert study(made).projection_reports[0].events[0].radiological_thickness_mm == 45


def test_a_route_told_as_text_is_a_route() -> None:
    item = Dataset()
    item.RadiopharmaceuticalRoute = "IV"
    item.RadionuclideTotalDose = "350000000"
    found = study(make.header(PET, Modality="PT", RadiopharmaceuticalInformationSequence=[item]))
    (given,) = found.radiopharmaceutical_reports[0].administrations
    assert given.route_of_administration.code_meaning == "IV"
    assert given.administered_activity_mbq == 350


def test_a_pet_without_radiopharmaceutical_still_tells_its_series() -> None:
    found = study(make.header(PET, Modality="PT", RadiopharmaceuticalInformationSequence=[]))
    assert len(found.radiopharmaceutical_reports[0].pet_series) == 1


@pytest.mark.parametrize("template", ["10011", "TID 10011", "TID10011", None])
def test_a_template_is_known_however_it_is_named(template: str | None) -> None:
    made = make.report(code(dcm("121058"), ("P5-08000", "SRT", "CT")), template=template)
    assert read_object(make.encoded(made)).kind == "ct_rdsr"


def test_an_arcadis_sum_without_unit_is_in_gy_cm2() -> None:
    value = num(("C-204", "99SMS_RADSUM", "DAP"), "0.2359")
    del value.MeasuredValueSequence[0].MeasurementUnitsCodeSequence
    made = make.report(value, title=("C-10", "99SMS_RADSUM", "Summary"), sop_class=make.ENHANCED_SR)
    assert study(made).totals.total_dap_gym2 == pytest.approx(2.359e-5)


@pytest.mark.parametrize("sop_class", ["88.11", "88.22", "88.33", "88.67"])
def test_any_structured_report_without_dose_is_rejected(sop_class: str) -> None:
    made = make.report(
        moment(dcm("111526"), "20240301"),
        title=("126000", "DCM", "Imaging Measurement Report"),
        sop_class=f"1.2.840.10008.5.1.4.1.1.{sop_class}",
    )
    with pytest.raises(Rejected) as refused:
        read_object(make.encoded(made))
    assert refused.value.code == "not_a_dose_report"
