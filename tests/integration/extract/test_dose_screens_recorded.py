"""Dose screens on their way into the database: recorded whole, or kept for review."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from pydicom.dataset import Dataset

from dosebus.events.ingest import ObjectStored
from tests.unit.extract import dose_objects as make
from tests.unit.extract import dose_screens as draw

if TYPE_CHECKING:
    from tests.integration.extract.conftest import Arrivals

pytestmark = pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")


def arrive(arrivals: Arrivals, made: Dataset) -> ObjectStored:
    stored = arrivals.stored(
        make.encoded(made),
        sop_instance_uid=str(made.SOPInstanceUID),
        sop_class_uid=str(made.SOPClassUID),
        study_instance_uid=str(made.StudyInstanceUID),
    )
    return arrivals.take(stored)


def test_a_sure_screen_is_recorded_with_its_confidence_and_keeps_its_pixels(arrivals: Arrivals) -> None:
    made = draw.ge_screen(SOPClassUID=draw.CT_IMAGE)
    event = arrive(arrivals, made)
    row = arrivals.object(event)
    assert (row["outcome"], row["kind"]) == ("recorded", "ct_dose_screen")
    assert row["blob_key"] == event.blob_key
    study = arrivals.study(str(made.StudyInstanceUID))
    assert study is not None
    assert study["total_dlp_mgycm"] == pytest.approx(1120.48)
    assert study["study"].ct_reports[0].screen_reading.confidence >= 0.8


def test_an_unsure_screen_is_kept_for_review(arrivals: Arrivals) -> None:
    made = draw.ge_screen(draw.ge_prints(total="1920.48"), StudyInstanceUID="1.2.3.88")
    event = arrive(arrivals, made)
    row = arrivals.object(event)
    assert (row["outcome"], row["reason_code"]) == ("rejected", "dose_screen_unsure")
    assert arrivals.blobs.exists(event.blob_key)
    assert arrivals.study(str(made.StudyInstanceUID)) is None
