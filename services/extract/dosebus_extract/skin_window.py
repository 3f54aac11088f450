"""Which fluoroscopy studies of a patient are in the window that ends with a study."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time

from dosebus.domain.window import is_within


@dataclass(frozen=True, slots=True)
class Dated:
    """A fluoroscopy study with its moment; `patient_id` is None where nothing says whose it is."""

    study_id: int
    study_instance_uid: str
    patient_id: str | None
    study_date: date | None
    study_time: time | None


def window(study: Dated, others: Iterable[Dated], weeks: int) -> tuple[Dated, ...]:
    """The studies of the window in order of time, `study` among them, whatever order they come in."""
    counted = {study.study_id: study}
    if study.patient_id is not None:
        counted |= {other.study_id: other for other in others if is_within(other, study, weeks)}
    return tuple(sorted(counted.values(), key=_moment))


def _moment(one: Dated) -> tuple[date, time, int]:
    return one.study_date or date.min, one.study_time or time.min, one.study_id
