"""CT dose screens of GE and Toshiba / Canon: drawn here, recognised by tesseract, checked figure against figure."""

from __future__ import annotations

import shutil
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless

from dosebus.domain.contribution import Contribution
from dosebus.domain.study import Study
from dosebus_extract.archive import keeps_pixels
from dosebus_extract.merge import combine
from dosebus_extract.read import Ignored, ReadOptions, Rejected, read_object
from tests.unit.extract import dose_objects as make
from tests.unit.extract import dose_screens as draw
from tests.unit.extract.test_compressed_screens import (
    JPEG_2000,
    JPEG_BASELINE,
    by_dcmtk,
    by_pillow,
    by_pydicom,
)

pytestmark = pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")


def contribution(made: Dataset, **options: object) -> Contribution:
    return read_object(make.encoded(made), ReadOptions.model_validate(options))


@pytest.mark.parametrize("sop_class", [draw.SECONDARY_CAPTURE, draw.CT_IMAGE])
def test_a_ge_dose_report_is_read_line_by_line(sop_class: str, tmp_path: Path) -> None:
    path = tmp_path / "screen.dcm"
    path.write_bytes(
        make.encoded(draw.ge_screen()).replace(draw.SECONDARY_CAPTURE.encode(), sop_class.encode())
    )
    study = combine([read_object(path)])
    (report,) = study.ct_reports
    assert study.modality_type == "CT"
    assert report.source_of_dose_information is not None
    assert report.source_of_dose_information.code_value == "113868"
    assert study.totals.total_dlp_mgycm == 1120.48
    assert [
        (e.event_type and e.event_type.code_value, e.ctdivol_mgy, e.dlp_mgycm) for e in report.events
    ] == [
        ("113805", None, None),
        ("P5-08001", 12.34, 456.78),
        ("113804", 55.1, 661.2),
        ("113806", 5.0, 2.5),
    ]
    assert [e.ctdiw_phantom_type and e.ctdiw_phantom_type.code_value for e in report.events] == [
        None,
        "113691",
        "113690",
        "113691",
    ]
    axial = report.events[2]
    assert axial.top_z_of_reconstructable_volume_mm == 17.5
    assert axial.bottom_z_of_reconstructable_volume_mm == -102.5
    assert axial.length_of_reconstructable_volume_mm == 120
    assert report.screen_reading is not None
    assert report.screen_reading.total_agrees is True
    assert report.screen_reading.confidence >= 0.8
    assert "read_by_ocr" in {finding.code for finding in study.findings}
    assert keeps_pixels(sop_class)


def test_a_toshiba_summary_is_read_under_its_headings() -> None:
    study = combine([contribution(draw.toshiba_screen([*draw.toshiba_totals(), *draw.toshiba_details()]))])
    (report,) = study.ct_reports
    assert study.totals.total_dlp_mgycm == 349.7
    assert [(e.acquisition_protocol, e.ctdivol_mgy, e.dlp_mgycm) for e in report.events] == [
        ("Scanoscope", None, None),
        ("Chest Helical", 25.4, 208.5),
        ("Abdomen Helical", 24.7, 141.2),
    ]
    assert report.events[1].ctdiw_phantom_type is not None
    assert report.events[1].ctdiw_phantom_type.code_value == "113691"


def test_pages_make_one_report_in_any_order() -> None:
    study_uid = "1.2.3.77"
    first = draw.toshiba_screen(draw.toshiba_totals(), StudyInstanceUID=study_uid, SOPInstanceUID="1.2.3.9")
    second = draw.toshiba_screen(
        draw.toshiba_details(top=20), StudyInstanceUID=study_uid, SOPInstanceUID="1.2.3.8", InstanceNumber="2"
    )
    again = draw.toshiba_screen(draw.toshiba_totals(), StudyInstanceUID=study_uid, SOPInstanceUID="1.2.3.10")
    pages = [contribution(page) for page in (first, second, again)]
    made = {combine(order).model_dump_json() for order in permutations(pages)}
    (only,) = made
    study = Study.model_validate_json(only)
    (report,) = study.ct_reports
    assert study.totals.total_dlp_mgycm == 349.7
    assert study.totals.number_of_events == 3
    assert len(report.accumulated) == 1
    assert "total_differs" not in {finding.code for finding in study.findings}


def test_a_noisy_screen_is_kept_for_review() -> None:
    with pytest.raises(Rejected) as refused:
        contribution(draw.ge_screen(noise=0.02))
    assert refused.value.code == "dose_screen_unsure"
    assert "is below 0.80" in refused.value.reason


def test_a_misprinted_total_is_kept_for_review() -> None:
    with pytest.raises(Rejected, match="do not make the total"):
        contribution(draw.ge_screen(draw.ge_prints(total="1920.48")))


def test_the_threshold_is_a_setting() -> None:
    with pytest.raises(Rejected) as refused:
        contribution(draw.ge_screen(), dose_screen_least_confidence=1.0)
    assert refused.value.code == "dose_screen_unsure"


def test_another_screen_save_is_ignored() -> None:
    prints = [(100, 200, "Smart Prep 3D reformat"), (100, 240, "Viewer settings")]
    with pytest.raises(Ignored) as refused:
        contribution(draw.ge_screen(prints, SeriesDescription="Screen Save"))
    assert refused.value.code == "no_dose_screen"


def test_a_dose_report_supersedes_the_screen() -> None:
    screen = draw.ge_screen(StudyInstanceUID="1.2.826.0.1.1")
    report = read_object(make.encoded(make.ct_report(["1.2.3.4"])))
    told = contribution(screen)
    told = told.model_copy(update={"study_instance_uid": report.study_instance_uid})
    told = told.model_copy(
        update={"study": told.study.model_copy(update={"study_instance_uid": report.study_instance_uid})}
    )
    for order in ([told, report], [report, told]):
        study = combine(order)
        assert [one.screen_reading for one in study.ct_reports] == [None]
        assert told.sop_instance_uid in study.sop_instance_uids_processed


@pytest.mark.parametrize("syntax", [JPEG_BASELINE, JPEG_2000, RLELossless])
def test_a_compressed_screen_is_read_like_a_plain_one(syntax: str) -> None:
    pack = by_pydicom if syntax == RLELossless else by_pillow
    study = combine([read_object(pack(draw.ge_screen(), syntax))])
    assert study.totals.total_dlp_mgycm == 1120.48
    assert [event.dlp_mgycm for event in study.ct_reports[0].events] == [None, 456.78, 661.2, 2.5]


@pytest.mark.skipif(shutil.which("dcmcjpeg") is None, reason="dcmtk is not installed")
def test_a_screen_in_lossless_jpeg_is_read_like_a_plain_one(tmp_path: Path) -> None:
    study = combine([read_object(by_dcmtk(draw.ge_screen(), tmp_path, "+e1"))])
    assert study.totals.total_dlp_mgycm == 1120.48


def test_a_dose_report_of_a_german_console_is_read() -> None:
    shown = {"Series": "Serie", "Type": "Typ", "Scan Range": "Bereich", "Dose Report": "Dosisbericht"}
    rows = [[cell.replace(".", ",").replace("Helical", "Helikal") for cell in row] for row in draw.GE_ROWS]
    prints = [(left, top, shown.get(text, text)) for left, top, text in draw.ge_prints(rows, total=None)]
    prints += [(150, 270, "Gesamt-DLP Untersuchung:"), (360, 270, "1.120,48")]
    study = combine([contribution(draw.ge_screen(prints, SeriesDescription="Dosisbericht"))])
    (report,) = study.ct_reports
    assert study.totals.total_dlp_mgycm == 1120.48
    assert [event.dlp_mgycm for event in report.events] == [None, 456.78, 661.2, 2.5]
    assert study.totals.number_of_ct_spiral_events == 1
    assert report.events[2].top_z_of_reconstructable_volume_mm == 17.5


def test_a_screen_that_lies_on_its_side_is_turned() -> None:
    lying = np.ascontiguousarray(np.rot90(draw.drawn(draw.ge_prints())))
    told = {"Manufacturer": "GE MEDICAL SYSTEMS", "SeriesDescription": "Dose Report"}
    study = combine([contribution(draw.screen(255 - lying, **told))])
    assert study.totals.total_dlp_mgycm == 1120.48
    assert study.totals.number_of_events == 4
