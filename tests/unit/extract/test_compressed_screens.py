"""The picture of a dose screen is the same, however it was compressed on its way."""

from __future__ import annotations

import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import UID, RLELossless

from dosebus_extract.images.dose_screen.lossless_jpeg import decoded
from dosebus_extract.images.dose_screen.pixels import picture
from dosebus_extract.outcome import Rejected
from tests.unit.extract import dose_objects as make
from tests.unit.extract import dose_screens as draw

JPEG_BASELINE, JPEG_2000_LOSSLESS, JPEG_2000 = (f"1.2.840.10008.1.2.4.{n}" for n in ("50", "90", "91"))


def by_pillow(made: Dataset, syntax: str) -> bytes:
    """The object with its picture encoded by Pillow."""
    grey = np.frombuffer(made.PixelData, np.uint8).reshape(made.Rows, made.Columns)
    told, packed = Image.fromarray(grey), BytesIO()
    if syntax == JPEG_BASELINE:
        told.save(packed, "JPEG", quality=90)
    else:
        told.save(packed, "JPEG2000", no_jp2=True, irreversible=syntax == JPEG_2000)
    made.PixelData = encapsulate([packed.getvalue()])
    made["PixelData"].is_undefined_length = True
    return make.encoded(made, syntax)


def by_pydicom(made: Dataset, syntax: str) -> bytes:
    plain = dcmread(BytesIO(make.encoded(made)))
    plain.compress(UID(syntax), generate_instance_uid=False)
    out = BytesIO()
    plain.save_as(out)
    return out.getvalue()


def by_dcmtk(made: Dataset, folder: Path, *options: str) -> bytes:
    plain, packed = folder / "plain.dcm", folder / "packed.dcm"
    plain.write_bytes(make.encoded(made))
    subprocess.run(["dcmcjpeg", *options, plain, packed], check=True, capture_output=True)
    return packed.read_bytes()


@pytest.mark.parametrize("syntax", [JPEG_BASELINE, JPEG_2000_LOSSLESS, JPEG_2000, RLELossless])
def test_every_compression_shows_the_same_print(syntax: str) -> None:
    plain = picture(make.encoded(draw.ge_screen()))
    pack = by_pydicom if syntax == RLELossless else by_pillow
    packed = picture(pack(draw.ge_screen(), syntax))
    assert packed.shape == plain.shape
    assert np.abs(packed.astype(float) - plain).mean() < 1.5


@pytest.mark.skipif(shutil.which("dcmcjpeg") is None, reason="dcmtk is not installed")
@pytest.mark.parametrize("predictor", range(1, 8))
def test_lossless_jpeg_by_dcmtk_loses_nothing(predictor: int, tmp_path: Path) -> None:
    made = draw.ge_screen(noise=0.02)
    packed = by_dcmtk(made, tmp_path, "+el", "+sv", str(predictor))
    assert (picture(packed) == picture(make.encoded(made))).all()


def test_lossless_jpeg_in_colour_is_what_another_encoding_of_it_shows() -> None:
    packed, plain = (dcmread(str(get_testdata_file(f"SC_rgb_{form}.dcm"))) for form in ("jpeg_gdcm", "rle"))
    assert packed.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.70"
    found = decoded(next(generate_frames(packed.PixelData, number_of_frames=1)))
    assert (found == plain.pixel_array).all()


def lossless_bytes() -> bytes:
    packed = dcmread(str(get_testdata_file("SC_rgb_jpeg_gdcm.dcm")))
    return next(generate_frames(packed.PixelData, number_of_frames=1))


@pytest.mark.parametrize("damage", ["cut", "no_picture", "empty", "other"])
def test_broken_lossless_jpeg_is_refused_with_a_reason(damage: str) -> None:
    whole = lossless_bytes()
    data = {
        "cut": whole[: len(whole) // 2],
        "no_picture": whole[:2] + b"\xff\xd9",
        "empty": b"",
        "other": whole.replace(b"\xff\xc3", b"\xff\xc0"),
    }[damage]
    with pytest.raises(ValueError, match=r"JPEG|code"):
        decoded(data)


def test_pixels_of_an_unknown_compression_are_kept_for_review() -> None:
    made = draw.ge_screen()
    made.PixelData = encapsulate([b"\0\1\2\3"])
    made["PixelData"].is_undefined_length = True
    with pytest.raises(Rejected) as refused:
        picture(make.encoded(made, "1.2.840.10008.1.2.4.80"))
    assert refused.value.code == "dose_screen_unreadable"
