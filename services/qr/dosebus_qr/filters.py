"""Why an answer is kept or dropped: pure. The codes are those of `dosebus.store.tables.qr.REASONS`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from dosebus.dicom.storage import (
    DOSE_REPORT_CLASSES,
    ENHANCED_XRAY_RADIATION_DOSE_SR,
    PATIENT_RADIATION_DOSE_SR,
    RADIOPHARMACEUTICAL_RADIATION_DOSE_SR,
    XRAY_RADIATION_DOSE_SR,
)
from dosebus_qr.answers import InstanceAnswer, SeriesAnswer, StudyAnswer
from dosebus_qr.plan import REPORT

PROPER_REPORTS = frozenset(
    (
        XRAY_RADIATION_DOSE_SR,
        RADIOPHARMACEUTICAL_RADIATION_DOSE_SR,
        PATIENT_RADIATION_DOSE_SR,
        ENHANCED_XRAY_RADIATION_DOSE_SR,
    )
)
GENERAL_REPORTS = frozenset(DOSE_REPORT_CLASSES) - PROPER_REPORTS


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an answer is kept, and why."""

    kept: bool
    reason_code: str


def keep(reason_code: str) -> Verdict:
    """Kept because."""
    return Verdict(True, reason_code)


def drop(reason_code: str) -> Verdict:
    """Dropped because."""
    return Verdict(False, reason_code)


def judge_study(
    study: StudyAnswer, wanted: Collection[str], date_from: date | None, date_to: date | None
) -> Verdict | None:
    """Drop a study for what its own answer says; None when its series have to be looked at.

    Nodes that ignore a key send what was not asked for, so everything is checked again here. A study of
    reports alone is looked at: some archives keep the images elsewhere.
    """
    day = study.study_date
    if day is not None and ((date_from and day < date_from) or (date_to and day > date_to)):
        return drop("outside_dates")
    told = study.modalities
    if wanted and told and not told & set(wanted) and told != {REPORT}:
        return drop("other_modality")
    return None


def judge_series(series: SeriesAnswer) -> Verdict:
    """Whether the objects of a series are worth a question."""
    if series.modality is not None and series.modality != REPORT:
        return drop("not_a_report")
    if series.number_of_instances == 0:
        return drop("empty")
    return keep("report" if series.modality == REPORT else "modality_unknown")


def judge_instances(instances: Iterable[InstanceAnswer], held: Collection[str]) -> dict[str, Verdict]:
    """Verdicts by SOP Instance UID over all reports of one study: a dose report proper makes others needless."""
    listed = list(instances)
    has_proper = any(one.sop_class_uid in PROPER_REPORTS for one in listed)
    return {one.sop_instance_uid: _judge_instance(one, held, has_proper=has_proper) for one in listed}


def _judge_instance(instance: InstanceAnswer, held: Collection[str], *, has_proper: bool) -> Verdict:
    if instance.sop_instance_uid in held:
        return drop("held")
    if instance.sop_class_uid is None:
        return keep("class_unknown")
    if instance.sop_class_uid in PROPER_REPORTS:
        return keep("dose_report")
    if instance.sop_class_uid in GENERAL_REPORTS:
        return drop("better_report") if has_proper else keep("general_report")
    return drop("other_class")


def conclude_series(before: Verdict, verdicts: Collection[Verdict]) -> Verdict:
    """A series after its objects are known; a node that tells none of them leaves it as it was."""
    if not before.kept or not verdicts or any(verdict.kept for verdict in verdicts):
        return before
    held = any(verdict.reason_code == "held" for verdict in verdicts)
    return drop("all_held" if held else "no_dose_report")


def conclude_study(
    study: StudyAnswer, series: Mapping[SeriesAnswer, Verdict], wanted: Collection[str]
) -> Verdict:
    """A study after its series are known."""
    told = {one.modality for one in series if one.modality is not None}
    if wanted and study.modalities is None and told - {REPORT} and not told & set(wanted):
        return drop("other_modality")
    if any(verdict.kept for verdict in series.values()):
        return keep("has_reports")
    held = any(verdict.reason_code == "all_held" for verdict in series.values())
    return drop("all_held" if held else "no_reports")
