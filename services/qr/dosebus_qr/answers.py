"""What a node answers, as data: every value may be missing, and some are told in the wrong way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue


@dataclass(frozen=True, slots=True)
class StudyAnswer:
    """A study a node told of; `modalities` is None when it does not tell them."""

    study_instance_uid: str
    study_date: date | None = None
    study_time: time | None = None
    modalities: frozenset[str] | None = None
    study_description: str | None = None
    station_name: str | None = None
    number_of_series: int | None = None

    def merged(self, other: StudyAnswer) -> StudyAnswer:
        """Both answers for one study as one: what either tells; modalities of both."""
        told = (self.modalities, other.modalities)
        return StudyAnswer(
            self.study_instance_uid,
            self.study_date or other.study_date,
            self.study_time or other.study_time,
            None if told == (None, None) else (told[0] or frozenset()) | (told[1] or frozenset()),
            self.study_description or other.study_description,
            self.station_name or other.station_name,
            self.number_of_series if self.number_of_series is not None else other.number_of_series,
        )


@dataclass(frozen=True, slots=True)
class SeriesAnswer:
    """A series of a study."""

    series_instance_uid: str
    modality: str | None = None
    series_number: str | None = None
    series_description: str | None = None
    station_name: str | None = None
    number_of_instances: int | None = None


@dataclass(frozen=True, slots=True)
class InstanceAnswer:
    """An object of a series."""

    sop_instance_uid: str
    sop_class_uid: str | None = None


def study_answer(dataset: Dataset) -> StudyAnswer | None:
    """The study in a C-FIND answer, or None without Study Instance UID."""
    uid = text(dataset, "StudyInstanceUID")
    if uid is None:
        return None
    return StudyAnswer(
        study_instance_uid=uid,
        study_date=_date(dataset, "StudyDate"),
        study_time=_time(dataset),
        modalities=_modalities(dataset),
        study_description=text(dataset, "StudyDescription"),
        station_name=text(dataset, "StationName"),
        number_of_series=_count(dataset, "NumberOfStudyRelatedSeries"),
    )


def series_answer(dataset: Dataset) -> SeriesAnswer | None:
    """The series in a C-FIND answer, or None without Series Instance UID."""
    uid = text(dataset, "SeriesInstanceUID")
    if uid is None:
        return None
    modality = text(dataset, "Modality")
    return SeriesAnswer(
        series_instance_uid=uid,
        modality=modality.upper() if modality else None,
        series_number=text(dataset, "SeriesNumber"),
        series_description=text(dataset, "SeriesDescription"),
        station_name=text(dataset, "StationName"),
        number_of_instances=_count(dataset, "NumberOfSeriesRelatedInstances"),
    )


def instance_answer(dataset: Dataset) -> InstanceAnswer | None:
    """The object in a C-FIND answer, or None without SOP Instance UID."""
    uid = text(dataset, "SOPInstanceUID")
    return None if uid is None else InstanceAnswer(uid, text(dataset, "SOPClassUID"))


def text(dataset: Dataset, keyword: str) -> str | None:
    """An element as text without padding and unprintable characters; None when absent or empty."""
    try:
        value = dataset.get(keyword)
    except (ValueError, TypeError, UnicodeError):
        # A node may send what pydicom cannot convert; then the value counts as not told.
        return None
    if value is None:
        return None
    joined = "\\".join(map(str, value)) if isinstance(value, MultiValue) else str(value)
    return "".join(character for character in joined if character.isprintable()).strip() or None


def _modalities(dataset: Dataset) -> frozenset[str] | None:
    """Modalities in Study; some nodes separate them by something else than a backslash."""
    told = text(dataset, "ModalitiesInStudy")
    if told is None:
        return None
    for separator in ",/;| ":
        told = told.replace(separator, "\\")
    return frozenset(part.upper() for part in told.split("\\") if part)


def _count(dataset: Dataset, keyword: str) -> int | None:
    told = text(dataset, keyword)
    try:
        return None if told is None else int(float(told))
    except (ValueError, OverflowError):
        return None


def _date(dataset: Dataset, keyword: str) -> date | None:
    told = text(dataset, keyword)
    try:
        # DICOM dates have no zone.
        return None if told is None else datetime.strptime(told.replace(".", "")[:8], "%Y%m%d").date()  # noqa: DTZ007
    except ValueError:
        return None


def _time(dataset: Dataset) -> time | None:
    told = text(dataset, "StudyTime")
    if told is None:
        return None
    digits = told.replace(":", "").partition(".")[0].ljust(6, "0")
    try:
        return time(int(digits[0:2]), int(digits[2:4]), min(int(digits[4:6]), 59))
    except ValueError:
        return None
