"""Which image objects are read, and by what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from dosebus_extract.images.captures import CAPTURE_CLASSES
from dosebus_extract.images.dose_screen.reader import read_dose_screen
from dosebus_extract.images.dose_screen.recognise import is_dose_screen
from dosebus_extract.images.mammogram import read_mammogram, read_tomosynthesis
from dosebus_extract.images.nuclear_image import read_nuclear_image
from dosebus_extract.images.philips_ct import EXPOSURE_DOSES, read_dose_info
from dosebus_extract.images.radiograph import read_radiograph
from dosebus_extract.read import Reader
from dosebus_extract.sr.header import Header
from dosebus_extract.study_header import MANUFACTURER, MODALITY, SERIES_DESCRIPTION

_STORAGE: Final = "1.2.840.10008.5.1.4.1.1."
_CT_IMAGE: Final = f"{_STORAGE}2"
_DOSE_SCREEN: Final = ("ct_dose_screen", read_dose_screen)
_RADIOGRAPH: Final = ("dx_image", read_radiograph)
_MAMMOGRAM: Final = ("mg_image", read_mammogram)
_BY_CLASS: Final[dict[str, tuple[str, Reader]]] = {
    **dict.fromkeys((f"{_STORAGE}1.2", f"{_STORAGE}1.2.1"), _MAMMOGRAM),
    **dict.fromkeys(
        (f"{_STORAGE}1", f"{_STORAGE}1.1", f"{_STORAGE}1.1.1", f"{_STORAGE}1.3", f"{_STORAGE}1.3.1"),
        _RADIOGRAPH,
    ),
    **dict.fromkeys(
        (f"{_STORAGE}13.1.3", f"{_STORAGE}13.1.4", f"{_STORAGE}13.1.5"), ("mg_image", read_tomosynthesis)
    ),
    f"{_STORAGE}20": ("nm_image", read_nuclear_image),
    # PET: plain, legacy converted, enhanced.
    **dict.fromkeys(
        (f"{_STORAGE}128", f"{_STORAGE}128.1", f"{_STORAGE}130"), ("pet_image", read_nuclear_image)
    ),
}


def _hologic_projection(header: Header) -> bool:
    """Hologic's proprietary projections: secondary captures of mammography that are original images."""
    return header.first(MODALITY) == "MG" and "ORIGINAL" in header.texts(0x00080008)


def _philips_dose_info(header: Header) -> bool:
    """Series “Dose Info”; under another name by what it holds."""
    if not (header.text(MANUFACTURER) or "").casefold().startswith("philips"):
        return False
    name = " ".join((header.text(SERIES_DESCRIPTION) or "").casefold().split())
    return name == "dose info" or ("dose" in name and header.item(EXPOSURE_DOSES) is not None)


_CAPTURES: Final[tuple[tuple[Callable[[Header], bool], tuple[str, Reader]], ...]] = (
    (_hologic_projection, _MAMMOGRAM),
    (_philips_dose_info, ("philips_ct_dose_info", read_dose_info)),
    (is_dose_screen, _DOSE_SCREEN),
)


def image_reader(sop_class: str, header: Header) -> tuple[str, Reader] | None:
    """The kind and the reader of an image object, None where no dose is read from it."""
    if sop_class in CAPTURE_CLASSES:
        return next((chosen for fits, chosen in _CAPTURES if fits(header)), None)
    if sop_class == _CT_IMAGE:
        return _DOSE_SCREEN if is_dose_screen(header) else None
    chosen = _BY_CLASS.get(sop_class)
    # Computed and digital radiography systems that make mammograms use their own class for them.
    return _MAMMOGRAM if chosen == _RADIOGRAPH and header.first(MODALITY) == "MG" else chosen
