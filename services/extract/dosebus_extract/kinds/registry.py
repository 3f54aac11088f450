"""Which kind an object is: by SOP class, then by document title, template and content."""

from __future__ import annotations

from typing import Final

from dosebus_extract.outcome import Ignored, Rejected
from dosebus_extract.read import Reader
from dosebus_extract.sr.header import Header
from dosebus_extract.sr.reader import DicomObject
from dosebus_extract.study_header import SOP_CLASS, SOP_INSTANCE, STUDY_INSTANCE

_STORAGE: Final = "1.2.840.10008.5.1.4.1.1."
_SR_CLASSES: Final = frozenset(f"{_STORAGE}88.{n}" for n in (11, 22, 33, 34, 35, 67, 68, 73, 76))


def reader_for(found: DicomObject) -> tuple[str, Reader]:
    """The kind of the object and what reads it. Raises Ignored and Rejected, each with its reason."""
    header = found.header
    sop_class = header.first(SOP_CLASS)
    if sop_class is None or header.first(SOP_INSTANCE) is None:
        raise Rejected("no_sop_instance", "it has no SOP Class UID or no SOP Instance UID")
    if header.first(STUDY_INSTANCE) is None:
        raise Rejected("no_study_instance_uid", "it has no Study Instance UID")
    if sop_class in _SR_CLASSES:
        from dosebus_extract.kinds.structured import read_structured

        return "structured_report", read_structured
    return _image_reader(sop_class, header)


def _image_reader(sop_class: str, header: Header) -> tuple[str, Reader]:
    from dosebus_extract.images.registry import image_reader

    chosen = image_reader(sop_class, header)
    if chosen is None:
        raise Ignored("sop_class_not_read", f"objects of SOP class {sop_class} tell no dose that is read")
    return chosen
