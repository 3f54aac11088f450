"""Which questions a query asks: pure, nothing here talks to a node."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from pydicom.dataset import Dataset

REPORT = "SR"

MODALITIES: dict[str, tuple[str, ...]] = {
    "CT": ("CT",),
    "RF": ("RF", "XA"),
    "MG": ("MG",),
    "DX": ("DX", "CR", "PX"),
    "NM": ("NM", "PT"),
}
"""The DICOM modalities behind what a user asks for; any other name stands for itself."""


@dataclass(frozen=True, slots=True)
class StudyQuestion:
    """One C-FIND at study level; both dates inclusive, None is open."""

    modality: str | None
    date_from: date | None
    date_to: date | None

    @property
    def dates(self) -> str:
        """The range as DICOM matches it (PS3.4 C.2.2.2.5)."""
        if self.date_from is None and self.date_to is None:
            return ""
        if self.date_from == self.date_to and self.date_from is not None:
            return f"{self.date_from:%Y%m%d}"
        begin = "" if self.date_from is None else f"{self.date_from:%Y%m%d}"
        end = "" if self.date_to is None else f"{self.date_to:%Y%m%d}"
        return f"{begin}-{end}"

    def halves(self) -> tuple[StudyQuestion, StudyQuestion] | None:
        """The same question for the first and the second half of its days; None when it has only one, or no end."""
        if self.date_from is None or self.date_to is None or self.date_from >= self.date_to:
            return None
        middle = self.date_from + (self.date_to - self.date_from) // 2
        return replace(self, date_to=middle), replace(self, date_from=middle + timedelta(days=1))


def dicom_modalities(wanted: Iterable[str]) -> tuple[str, ...]:
    """The DICOM modalities to ask for, each once, in order."""
    found: dict[str, None] = {}
    for name in wanted:
        found.update(dict.fromkeys(MODALITIES.get(name.upper(), (name.upper(),))))
    return tuple(found)


def study_questions(
    wanted: Iterable[str], date_from: date | None, date_to: date | None
) -> list[StudyQuestion]:
    """One question per modality: many archives match a list of modalities wrongly or not at all."""
    modalities: tuple[str | None, ...] = dicom_modalities(wanted) or (None,)
    return [StudyQuestion(modality, date_from, date_to) for modality in modalities]


def study_keys(question: StudyQuestion, *, modality_in_study_query: bool) -> Dataset:
    """The identifier of a study question (PS3.4 C.6.2.1.2)."""
    keys = Dataset()
    keys.QueryRetrieveLevel = "STUDY"
    keys.StudyInstanceUID = ""
    keys.StudyDate = question.dates
    keys.StudyTime = ""
    keys.ModalitiesInStudy = question.modality or ""
    keys.StudyDescription = ""
    keys.StationName = ""
    keys.NumberOfStudyRelatedSeries = None
    if modality_in_study_query:
        keys.Modality = question.modality or ""
    return keys


def series_keys(study_instance_uid: str) -> Dataset:
    """The identifier that asks for all series of a study."""
    keys = Dataset()
    keys.QueryRetrieveLevel = "SERIES"
    keys.StudyInstanceUID = study_instance_uid
    keys.SeriesInstanceUID = ""
    keys.Modality = ""
    keys.SeriesNumber = None
    keys.SeriesDescription = ""
    keys.StationName = ""
    keys.NumberOfSeriesRelatedInstances = None
    return keys


def instance_keys(study_instance_uid: str, series_instance_uid: str) -> Dataset:
    """The identifier that asks for all objects of a series."""
    keys = Dataset()
    keys.QueryRetrieveLevel = "IMAGE"
    keys.StudyInstanceUID = study_instance_uid
    keys.SeriesInstanceUID = series_instance_uid
    keys.SOPInstanceUID = ""
    keys.SOPClassUID = ""
    keys.InstanceNumber = None
    return keys


def series_move_keys(study_instance_uid: str, series_instance_uid: str) -> Dataset:
    """The identifier that moves a series."""
    keys = Dataset()
    keys.QueryRetrieveLevel = "SERIES"
    keys.StudyInstanceUID = study_instance_uid
    keys.SeriesInstanceUID = series_instance_uid
    return keys
