"""From the bytes of one DICOM object to what it adds to its study."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from mmap import ACCESS_READ, mmap
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from dosebus.domain.contribution import Contribution
from dosebus.domain.reading import IGNORED_OBSERVER_MODELS, IgnoreRule, ignored_by
from dosebus.domain.study import Equipment, Study
from dosebus_extract.outcome import Ignored, IgnoredDevice, Rejected
from dosebus_extract.sr.encoding import Encoded
from dosebus_extract.sr.reader import DicomObject, UnreadableObject, read_dicom

__all__ = ["Ignored", "ReadOptions", "Rejected", "read_header", "read_object"]


class ReadOptions(BaseModel):
    """What a site decides about reading."""

    model_config = ConfigDict(frozen=True)

    ignore: tuple[IgnoreRule, ...] = ()
    """Devices of which nothing is read."""
    ignored_observer_uid_models: tuple[str, ...] = IGNORED_OBSERVER_MODELS
    """Models whose Device Observer UID changes with every study and says nothing."""
    dose_screen_least_confidence: float = 0.8
    """Dose screens whose recognised figures are less sure (0 to 1) are rejected, to be reviewed."""
    ocr_program: str = "tesseract"
    ocr_seconds: float = 30.0
    """How long the recognition of one screen may take."""


def read_object(data: bytes | Path, options: ReadOptions = ReadOptions()) -> Contribution:  # noqa: B008 - frozen
    """Read the dose that one DICOM object (Part 10 file or bare data set) tells.

    Raises `Ignored` where the object is sound but holds no dose that is read or is of an ignored device, `Rejected`
    where it cannot be read or names no study.
    """
    from dosebus_extract.kinds.registry import reader_for
    from dosebus_extract.study_header import STUDY_INSTANCE, equipment_of

    found = _decoded(data)
    if options.ignore:
        _refuse_ignored(equipment_of(found.header), options, found.header.first(STUDY_INSTANCE))
    kind, read = reader_for(found)
    contribution = read(replace(found, source=data), kind, options)
    if options.ignore:
        # A report may name another device than the system that wrote it.
        _refuse_ignored(contribution.study.equipment, options, contribution.study_instance_uid)
    return contribution


def read_header(data: bytes | Path) -> Study:
    """The study as the header of one DICOM object tells it, without any dose. Raises `Rejected`."""
    from dosebus_extract.study_header import study_of

    return study_of(_decoded(data).header)


def _decoded(data: bytes | Path) -> DicomObject:
    try:
        with _opened(data) as encoded:
            return read_dicom(encoded)
    except UnreadableObject as error:
        raise Rejected("unreadable", str(error)) from error


def _refuse_ignored(equipment: Equipment, options: ReadOptions, study_instance_uid: str | None) -> None:
    rule = ignored_by(options.ignore, equipment)
    if rule is not None:
        raise IgnoredDevice(keep=rule.keep_for_download, study_instance_uid=study_instance_uid)


@contextmanager
def _opened(data: bytes | Path) -> Iterator[Encoded]:
    """The bytes, or a file mapped into memory: of a large image only the header is touched."""
    if isinstance(data, bytes):
        yield data
        return
    with data.open("rb") as file:
        if not file.seek(0, 2):
            yield b""
            return
        with mmap(file.fileno(), 0, access=ACCESS_READ) as mapped:
            yield mapped


Reader = Callable[[DicomObject, str, ReadOptions], Contribution]
