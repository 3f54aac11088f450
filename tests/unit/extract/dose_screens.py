"""Draws CT dose screens in the layouts of GE and of Toshiba / Canon, as objects that tell dose only in their pixels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset

from tests.unit.extract import dose_objects as make

SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"
CT_IMAGE: Final = "1.2.840.10008.5.1.4.1.1.2"
Print = tuple[int, int, str]
"""Left and top in pixels, and what is printed there."""

_GE_COLUMNS: Final = (20, 75, 150, 270, 330, 410)
GeRow = tuple[str, str, str, str, str, str]
GE_ROWS: Final[tuple[GeRow, ...]] = (
    ("1", "Scout", "-", "-", "-", "-"),
    ("2", "Helical", "I10.250-I345.250", "12.34", "456.78", "Body 32"),
    ("3", "Axial", "S17.500-I102.500", "55.10", "661.20", "Head 16"),
    ("200", "Axial", "I100.000-I100.000", "5.00", "2.50", "Body 32"),
)


def ge_prints(
    rows: Iterable[Sequence[str]] = GE_ROWS, total: str | None = "1120.48", page: str = "1/1"
) -> list[Print]:
    """What a GE screen shows: patient, heading, table, total, page."""
    prints = [(20, 20, "Patient Name: TEST"), (300, 20, "Exam no: 1234"), (20, 40, "Accession Number: 77")]
    prints += [(300, 40, "13 Mar 2026"), (20, 60, "Exam Description: CT CHEST"), (200, 110, "Dose Report")]
    headings = ("Series", "Type", "Scan Range", "CTDIvol", "DLP", "Phantom")
    units = ("", "", "(mm)", "(mGy)", "(mGy-cm)", "cm")
    top = 140
    for cells in (headings, units, *rows):
        prints += [(left, top, cell) for left, cell in zip(_GE_COLUMNS, cells, strict=True) if cell]
        top += 20
    if total is not None:
        prints += [(180, top + 20, "Total Exam DLP:"), (330, top + 20, total)]
    return [*prints, (250, 480, page)]


def toshiba_totals(dlp: str = "349.7", ctdivol: str = "25.4") -> list[Print]:
    """The first part of a Toshiba summary: patient and totals by phantom."""
    return [
        (20, 20, "Patient ID: 77"),
        (20, 40, "Patient Name: TEST"),
        (20, 70, "<<Dose Information>>"),
        (30, 90, f"DLP.e (mGy.cm) (Head): - (Body): {dlp}"),
        (30, 110, f"CTDIvol.e (mGy) (Head): - (Body): {ctdivol}"),
        (20, 140, "<<Contrast/Enhance Information>>"),
    ]


ToshibaRow = tuple[str, tuple[str, ...]]
TOSHIBA_ROWS: Final[tuple[ToshibaRow, ...]] = (
    ("1.Scanoscope", ("22", "4.4")),
    ("2.Chest Helical", ("2310", "8.9", "25.4", "208.5", "10.0")),
    ("3.Abdomen Helical", ("1650", "6.1", "24.7", "141.2", "10.0")),
)


def toshiba_details(rows: Iterable[ToshibaRow] = TOSHIBA_ROWS, top: int = 170) -> list[Print]:
    """The second part: per acquisition its name, a line of headings, a line of values."""
    prints = [(20, top, "<<Detail Information>>")]
    headings = ("Total mAs", "Exposure Time", "CTDIvol.e", "DLP.e", "SD")
    lefts = (40, 130, 250, 340, 430)
    for name, values in rows:
        prints.append((20, top + 22, name))
        named = headings[: len(values)]
        prints += [(left, top + 42, heading) for left, heading in zip(lefts, named, strict=False)]
        prints += [(left + 5, top + 62, value) for left, value in zip(lefts, values, strict=False)]
        top += 70
    return prints


def drawn(
    prints: Iterable[Print], *, noise: float = 0.0, seed: int = 1
) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """White print on black, 512 x 512, with so much of salt and pepper and blur as `noise` (0 to 1) says."""
    picture = Image.new("L", (512, 512), 0)
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(13)
    for left, top, text in prints:
        pen.text((left, top), text, fill=255, font=font)
    grey = np.asarray(picture).astype(np.float64)
    if noise:
        random = np.random.default_rng(seed)
        grey += random.normal(0, 255 * noise, grey.shape)
        speckled = random.random(grey.shape)
        grey[speckled < noise / 8] = 255
        grey[speckled > 1 - noise / 8] = 0
    return np.clip(grey, 0, 255).astype(np.uint8)


def screen(
    pixels: np.ndarray[Any, np.dtype[np.uint8]], sop_class: str = SECONDARY_CAPTURE, **values: Any
) -> Dataset:
    """The picture as an object."""
    made = make.header(sop_class, **{"Modality": "CT", "InstanceNumber": "1", **values})
    made.ImageType = ["DERIVED", "SECONDARY", "SCREEN SAVE"]
    made.Rows, made.Columns = pixels.shape
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME2", 0
    made.BitsAllocated, made.BitsStored, made.HighBit = 8, 8, 7
    made.PixelData = pixels.tobytes()
    made["PixelData"].VR = "OB"
    return made


def ge_screen(prints: Iterable[Print] | None = None, *, noise: float = 0.0, **values: Any) -> Dataset:
    """A GE dose report's screen."""
    pixels = drawn(ge_prints() if prints is None else prints, noise=noise)
    told = {"Manufacturer": "GE MEDICAL SYSTEMS", "SeriesDescription": "Dose Report", "SeriesNumber": "999"}
    return screen(pixels, **{**told, **values})


def toshiba_screen(prints: Iterable[Print], *, noise: float = 0.0, **values: Any) -> Dataset:
    """A page of a Toshiba dose summary."""
    told = {"Manufacturer": "TOSHIBA", "SeriesDescription": "Dose Summary", "SeriesNumber": "1000"}
    return screen(drawn(prints, noise=noise), **{**told, **values})
