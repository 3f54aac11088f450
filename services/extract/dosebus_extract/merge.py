"""Put the contributions of one study together: pure, and the same whatever their order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from dosebus.domain.contribution import Contribution
from dosebus.domain.ct import CTReport
from dosebus.domain.projection import ProjectionReport
from dosebus.domain.study import Study, UnreadConcept
from dosebus_extract import findings
from dosebus_extract.image_reports import image_report
from dosebus_extract.modality import ORDER, projection_modality
from dosebus_extract.nuclear import radiopharmaceutical_reports
from dosebus_extract.screen_report import screen_report
from dosebus_extract.sr import moments
from dosebus_extract.supersede import (
    DOSE_SCREEN,
    IMAGE_KINDS,
    NUCLEAR_IMAGE_KINDS,
    is_report,
    report_type,
    survivors,
)
from dosebus_extract.totals import study_totals

Report = TypeVar("Report", CTReport, ProjectionReport)
_KIND_RANK = ("NM", "CT", "projection", "patient")
_OWN = frozenset(
    {"patient", "equipment", "totals", "ct_reports", "projection_reports", "radiopharmaceutical_reports"}
    | {"patient_dose_reports", "findings", "unread", "modality_type", "modality_types"}
    | {"study_instance_uid", "sop_instance_uids_processed", "accession_number_is_hashed"}
)


class MergeOptions(BaseModel):
    """What a site decides about a device's studies."""

    model_config = ConfigDict(frozen=True)

    modality_override: Literal["RF", "DX", "dual"] | None = None
    """RF and DX win over the content of projection studies; dual (and none) decides by the content."""


def combine(contributions: Iterable[Contribution], options: MergeOptions = MergeOptions()) -> Study:  # noqa: B008
    """The study that these contributions make, whatever their order and repetition.

    Raises ValueError where there are none, or where they are of several studies.
    """
    telling = sorted(survivors(contributions), key=_rank)
    uids = {one.study_instance_uid for one in telling}
    if len(uids) != 1:
        raise ValueError(f"contributions of {len(uids)} studies cannot make one")
    ct = _ct_reports(telling)
    projection = _projection_reports(telling)
    nuclear, disagreements = radiopharmaceutical_reports(telling)
    modalities = _modalities(telling, options)
    header = _header(telling)
    study = Study(
        **header,
        equipment=telling[0].study.equipment,
        modality_type=modalities[0] if modalities else None,
        modality_types=modalities,
        sop_instance_uids_processed=tuple(
            sorted({uid for one in telling for uid in (one.sop_instance_uid, *one.absorbed)})
        ),
        totals=study_totals(ct, projection, nuclear, mammography="MG" in modalities),
        ct_reports=ct,
        projection_reports=projection,
        radiopharmaceutical_reports=nuclear,
        patient_dose_reports=tuple(report for one in telling for report in one.study.patient_dose_reports),
        unread=_unread(telling),
    )
    seen = (*(finding for one in telling for finding in one.study.findings), *disagreements)
    return study.model_copy(update={"findings": (*seen, *findings.of_study(study, telling))})


def prune(contributions: Iterable[Contribution]) -> tuple[Contribution, ...]:
    """Only those contributions that still add something; `combine(prune(x) + y) == combine(x + y)`."""
    return tuple(survivors(contributions))


def _rank(one: Contribution) -> tuple[int, int, str, str]:
    """Reports before images; then by type, by time and by UID."""
    at = moments.sort_key(one.content_at)
    return (0 if is_report(one) else 1), _KIND_RANK.index(report_type(one)), at, one.sop_instance_uid


def _header(telling: list[Contribution]) -> dict[str, Any]:
    """The header of the first; what it leaves out, from the next that tells it."""
    studies = [one.study for one in telling]
    found: dict[str, Any] = {"study_instance_uid": studies[0].study_instance_uid}
    for key in Study.model_fields:
        if key not in _OWN:
            found[key] = next((value for one in studies if (value := getattr(one, key)) is not None), None)
    first = studies[0]
    found["accession_number_is_hashed"] = next(
        (one.accession_number_is_hashed for one in studies if one.accession_number is not None), None
    )
    patient = {key: value for key, value in first.patient if value is not None}
    for other in studies[1:]:
        if (other.patient.patient_id, other.patient.patient_name) == (
            first.patient.patient_id,
            first.patient.patient_name,
        ):
            patient = {**{key: value for key, value in other.patient if value is not None}, **patient}
    found["patient"] = type(first.patient)(**patient)
    return found


def _by_start(reports: Iterable[Report]) -> tuple[Report, ...]:
    return tuple(sorted(reports, key=lambda report: (_start(report), report.sop_instance_uid or "")))


def _start(report: CTReport | ProjectionReport) -> str:
    if report.start_of_irradiation_datetime is not None:
        return moments.sort_key(report.start_of_irradiation_datetime)
    times = [event.datetime_started for event in report.events if event.datetime_started is not None]
    return moments.sort_key(min(times, default=None), missing="9")


def _ct_reports(telling: list[Contribution]) -> tuple[CTReport, ...]:
    reports = [report for one in telling if one.kind != DOSE_SCREEN for report in one.study.ct_reports]
    pages = [report for one in telling if one.kind == DOSE_SCREEN for report in one.study.ct_reports]
    return _by_start([*reports, *([screen_report(pages)] if pages else [])])


def _projection_reports(telling: list[Contribution]) -> tuple[ProjectionReport, ...]:
    reports = [report for one in telling if is_report(one) for report in one.study.projection_reports]
    for kind in sorted(IMAGE_KINDS):
        images = [report for one in telling if one.kind == kind for report in one.study.projection_reports]
        if images:
            reports.append(image_report(images))
    return _by_start(reports)


def _modalities(telling: list[Contribution], options: MergeOptions) -> tuple[str, ...]:
    found: set[str] = set()
    for one in telling:
        study = one.study
        if study.ct_reports:
            found.add("CT")
        if study.radiopharmaceutical_reports or one.kind in NUCLEAR_IMAGE_KINDS:
            found.add("NM")
        if study.projection_reports and one.kind in IMAGE_KINDS:
            found.add(study.modality_type or "DX")
        elif study.projection_reports and one.kind == "arcadis_sr":
            found.add("DX" if options.modality_override == "DX" else "RF")
        else:
            found |= {
                projection_modality(report, study.equipment, options.modality_override)
                for report in study.projection_reports
            }
    return tuple(sorted(found, key=ORDER.index))


def _unread(telling: list[Contribution]) -> tuple[UnreadConcept, ...]:
    counts: dict[UnreadConcept, int] = {}
    for one in telling:
        for concept in one.study.unread:
            key = concept.model_copy(update={"count": 0})
            counts[key] = counts.get(key, 0) + concept.count
    return tuple(
        key.model_copy(update={"count": total}) for key, total in sorted(counts.items(), key=_concept)
    )


def _concept(item: tuple[UnreadConcept, int]) -> tuple[str, str, str, str]:
    concept = item[0]
    return (
        concept.code_value,
        concept.coding_scheme_designator or "",
        concept.parent_code_value or "",
        concept.code_meaning or "",
    )
