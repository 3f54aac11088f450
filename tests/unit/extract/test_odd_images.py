"""Images whose exposure stands elsewhere, or in other units and words, than the standard asks."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dosebus.domain.projection import ProjectionEvent
from dosebus.domain.study import Study
from dosebus_extract.images.nuclear_image import activity_factor
from dosebus_extract.merge import combine
from dosebus_extract.read import read_object
from tests.unit.extract import dose_objects as make

CR, DX, MG = (f"1.2.840.10008.5.1.4.1.1.{n}" for n in ("1", "1.1", "1.2"))
TOMOSYNTHESIS, PROJECTIONS = (f"1.2.840.10008.5.1.4.1.1.13.1.{n}" for n in (3, 4))


def study(made: Dataset) -> Study:
    return combine([read_object(make.encoded(made))])


def event(sop_class: str, **values: Any) -> ProjectionEvent:
    return event_of(make.header(sop_class, **{"Modality": "DX", **values}))


def event_of(made: Dataset) -> ProjectionEvent:
    (found,) = study(made).projection_reports[0].events
    return found


def group(keyword: str, **values: Any) -> Dataset:
    """A functional group with one macro."""
    macro, made = Dataset(), Dataset()
    for name, value in values.items():
        setattr(macro, name, value)
    setattr(made, keyword, Sequence([macro]))
    return made


@pytest.mark.parametrize("sop_class", [CR, DX])
def test_a_mammogram_of_another_class_is_one_by_its_modality(sop_class: str) -> None:
    made = make.header(sop_class, Modality="MG", OrganDose="0.012", Laterality="RIGHT")
    found = study(made)
    assert found.modality_type == "MG"
    assert found.totals.accumulated_agd_right_mgy == 1.2


def test_the_field_is_told_in_centimetres_by_the_exposed_area() -> None:
    assert event(DX, ExposedArea=[20, 30]).collimated_field_area_m2 == 0.06
    assert event(DX, ExposedArea=[20, 30], FieldOfViewDimensions=[100, 100]).collimated_field_area_m2 == 0.01
    assert event(DX, ExposedArea=0).collimated_field_area_m2 is None


def test_the_entrance_dose_in_whole_decigray_is_used_where_it_says_something() -> None:
    assert event(DX, EntranceDose=2).entrance_exposure_at_rp_mgy == 200.0
    assert event(DX, EntranceDose=0).entrance_exposure_at_rp_mgy is None
    assert event(DX, EntranceDose=1, EntranceDoseInmGy="8.5").entrance_exposure_at_rp_mgy == 8.5


@pytest.mark.filterwarnings("ignore::UserWarning")  # what devices write into CS is no code string
@pytest.mark.parametrize(
    ("kind", "filters"),
    [
        ("CU_0.2_MM", [("C-127F9", 0.2)]), ("Cu 0.1 mm", [("C-127F9", 0.1)]), ("0.3mm Cu", [("C-127F9", 0.3)]),
        ("CU_0.1_MM\\AL_1_MM", [("C-127F9", 0.1), ("C-120F9", 1.0)]),
        ("AL_1_MM+CU_0,2_MM", [("C-120F9", 1.0), ("C-127F9", 0.2)]),
    ],
)  # fmt: skip
def test_filters_named_in_the_type(kind: str, filters: list[tuple[str, float]]) -> None:
    made = make.header(DX, Modality="DX")
    made.add_new(0x00181160, "SH", kind.split("\\"))
    found = event_of(made).filters
    assert [(one.material.code_value, one.thickness_min_mm) for one in found if one.material] == filters


def test_numbers_with_decimal_commas_in_headers() -> None:
    made = make.header(DX, Modality="DX")
    for tag, text in (
        (0x00180060, "81,5"),
        (0x00181110, "1150,5"),
        (0x00101020, "1,75"),
        (0x00101030, "75,5"),
    ):
        made.add_new(tag, "LO", text)
    found = study(made)
    (told,) = found.projection_reports[0].events
    assert (told.kvp, told.distance_source_detector_mm) == ((81.5,), 1150.5)
    assert (found.patient.patient_height_m, found.patient.patient_weight_kg) == (1.75, 75.5)


def test_a_tomosynthesis_tells_its_exposure_in_the_3d_acquisition() -> None:
    acquisition, filter_item = Dataset(), Dataset()
    acquisition.KVP, acquisition.OrganDose, acquisition.BodyPartThickness = "30", "0.0142", "52"
    acquisition.CompressionForce, acquisition.AnodeTargetMaterial = "98.5", "TUNGSTEN"
    acquisition.ExposureInmAs = 55.0
    filter_item.FilterMaterial = "SILVER"
    filter_item.FilterThicknessMinimum = filter_item.FilterThicknessMaximum = "0.05"
    acquisition.XRayFilterSequence = Sequence([filter_item])
    made = make.header(TOMOSYNTHESIS, Modality="MG", ImageLaterality="L")
    made.XRay3DAcquisitionSequence = Sequence([acquisition])
    told = event_of(made)
    assert (told.kvp, told.agd_mgy, told.exposure_uas) == ((30.0,), 1.42, (55_000.0,))
    assert (told.compressed_thickness_mm, told.compression_force_n) == (52.0, 98.5)
    assert told.filters[0].material is not None
    assert (told.filters[0].material.code_value, told.filters[0].thickness_max_mm) == ("C-137F9", 0.05)


def frames(sop_class: str) -> Dataset:
    """Fifteen frames, each with its own exposure of 4 mAs."""
    made = make.header(sop_class, Modality="MG", ImageLaterality="L")
    one = [group("FrameAcquisitionSequence", ExposureInmAs=4.0, OrganDose="0.001") for _ in range(15)]
    made.PerFrameFunctionalGroupsSequence = Sequence(one)
    return made


def test_exposures_of_projections_are_added_and_those_of_slices_are_not() -> None:
    added, slices = event_of(frames(PROJECTIONS)), event_of(frames(TOMOSYNTHESIS))
    assert (added.exposure_uas, added.agd_mgy) == ((60_000.0,), 1.5)
    assert (slices.exposure_uas, slices.agd_mgy) == ((4_000.0,), 0.1)


@pytest.mark.parametrize(
    ("sent", "kind", "mbq"),
    [
        (350e6, "pet_image", 350.0), (350.0, "pet_image", 350.0), (18.5e6, "pet_image", 18.5),
        (764.0, "nm_image", 764.0), (764e6, "nm_image", 764.0), (7400.0, "nm_image", 7400.0),
    ],
)  # fmt: skip
def test_the_figure_tells_the_unit_of_an_activity(sent: float, kind: str, mbq: float) -> None:
    assert sent * activity_factor(sent, kind) == pytest.approx(mbq)
