"""Which image objects are read, and by what."""

from __future__ import annotations

from dosebus_extract.read import Reader
from dosebus_extract.sr.header import Header


def image_reader(sop_class: str, header: Header) -> tuple[str, Reader] | None:
    """The kind and the reader of an image object, None where no dose is read from it."""
    return None
