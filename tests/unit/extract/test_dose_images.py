"""What image headers tell of dose, and what devices write otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dosebus.domain.contribution import Contribution
from dosebus.domain.projection import ProjectionEvent
from dosebus.domain.radiopharmaceutical import RadiopharmaceuticalReport
from dosebus_extract.merge import combine
from dosebus_extract.read import Ignored, read_object
from tests.unit.extract import dose_objects as make

MG_PRESENTATION, MG_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.2", "1.2.840.10008.5.1.4.1.1.1.2.1"
DX, CR = "1.2.840.10008.5.1.4.1.1.1.1", "1.2.840.10008.5.1.4.1.1.1"
CAPTURE, PET, NM = "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.128", "1.2.840.10008.5.1.4.1.1.20"


def contribution(made: Dataset) -> Contribution:
    return read_object(make.encoded(made))


def image(sop_class: str, **values: Any) -> Dataset:
    defaults = {"AcquisitionDate": "20240301", "AcquisitionTime": "101500", "Modality": "DX"}
    return make.header(sop_class, **{**defaults, **values})


def event(made: Dataset) -> ProjectionEvent:
    return contribution(made).study.projection_reports[0].events[0]


def mammogram(sop_class: str = MG_PRESENTATION, **values: Any) -> Dataset:
    defaults = {"Modality": "MG", "ImageLaterality": "L", "OrganDose": "0.00547", "KVP": "26"}
    return image(sop_class, **{**defaults, **values})


@pytest.mark.filterwarnings("ignore::UserWarning")  # the lower case is on purpose
def test_a_mammogram_is_an_event() -> None:
    made = mammogram(AnodeTargetMaterial="MOLYBDENUM", FilterMaterial="Aluminium", ViewPosition="CC")
    made.CommentsOnRadiationDose = "80 %"
    made.Grid = ["RECIPROCATING", "FOCUSED"]
    block = made.private_block(0x0045, "GEMS_SENO_02", create=True)
    block.add_new(0x49, "DS", "21")
    found = combine([contribution(made)])
    assert found.modality_type == "MG"
    assert found.totals.accumulated_agd_left_mgy == pytest.approx(0.547)
    told = found.projection_reports[0].events[0]
    assert (told.percent_fibroglandular_tissue, told.radiological_thickness_mm) == (80, 21)
    assert [grid.code_value for grid in told.grid] == ["111643", "111642"]
    assert told.anode_target_material is not None
    assert told.anode_target_material.code_value == "C-150F9"
    assert told.filters[0].material is not None
    assert told.filters[0].material.code_value == "C-120F9"


def test_both_versions_of_an_exposure_count_once_in_any_order() -> None:
    raw, shown = contribution(mammogram(MG_PROCESSING)), contribution(mammogram(MG_PRESENTATION))
    other = contribution(mammogram(AcquisitionTime="101600", ImageLaterality="R"))
    expected = combine([raw, shown, other])
    assert expected.totals.number_of_events == 2
    assert expected.projection_reports[0].events[0].irradiation_event_uid == raw.sop_instance_uid
    assert len(expected.sop_instance_uids_processed) == 3
    assert combine([other, shown, raw]) == expected


def test_hologic_projections_are_secondary_captures_and_each_counts() -> None:
    made = [mammogram(CAPTURE, ImageType=["ORIGINAL", "PRIMARY"], Laterality="R") for _ in range(2)]
    for one in made:
        del one.ImageLaterality
    found = combine(contribution(one) for one in made)
    assert found.totals.number_of_events == 2
    assert found.totals.accumulated_agd_right_mgy == pytest.approx(1.094)
    with pytest.raises(Ignored):
        contribution(mammogram(CAPTURE, ImageType=["DERIVED", "SECONDARY"]))


def test_tomosynthesis_tells_its_values_in_shared_groups() -> None:
    made = image("1.2.840.10008.5.1.4.1.1.13.1.3", Modality="MG", ImageLaterality="R")
    dose = Dataset()
    dose.OrganDose = "0.015"
    group = Dataset()
    group.XRayAcquisitionDoseSequence = Sequence([dose])
    made.SharedFunctionalGroupsSequence = Sequence([group])
    assert event(made).agd_mgy == pytest.approx(1.5)


def test_a_report_of_the_same_machine_replaces_its_images() -> None:
    picture = contribution(image(DX, ImageAndFluoroscopyAreaDoseProduct="1"))
    report = contribution(make.projection_report(make.projection_event("1.2.3.4")))
    found = combine([picture, report])
    assert found.totals.number_of_events == 1
    assert picture.sop_instance_uid in found.sop_instance_uids_processed
    assert combine([report, picture]) == found


def test_radiographs_add_up() -> None:
    made = [
        image(DX, AcquisitionTime=f"10150{n}", ImageAndFluoroscopyAreaDoseProduct="0.41") for n in range(3)
    ]
    found = combine(contribution(one) for one in made)
    assert found.modality_type == "DX"
    assert found.totals.total_dap_gym2 == pytest.approx(1.23e-5)
    total = found.projection_reports[0].accumulated_per_plane[0].integrated_total
    assert total is not None
    assert total.total_number_of_radiographic_frames == 3


@pytest.mark.parametrize(
    ("sop_class", "modality", "expected"), [(CR, "CR", "CR"), (DX, "PX", "PX"), (DX, "DX", "DX")]
)
def test_radiography_keeps_its_modality(sop_class: str, modality: str, expected: str) -> None:
    assert combine([contribution(image(sop_class, Modality=modality))]).modality_type == expected


def test_a_radiograph_without_date_is_still_a_study() -> None:
    made = image(CR, StudyDate="", ContentDate="", AcquisitionDate="")
    found = combine([contribution(made)])
    assert found.study_date is None
    assert "no_study_date" in {finding.code for finding in found.findings}


def test_decimals_in_integer_strings_are_kept() -> None:
    data = make.encoded(image(DX, ExposureTime="161", Exposure="40"))
    data = data.replace(b"IS\x04\x00161 ", b"IS\x06\x00161.3\0").replace(b"IS\x02\x0040", b"IS\x06\x0040.196")
    told = read_object(data).study.projection_reports[0].events[0]
    assert told.exposure_time_ms == 161.3
    assert told.exposure_uas == (40196,)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("WEDGE", "ALUMINUM", "0.94", "1.06"), [("113651", "C-120F9", 0.94, 1.06)]),
        (("WEDGE", "ALUMINUM", "1.06", "0.94"), [("113651", "C-120F9", 0.94, 1.06)]),
        (
            ("WEDGE", "ALUMINUM,COPPER", "1.06,0.206", "0.94,0.194"),
            [("113653", "C-120F9", 0.94, 1.06), ("113653", "C-127F9", 0.194, 0.206)],
        ),
        (("NONE", "", "", ""), [("111609", None, None, None)]),
        (("CU_0.2_MM", "", "", ""), [("113653", "C-127F9", 0.2, 0.2)]),
        (("STRIP", "Copper", "thin", "0,3"), [("113650", "C-127F9", None, 0.3)]),
        (("FLAT", "COPPER", "0", "0"), [("113653", "C-127F9", 0, 0)]),
        (("", "COPPER", "1", "1"), []),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_filters(values: tuple[str, str, str, str], expected: list[tuple[Any, ...]]) -> None:
    made = image(CR)
    for keyword, value in zip(("FilterType", "FilterMaterial"), values[:2], strict=True):
        if value:
            setattr(made, keyword, value)
    made.add_new(0x00187052, "LO", values[2])
    made.add_new(0x00187054, "LO", values[3])
    found = [
        (
            one.type.code_value if one.type else None,
            one.material.code_value if one.material else None,
            one.thickness_min_mm,
            one.thickness_max_mm,
        )
        for one in event(made).filters
    ]
    assert found == expected


def test_kodak_writes_decimetres_and_its_own_exposure_index() -> None:
    made = image(CR, Manufacturer="KODAK", ManufacturerModelName="DR 7500", DistanceSourceToDetector="11.5")
    made.RelativeXRayExposure = "1430"
    told = event(made)
    assert told.distance_source_detector_mm == 1150
    assert (told.relative_xray_exposure, told.relative_xray_exposure_unit) == (1430, "EI (Mbels)")


def test_names_of_study_and_procedure_come_from_wherever_they_are() -> None:
    made = image(DX, ManufacturerModelName="CXDI Control Software", StudyDescription="XR CHEST")
    assert contribution(made).study.requested_procedure == "XR CHEST"
    made = image(DX, SeriesDescription="Abdomen", ProtocolName="ABD_1")
    found = contribution(made).study
    assert (found.study_description, found.procedure_code_meaning) == ("Abdomen", "ABD_1")
    assert found.projection_reports[0].events[0].acquisition_protocol == "ABD_1"


def philips(**values: Any) -> Dataset:
    made = make.header(
        CAPTURE, Manufacturer="Philips", SeriesDescription="Dose Info", Modality="CT", **values
    )
    block = made.private_block(0x00E1, "ELSCINT1", create=True)
    block.add_new(0x21, "DS", "200")
    scan, other = Dataset(), Dataset()
    scan.AcquisitionType, scan.CTDIvol, scan.TotalCollimationWidth = "SPIRAL", 7.25, 24.0
    scan.XRayTubeCurrentInuA, scan.ExposureTime, scan.KVP = "165044.374", "6986", "120"
    scan.private_block(0x00E1, "ELSCINT1", create=True).add_new(0x21, "DS", "200")
    scan.private_block(0x01E1, "ELSCINT1", create=True).add_new(0x26, "CS", "32 CM")
    other.KVP = "120"
    made.ExposureDoseSequence = Sequence([scan, other])
    return made


def test_philips_dose_info() -> None:
    found = combine([contribution(philips()), contribution(philips())])
    assert (found.totals.number_of_events, found.totals.total_dlp_mgycm) == (1, 200)
    told = found.ct_reports[0].events[0]
    assert (told.ctdivol_mgy, told.nominal_total_collimation_mm, told.exposure_time_s) == (7.25, 24, 6.986)
    assert told.sources[0].ma == pytest.approx(165.044374)
    assert told.ctdiw_phantom_type is not None
    assert told.ctdiw_phantom_type.code_value == "113691"


def test_a_ct_report_replaces_the_dose_screen() -> None:
    screen, report = contribution(philips()), contribution(make.ct_report(["1.2.3.4"]))
    assert combine([screen, report]) == combine([report, screen])
    assert combine([screen, report]).totals.total_dlp_mgycm == 100


def pet(series: str = "1.2.3.7", **values: Any) -> Dataset:
    made = make.header(PET, Modality="PT", SeriesInstanceUID=series, NumberOfSlices=476, **values)
    given = Dataset()
    given.Radiopharmaceutical = "Fluorodeoxyglucose"
    given.RadionuclideTotalDose, given.RadionuclideHalfLife = "394000000", "6586.2"
    given.RadiopharmaceuticalStartTime = "104830"
    made.RadiopharmaceuticalInformationSequence = Sequence([given])
    return made


def rrdsr(activity: str = "394") -> Dataset:
    return make.report(
        make.container(
            make.dcm("113502"),
            make.code(("349358000", "SCT", "Agent"), ("35321007", "SCT", "FDG")),
            make.uid(make.dcm("113503"), "1.2.3.9"),
            make.num(make.dcm("113507"), activity, "MBq"),
            make.container(
                make.dcm("113517"),
                make.code(("363698007", "SCT", "Finding Site"), ("64033007", "SCT", "Kidney")),
                make.num(make.dcm("113518"), "0.0067", "Gy"),
            ),
        ),
        title=("113500", "DCM", "Radiopharmaceutical Radiation Dose Report"),
        template="10021",
        sop_class=make.RADIOPHARMACEUTICAL_RDSR,
    )


def nuclear(*parts: Contribution) -> RadiopharmaceuticalReport:
    return combine(parts).radiopharmaceutical_reports[0]


def test_activity_is_in_becquerels_in_pet_and_megabecquerels_in_nm() -> None:
    assert nuclear(contribution(pet())).administrations[0].administered_activity_mbq == 394
    made = pet()
    made.SOPClassUID = NM
    made.RadiopharmaceuticalInformationSequence[0].RadionuclideTotalDose = "764"
    assert nuclear(contribution(made)).administrations[0].administered_activity_mbq == 764


def test_one_entry_a_pet_series_and_one_administration() -> None:
    parts = [contribution(pet(series)) for series in ("1.2.3.7", "1.2.3.7", "1.2.3.8")]
    report = nuclear(*parts)
    assert len(report.pet_series) == 2
    assert len(report.administrations) == 1


def test_images_fill_what_the_report_leaves_out_and_never_contradict_it() -> None:
    report, picture = contribution(rrdsr("390")), contribution(pet())
    assert combine([report, picture]) == combine([picture, report])
    found = combine([report, picture])
    (given,) = found.radiopharmaceutical_reports[0].administrations
    assert given.administered_activity_mbq == 390
    assert given.radiopharmaceutical_agent_text == "Fluorodeoxyglucose"
    assert given.organ_doses[0].organ_dose_mgy == pytest.approx(6.7)
    assert "image_disagrees" in {finding.code for finding in found.findings}


def test_an_image_without_radiopharmaceutical_still_tells_its_series() -> None:
    made = pet()
    made.RadiopharmaceuticalInformationSequence = Sequence([])
    report = nuclear(contribution(made))
    assert report.administrations == ()
    assert report.pet_series[0].number_of_slices == 476


def test_a_patient_dose_report_keeps_its_estimates() -> None:
    made = make.report(
        make.container(
            make.dcm("128402"),
            make.text(make.dcm("128403"), "Monte Carlo"),
            make.container(
                make.dcm("128412"),
                make.code(("363698007", "SCT", "Finding Site"), ("64033007", "SCT", "Kidney")),
                make.num(make.dcm("128533", "Mean Absorbed Radiation Dose"), "4.2", "mGy"),
            ),
        ),
        title=("128401", "DCM", "Patient Radiation Dose Report"),
        template="10030",
        sop_class=make.PATIENT_RDSR,
    )
    (estimate,) = combine([contribution(made)]).patient_dose_reports[0].estimates
    assert estimate.name == "Monte Carlo"
    (told,) = estimate.values
    assert (told.value, told.unit) == (4.2, "mGy")
    assert told.organ is not None
    assert told.organ.code_value == "64033007"


def test_an_image_without_dose_is_ignored() -> None:
    with pytest.raises(Ignored, match=r"1\.2\.840\.10008\.5\.1\.4\.1\.1\.4 "):
        contribution(image("1.2.840.10008.5.1.4.1.1.4", Modality="MR"))
