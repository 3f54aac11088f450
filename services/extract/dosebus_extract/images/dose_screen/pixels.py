"""The picture of a dose screen as grey values, dark print on white ground."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from struct import unpack_from
from typing import TYPE_CHECKING, Any, Final

from dosebus_extract.outcome import Rejected

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

MOST_PIXELS: Final = 2048 * 2560
MOST_BYTES: Final = 64 * 1024 * 1024
LOSSLESS_JPEG: Final = frozenset({"1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"})
JPEG_LS: Final = frozenset({"1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"})
HIGH_THROUGHPUT: Final = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in (201, 202, 203))
_OWN_DECODING: Final = LOSSLESS_JPEG | JPEG_LS | HIGH_THROUGHPUT
_JPEG_LS_FRAME: Final = b"\xff\xf7"
_OVERLAY_ROWS, _OVERLAY_GROUP = 0x60000010, 0x6000


def picture(data: bytes | Path) -> NDArray[np.uint8]:
    """The picture, or the overlay where the print stands there: rows x columns.

    Raises Rejected where there are no pixels that can be decoded here, or too many.
    """
    from pydicom import dcmread

    size = data.stat().st_size if isinstance(data, Path) else len(data)
    if size > MOST_BYTES:
        raise _unreadable(f"it has more than {MOST_BYTES} bytes")
    try:
        found = dcmread(data if isinstance(data, Path) else BytesIO(data), force=True)
        shape = int(found.Rows), int(found.Columns), int(found.get("NumberOfFrames") or 1)
        grey = _grey(found) if shape[0] * shape[1] * shape[2] <= MOST_PIXELS else None
    except Exception as error:  # pydicom and its decoders raise anything on pixels that are broken or packed
        raise _unreadable(f"its pixels cannot be decoded: {type(error).__name__}") from error
    if grey is None:
        raise _unreadable(f"it has {shape[2]} frames of {shape[0]} x {shape[1]} pixels")
    return grey


def _unreadable(reason: str) -> Rejected:
    return Rejected("dose_screen_unreadable", f"the dose screen is not read: {reason}")


def _grey(found: Dataset) -> NDArray[np.uint8]:
    import numpy as np

    values: NDArray[Any]
    if _OVERLAY_ROWS in found:
        values = found.overlay_array(_OVERLAY_GROUP)
    elif found.PhotometricInterpretation == "PALETTE COLOR":
        from pydicom.pixels.processing import apply_color_lut

        values = apply_color_lut(_samples(found), found).mean(axis=-1)
    else:
        values = _samples(found)
        values = values.mean(axis=-1) if values.ndim == 3 else values
    if values.ndim != 2:
        raise ValueError("a screen is one picture")
    values = values.astype(np.float32)
    low, high = float(values.min()), float(values.max())
    scaled = (values - low) * (255.0 / (high - low)) if high > low else np.zeros_like(values)
    # The ground is what most of the picture is.
    return (scaled if np.median(scaled) > 127 else 255.0 - scaled).astype(np.uint8)


def _samples(found: Dataset) -> NDArray[Any]:
    """The stored samples of the one frame. Pillow decodes JPEG and JPEG 2000, CharLS JPEG-LS, pydicom RLE."""
    syntax = found.file_meta.TransferSyntaxUID
    if syntax not in _OWN_DECODING:
        return found.pixel_array
    from pydicom.encaps import generate_frames

    frame = next(generate_frames(found.PixelData, number_of_frames=1))
    if syntax in LOSSLESS_JPEG:
        from dosebus_extract.images.dose_screen.lossless_jpeg import decoded

        return decoded(frame)
    if syntax in HIGH_THROUGHPUT:
        return _by_pillow(frame)
    _refuse_another_size(frame, int(found.Rows), int(found.Columns))
    return found.pixel_array


def _by_pillow(frame: bytes) -> NDArray[Any]:
    """A JPEG 2000 code stream, high-throughput or not: pydicom asks for a decoder of its own, Pillow's knows both."""
    import numpy as np
    from PIL import Image

    with Image.open(BytesIO(frame), formats=("JPEG2000",)) as image:
        if image.width * image.height > MOST_PIXELS:
            raise ValueError("the code stream is larger than a screen")
        return np.asarray(image)


def _refuse_another_size(frame: bytes, rows: int, columns: int) -> None:
    """A JPEG-LS stream that claims another size than the header would make its decoder take any memory."""
    start = frame.find(_JPEG_LS_FRAME)
    told = unpack_from(">HH", frame, start + 5) if start > 0 and len(frame) >= start + 9 else None
    if told != (rows, columns):
        raise ValueError("the JPEG-LS stream is of another size than the header says")


def enlarged(grey: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Enlarged by a whole factor, linearly interpolated, with a white margin."""
    import numpy as np

    rows, columns = grey.shape
    across = np.linspace(0, columns - 1, columns * factor)
    down = np.linspace(0, rows - 1, rows * factor)
    wide = np.stack([np.interp(across, np.arange(columns), line) for line in grey.astype(np.float64)])
    before = np.floor(down).astype(int)
    after = np.minimum(before + 1, rows - 1)
    share = (down - before)[:, None]
    large = wide[before] * (1 - share) + wide[after] * share
    return np.pad(large.astype(np.uint8), 10 * factor, constant_values=255)
