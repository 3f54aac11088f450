"""What a maker hands out: the objects to send, and the truth that a reader must find in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydicom.dataset import FileDataset

from dosebus.domain.study import Study
from dosebus_simulator.encode import encoded

Outcome = Literal["recorded", "ignored", "rejected"]


@dataclass(frozen=True)
class SimulatedObject:
    """One object as it goes over the wire, and what must become of it."""

    kind: str
    made: FileDataset | Callable[[], FileDataset]
    """The object's data set, or what makes it: most of the time goes into that, and some only want the truth."""
    outcome: Outcome = "recorded"
    data: bytes | None = None
    """What is sent instead of the encoded data set, where the object is broken on purpose."""

    @cached_property
    def dataset(self) -> FileDataset:
        """The object's data set."""
        return self.made if isinstance(self.made, FileDataset) else self.made()

    @property
    def sop_instance_uid(self) -> str:
        """The object's own UID."""
        return str(self.dataset.file_meta.MediaStorageSOPInstanceUID)

    @property
    def study_instance_uid(self) -> str | None:
        """The study it belongs to, if it says so."""
        found = self.dataset.get("StudyInstanceUID")
        return str(found) if found else None

    def encoded(self) -> bytes:
        """The object as a DICOM file."""
        return encoded(self.dataset) if self.data is None else self.data

    def save(self, folder: Path, number: int | None = None) -> Path:
        """Write the object into a folder, named by kind and SOP Instance UID, and by its number if it has one."""
        prefix = "" if number is None else f"{number:05d}-"
        path = folder / f"{prefix}{self.kind}-{self.sop_instance_uid}.dcm"
        path.write_bytes(self.encoded())
        return path


@dataclass(frozen=True)
class SimulatedStudy:
    """The objects of one study in the order of their making, and the study that must stand once all have come.

    `truth` is None where nothing may be recorded.
    """

    kind: str
    objects: tuple[SimulatedObject, ...]
    truth: Study | None


def expected_record(study: SimulatedStudy) -> dict[str, Any] | None:
    """The truth of a study in the record's JSON shape (docs: the dose record); None where nothing may be recorded."""
    return study.truth.model_dump(mode="json") if study.truth else None
