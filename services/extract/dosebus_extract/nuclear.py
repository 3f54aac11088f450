"""Join radiopharmaceutical reports with what PET and NM images tell of the same administrations."""

from __future__ import annotations

from math import isclose
from typing import Any, Final

from dosebus.domain.base import Code
from dosebus.domain.contribution import Contribution
from dosebus.domain.radiopharmaceutical import Administration, PETSeries, RadiopharmaceuticalReport
from dosebus.domain.study import Finding

_TOLERANCE: Final = 1e-4
_COMPARED: Final = (
    "start_datetime",
    "stop_datetime",
    "administered_activity_mbq",
    "radionuclide_half_life_s",
)


def radiopharmaceutical_reports(
    telling: list[Contribution],
) -> tuple[tuple[RadiopharmaceuticalReport, ...], tuple[Finding, ...]]:
    """The reports of a study, and where images disagree with them.

    An administration that a report tells wins; an image only fills what the report leaves out.
    """
    reports = [r for one in telling if one.kind not in _IMAGES for r in one.study.radiopharmaceutical_reports]
    images = [one for one in telling if one.kind in _IMAGES]
    if not images:
        return tuple(reports), ()
    seen = [r for one in images for r in one.study.radiopharmaceutical_reports]
    series = tuple(sorted((s for report in seen for s in report.pet_series), key=_series_order))
    from_images = _merged([given for report in seen for given in report.administrations])
    if not reports:
        return (RadiopharmaceuticalReport(administrations=from_images, pet_series=series),), ()
    findings: list[Finding] = []
    given = _filled(reports[0].administrations, from_images, findings) or from_images
    first = reports[0].model_copy(update={"pet_series": series, "administrations": given})
    return (first, *reports[1:]), tuple(findings)


_IMAGES: Final = frozenset({"pet_image", "nm_image"})


def _series_order(series: PETSeries) -> tuple[str, str]:
    at = series.series_datetime.isoformat() if series.series_datetime else ""
    return at, series.series_instance_uid or ""


def _merged(given: list[Administration]) -> tuple[Administration, ...]:
    """Each administration once, though every series and image tells it."""
    kept: list[Administration] = []
    for one in given:
        at = next((index for index, known in enumerate(kept) if _same(known, one)), None)
        if at is None:
            kept.append(one)
        else:
            kept[at] = _fill(kept[at], one)
    return tuple(kept)


def _same(one: Administration, other: Administration) -> bool:
    """Nothing that both tell differs."""
    pairs = [
        (getattr(one, key), getattr(other, key)) for key in (*_COMPARED, "radiopharmaceutical_agent_text")
    ]
    codes = (one.radionuclide, other.radionuclide)
    return all(_agree(a, b) for a, b in [*pairs, codes] if a is not None and b is not None)


def _agree(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return isclose(a, b, rel_tol=_TOLERANCE)
    if isinstance(a, Code) and isinstance(b, Code):
        return a.code_value == b.code_value or a.code_meaning == b.code_meaning
    return bool(a == b)


def _fill(one: Administration, other: Administration) -> Administration:
    """`one` with what only `other` tells."""
    lacking = {
        key: value for key, value in other if value not in (None, ()) and getattr(one, key) in (None, ())
    }
    return one.model_copy(update=lacking)


def _filled(
    told: tuple[Administration, ...], seen: tuple[Administration, ...], findings: list[Finding]
) -> tuple[Administration, ...]:
    result = list(told)
    for one in seen:
        at = next((i for i, known in enumerate(result) if _same(known, one)), None)
        if at is None and len(result) == 1:
            at = 0
        if at is None:
            continue
        for key in _COMPARED:
            mine, theirs = getattr(result[at], key), getattr(one, key)
            if mine is not None and theirs is not None and not _agree(mine, theirs):
                findings.append(
                    Finding(
                        code="image_disagrees",
                        severity="info",
                        message=f"an image tells another {key.replace('_', ' ')} than the report",
                        place="radiopharmaceutical_reports[0]",
                    )
                )
        result[at] = _fill(result[at], one)
    return tuple(result)
