"""Where a skin dose study comes from: a dose record, a JSON document, or an RDSR file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dosebus.domain.projection import ProjectionEvent
from dosebus.domain.study import Study
from dosebus_extract.skin.calculation import FluoroscopyStudy
from dosebus_extract.skin.device import DeviceProfile, profile_for
from dosebus_extract.skin.orientation import position_in_comment
from dosebus_extract.skin.phantom import Size

_LISTS = frozenset({"kvp", "tube_current_ma", "exposure_uas", "pulse_width_ms"})


class UnusableSource(Exception):
    """A file that holds no fluoroscopy study; the message says what is wrong with it."""


def study_of_record(study: Study, safelist: Sequence[DeviceProfile] = ()) -> FluoroscopyStudy:
    """The skin dose input of a study's record; the device's profile is the safelist's, or one that knows nothing."""
    equipment = study.equipment
    profile = profile_for(safelist, equipment.manufacturer, equipment.model, equipment.software_version)
    positions = (position_in_comment(report.comment) for report in study.projection_reports)
    return FluoroscopyStudy(
        events=tuple(event for report in study.projection_reports for event in report.events),
        size=Size.of(study.patient.patient_height_m, study.patient.patient_weight_kg),
        position_in_comment=next((position for position in positions if position), None),
        dap_total_gym2=study.totals.total_dap_gym2,
        device=profile or DeviceProfile(),
    )


def study_of_document(document: Mapping[str, Any]) -> FluoroscopyStudy:
    """The input of `{"orientation", "patient_height_m", "patient_weight_kg", "events", "dap_total_gym2"}`.

    Event keys are those of the dose record; others are passed over. Raises UnusableSource.
    """
    events = document.get("events")
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise UnusableSource("events: a list of irradiation events is needed")
    try:
        read = tuple(ProjectionEvent.model_validate(_known(event)) for event in events)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise UnusableSource(f"events: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    return FluoroscopyStudy(
        events=read,
        size=Size.of(_number(document, "patient_height_m"), _number(document, "patient_weight_kg")),
        orientation=document.get("orientation") or None,
        dap_total_gym2=_number(document, "dap_total_gym2") or _number(document, "total_dap_gym2"),
    )


def study_in_file(path: Path, safelist: Sequence[DeviceProfile] = ()) -> FluoroscopyStudy:
    """The input of a file: JSON (an input document, a study's record, or what `dosebus read` prints) or an RDSR.

    Raises UnusableSource.
    """
    data = path.read_bytes()
    if data.lstrip()[:1] != b"{":
        return study_of_record(_study_in_object(data), safelist)
    try:
        document = json.loads(data)
    except ValueError as error:
        raise UnusableSource(f"not JSON: {error}") from error
    if isinstance(document.get("studies"), list) and document["studies"]:
        document = document["studies"][0]
    if "projection_reports" not in document:
        return study_of_document(document)
    try:
        return study_of_record(Study.model_validate(document), safelist)
    except ValidationError as error:
        raise UnusableSource(f"not a dose record: {error.error_count()} keys are wrong") from error


def _study_in_object(data: bytes) -> Study:
    from dosebus_extract.merge import combine
    from dosebus_extract.read import Ignored, Rejected, read_object

    try:
        study = combine([read_object(data)])
    except (Ignored, Rejected) as outcome:
        raise UnusableSource(str(outcome)) from outcome
    if not any(report.events for report in study.projection_reports):
        raise UnusableSource("the object holds no irradiation events of a projection system")
    return study


def _known(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event's keys that the record has, without nulls; a single number where a list stands becomes one."""
    kept = {
        key: value
        for key, value in event.items()
        if key in ProjectionEvent.model_fields and value is not None
    }
    return {
        key: [value] if key in _LISTS and isinstance(value, int | float) else value
        for key, value in kept.items()
    }


def _number(document: Mapping[str, Any], key: str) -> float | None:
    value = document.get(key)
    if value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise UnusableSource(f"{key}: {value!r} is not a number") from error
