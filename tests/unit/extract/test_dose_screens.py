"""CT dose screens of GE and Toshiba / Canon: what is told without recognition, and each figure against the others."""

from __future__ import annotations

import json

import pytest
from pydicom.dataset import Dataset

from dosebus.domain.contribution import Contribution
from dosebus.domain.study import Study
from dosebus_extract.images.dose_screen.judgement import judged, length_fits, total_agrees
from dosebus_extract.images.dose_screen.looks import confirm
from dosebus_extract.images.dose_screen.table import Figure, Screen, ScreenRow
from dosebus_extract.read import Ignored, ReadOptions, Rejected, read_object
from tests.unit.extract import dose_objects as make
from tests.unit.extract import dose_screens as draw


def contribution(made: Dataset, **options: object) -> Contribution:
    return read_object(make.encoded(made), ReadOptions.model_validate(options))


def test_without_the_program_screens_are_ignored_with_that_reason() -> None:
    with pytest.raises(Ignored) as refused:
        contribution(draw.ge_screen(), ocr_program="no-such-recognition")
    assert refused.value.code == "ocr_not_installed"


def test_pixels_that_cannot_be_decoded_are_kept_for_review() -> None:
    made = draw.ge_screen()
    made.Rows = 4000
    with pytest.raises(Rejected) as refused:
        contribution(made)
    assert refused.value.code == "dose_screen_unreadable"


def test_other_ct_images_are_ignored_without_a_look_at_their_pixels() -> None:
    made = draw.ge_screen(SeriesDescription="CHEST 5.0", SeriesNumber="2")
    made.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    made.SOPClassUID = draw.CT_IMAGE
    with pytest.raises(Ignored) as refused:
        contribution(made, ocr_program="no-such-recognition")
    assert refused.value.code == "sop_class_not_read"


def row(
    ctdivol: float, dlp: float, span: tuple[float, float] | None = None, confidence: float = 0.95
) -> ScreenRow:
    return ScreenRow("Series 1", None, None, Figure(ctdivol, confidence), Figure(dlp, confidence), span)


def test_dlp_and_ctdivol_are_held_against_the_range() -> None:
    assert length_fits(row(60.41, 475.04, (-30.0, 30.0))) is True
    assert length_fits(row(6.041, 475.04, (-30.0, 30.0))) is False
    assert length_fits(row(604.1, 475.04, (-30.0, 300.0))) is False
    assert length_fits(row(222.59, 111.3, (-2.5, -2.5))) is None
    assert length_fits(row(0.05, 4750.4)) is False


def test_the_sum_of_dlp_is_held_against_the_total() -> None:
    rows = (row(10, 100.01), row(10, 50.02))
    assert total_agrees(Screen(rows, Figure(150.03, 0.9), 0.005)) is True
    assert total_agrees(Screen(rows, Figure(150.13, 0.9), 0.005)) is False
    assert total_agrees(Screen(rows, Figure(250.13, 0.9), 0.005, one_of_several=True)) is None
    assert total_agrees(Screen(rows, None, 0.005)) is None


def test_confidence_falls_with_doubt() -> None:
    faint = row(10, 150.0, (0.0, 140.0), confidence=0.4)
    held = Screen((faint,), Figure(150.0, 0.4), 0.005)
    assert judged(held).confidence == 0.97
    wrong = Screen((faint,), Figure(750.0, 0.4), 0.005)
    assert judged(wrong).confidence < 0.2
    lost = Screen((faint,), Figure(150.0, 0.4), 0.005, unread_rows=1)
    assert judged(lost).confidence == pytest.approx(0.485, abs=1e-3)


def test_a_figure_read_twice_is_surer() -> None:
    once, twice = Screen((row(10, 70, confidence=0.5),), None, 0.05), Screen((row(10, 71),), None, 0.05)
    (seen,) = confirm(once, [twice]).rows
    assert seen.ctdivol_mgy == Figure(10, 0.93)
    assert seen.dlp_mgycm == Figure(70, 0.5)


def test_the_reading_is_part_of_the_record() -> None:
    report = {"ct_reports": [{"screen_reading": {"confidence": 0.91, "total_agrees": True}}]}
    study = Study.model_validate({"study_instance_uid": "1.2", **report})
    assert json.loads(study.model_dump_json())["ct_reports"] == report["ct_reports"]
