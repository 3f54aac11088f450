"""Sums of dose over time for one patient: pure functions over what is known of the patient's studies."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from math import fsum

from dosebus.domain.quantities import QUANTITIES
from dosebus.domain.window import is_within


@dataclass(frozen=True)
class SkinPeak:
    """A peak skin dose in Gy, of a study or of summed maps.

    `certain`: the peak of what is mapped, None without a map. `bound`: it may be as much as this, None where all is
    mapped or nothing bounds it. `doubt`: the bound that may warn, without the systems whose skin dose is not mapped.
    """

    certain: float | None
    bound: float | None = None
    doubt: float | None = None


@dataclass(frozen=True)
class StudyDose:
    """What alerts keep of one study. `patient` is a digest; absent where no patient ID is stored."""

    study_id: int
    study_instance_uid: str
    patient: str | None
    study_date: date | None
    study_time: time | None
    modality_types: frozenset[str]
    doses: Mapping[str, float] = field(default_factory=dict)
    """Study totals by quantity, in the unit of the quantity's key."""
    event_peaks: Mapping[str, float] = field(default_factory=dict)
    """The largest value of one irradiation event by quantity."""
    skin: SkinPeak | None = None
    """The peak of the study's skin map; what of it is certain stands in `doses` too."""
    joint: Mapping[int, SkinPeak] = field(default_factory=dict)
    """The peak of the patient's summed skin maps up to this study, by weeks."""
    device_id: int | None = None
    standard_names: frozenset[str] = frozenset()
    age_years: float | None = None
    weight_kg: float | None = None


@dataclass(frozen=True)
class Window:
    """What is summed: a quantity, over the weeks up to a study, in studies of certain modalities."""

    quantity: str
    weeks: int
    modality_types: frozenset[str]


@dataclass(frozen=True)
class Contribution:
    """One study's part of a sum."""

    study_id: int
    study_instance_uid: str
    value: float
    at_most: bool = False
    """Whether the value is only a bound."""


@dataclass(frozen=True)
class WindowSum:
    """The sum of a window that ends with a study; `bound` and `doubt` as in `SkinPeak`."""

    window: Window
    total: float
    contributions: tuple[Contribution, ...]
    bound: float | None = None
    doubt: float | None = None


def window_sum(study: StudyDose, history: Iterable[StudyDose], window: Window) -> WindowSum | None:
    """The sum that ends with `study`, over a history that includes it.

    None where the study is not of the window's modalities or has no such dose itself: a study that adds
    nothing is no reason to warn. The sum does not depend on the order of the history (`math.fsum`). Peaks of
    skin maps do not add up, as they may lie in different places: there the total is the peak of the summed maps,
    and None until that is known.
    """
    if not study.modality_types & window.modality_types or own_part(study, window.quantity) is None:
        return None
    counted = history if study.patient is not None else (study,)
    parts = (
        own_part(other, window.quantity)
        for other in counted
        if other.modality_types & window.modality_types and is_within(other, study, window.weeks)
    )
    contributions = sorted(
        (part for part in parts if part is not None), key=lambda contribution: contribution.study_id
    )
    if QUANTITIES[window.quantity].mapped:
        peak = study.joint.get(window.weeks)
        if peak is None:
            return None
        return WindowSum(window, peak.certain or 0.0, tuple(contributions), peak.bound, peak.doubt)
    return WindowSum(window, fsum(one.value for one in contributions), tuple(contributions))


def own_part(study: StudyDose, quantity: str) -> Contribution | None:
    """What a study gives to a sum: its dose, or the bound of it where nothing is certain; None where it gives none."""
    value, at_most = study.doses.get(quantity), False
    if value is None and QUANTITIES[quantity].mapped and study.skin is not None:
        value, at_most = study.skin.bound, True
    return None if value is None else Contribution(study.study_id, study.study_instance_uid, value, at_most)


def touched_by(dates: Collection[date], weeks: int) -> tuple[date, date] | None:
    """The days whose studies have a sum that a study on one of `dates` is part of, first and last."""
    if not dates:
        return None
    return min(dates), max(dates) + timedelta(weeks=weeks)


def needed_for(days: tuple[date, date], weeks: int) -> tuple[date, date]:
    """The days whose studies are part of a sum that ends on one of `days`, first and last."""
    return days[0] - timedelta(weeks=weeks), days[1]
