"""The picture of a dose screen is the same, however it was compressed on its way."""

from __future__ import annotations

import base64
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import jpeg_ls
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

JPEG_LS_LOSSLESS, JPEG_LS_LOSSY = (f"1.2.840.10008.1.2.4.{n}" for n in ("80", "81"))
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


def by_charls(made: Dataset, syntax: str) -> bytes:
    grey = np.frombuffer(made.PixelData, np.uint8).reshape(made.Rows, made.Columns)
    packed = jpeg_ls.encode_array(grey, lossy_error=0 if syntax == JPEG_LS_LOSSLESS else 2)
    made.PixelData = encapsulate([bytes(packed)])
    made["PixelData"].is_undefined_length = True
    return make.encoded(made, syntax)


@pytest.mark.parametrize(("syntax", "most"), [(JPEG_LS_LOSSLESS, 0), (JPEG_LS_LOSSY, 3)])
def test_jpeg_ls_shows_the_same_print(syntax: str, most: int) -> None:
    made = draw.ge_screen(noise=0.02)
    plain = picture(make.encoded(made)).astype(int)
    assert np.abs(picture(by_charls(made, syntax)).astype(int) - plain).max() <= most


def test_a_jpeg_ls_stream_of_another_size_is_kept_for_review() -> None:
    packed = by_charls(draw.ge_screen(), JPEG_LS_LOSSLESS)
    with pytest.raises(Rejected) as refused:
        picture(packed.replace(b"\xff\xf7\0\x0b\x08\x02\0\x02\0", b"\xff\xf7\0\x0b\x08\xff\xff\xff\xff"))
    assert refused.value.code == "dose_screen_unreadable"


# 48 x 32 grey values in three blocks, made by OpenJPH; none of the libraries here can encode it.
_HIGH_THROUGHPUT = base64.b64decode(
    "/0//UQApQAAAAAAwAAAAIAAAAAAAAAAAAAAAMAAAACAAAAAAAAAAAAABBwEB/1AACAACAAAAA/9SAAwAAgABAAEEBEAB/1wAByBQ"
    "UFBY/2QAFgABT3BlbkpQSCBWZXIgMC45LjAu/5AACgAAAAAC6wAB/5PAF+6o/3//d/83/n/+f/5//n/+f/5//n/+f/5//n/+f/5/"
    "/n/+f/5//n/+j/4P/v9//3//f/83fgh5efl5+Xn5efl5+Xn5efl5+Xn5efl5+Xn5efl5+Xn5efnpeY5//3//f/9//39/jnjp+Xn4"
    "efh5+Hn4efh5+Hn4efh5+Hn4efh5+Hn4efh5+Hl4CP9e/f9//3//f/8f+D/+/33/G/93yu/Nb8Hv/2//X/8//3/+/37/ff97/3f/"
    "b/9f/zf/b/9//3//f/9//3//f/9//xUxMFyIwNPN/3//d/9v+P94/3H/Y/9H/w//H/4//j/+P/4//kf+B/7/f/9//3//f/8PE8PF"
    "BQQ2m/9/N0Z2Bj48Pjw+PD48Pjw+PD48Pjw+PD48BoTGt/9//3//f/9//38fc8OFCMQ3j/9/B/7H/z//f/6//2//d/97/33/fn//"
    "X/9t/37/f/9//3//f/9/f8H/dP9jf/7/f/9//3//f/9//3//f/9//3//f/9//3//f/9//38APXr9ev16/Xr9YoL+vXya9fJr1xz1"
    "owXAAAg71owXpQNAg0CDAiEfWX6wAABgyjHrGhBoEGgQaBB5E9YyAAAEEgCAbAhAEIIQBCCEAQghAEIIABG2BcAXokAX0bAC6kD+"
    "3b7X39/h7/F43nrsMvaPj43G74fbcfxtBL8PfPiLjwOT/2QjQj35YAI4AR9+WQVBeR+WMj5F18IyjxHMT4JzPcPYAt7t9/v9fr/f"
    "7/f7/X6/39/x7/X7/X6/3+/3+/1+v9/v7+EYrd8Xfv9//3//f/9/P3633+/3+/1+v9/P0RcuMOYC/HAAAAEIC0tMdPTT00spHhQR"
    "5whA9+whA9+whPZcAAE6bRkYxAZ/YhAe/YhAe/YhAe/YonsoAABg6EAGNIAAU0gABTSAAFNIBL/dBH7/e8XR/2+P4nzmybrgeAAh"
    "AXXAAeAA8AFABQAhAXXAQUIFACPQg9AC/9k="
)


@pytest.mark.parametrize("number", [201, 202, 203])
def test_high_throughput_jpeg_2000_shows_what_was_encoded(number: int) -> None:
    blocks = np.zeros((32, 48), np.uint8)
    blocks[4:12, 4:40], blocks[16:28, 10:14], blocks[20:24, 20:44] = 255, 200, 128
    made = draw.screen(blocks)
    made.PixelData = encapsulate([_HIGH_THROUGHPUT])
    made["PixelData"].is_undefined_length = True
    # The picture is dark print on white ground.
    assert (picture(make.encoded(made, f"1.2.840.10008.1.2.4.{number}")) == 255 - blocks).all()


def test_pixels_of_an_unknown_compression_are_kept_for_review() -> None:
    made = draw.ge_screen()
    made.PixelData = encapsulate([b"\0\1\2\3"])
    made["PixelData"].is_undefined_length = True
    with pytest.raises(Rejected) as refused:
        picture(make.encoded(made, "1.2.840.10008.1.2.4.80"))
    assert refused.value.code == "dose_screen_unreadable"
