"""Where a skin dose study comes from: a dose record, a JSON document, or an RDSR file."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from dosebus.domain.projection import ProjectionEvent
from dosebus.domain.study import Study
from dosebus_extract.skin.calculation import FluoroscopyStudy
from dosebus_extract.skin.device import DeviceProfile, profile_for
from dosebus_extract.skin.orientation import position_in_comment
from dosebus_extract.skin.phantom import HEIGHTS_M, MASSES_KG, Size

_LISTS = frozenset({"kvp", "tube_current_ma", "exposure_uas", "pulse_width_ms"})


class UnusableSource(Exception):
    """A file that holds no fluoroscopy study; the message says what is wrong with it."""


def study_of_record(study: Study, safelist: Sequence[DeviceProfile] = ()) -> FluoroscopyStudy:
    """The skin dose input of a study's record; the device's profile is the safelist's, or one that knows nothing.

    A size that no patient has is taken as not stated.
    """
    equipment = study.equipment
    profile = profile_for(safelist, equipment.manufacturer, equipment.model, equipment.software_version)
    positions = (position_in_comment(report.comment) for report in study.projection_reports)
    return FluoroscopyStudy(
        events=tuple(event for report in study.projection_reports for event in report.events),
        size=Size.of(
            _within(study.patient.patient_height_m, HEIGHTS_M),
            _within(study.patient.patient_weight_kg, MASSES_KG),
        ),
        position_in_comment=next((position for position in positions if position), None),
        dap_total_gym2=study.totals.total_dap_gym2,
        device=profile or DeviceProfile(),
    )


def study_of_document(document: Mapping[str, Any]) -> FluoroscopyStudy:
    """The input of `{"orientation", "patient_height_m", "patient_weight_kg", "events", "dap_total_gym2"}`.

    Event keys are those of the dose record; others are passed over. Raises UnusableSource.
    """
    events, orientation = document.get("events"), document.get("orientation")
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise UnusableSource("events: a list of irradiation events is needed")
    if orientation is not None and not isinstance(orientation, str):
        raise UnusableSource(f"orientation: {orientation!r} is not a patient position such as HFS")
    try:
        read = tuple(ProjectionEvent.model_validate(_known(event)) for event in events)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise UnusableSource(f"events: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    return FluoroscopyStudy(
        events=read,
        size=Size.of(
            _possible(document, "patient_height_m", HEIGHTS_M),
            _possible(document, "patient_weight_kg", MASSES_KG),
        ),
        orientation=orientation or None,
        dap_total_gym2=_number(document, "dap_total_gym2") or _number(document, "total_dap_gym2"),
    )


def study_in_file(path: Path, safelist: Sequence[DeviceProfile] = ()) -> FluoroscopyStudy:
    """The input of a file: JSON (an input document, a study's record, or what `dosebus read` prints) or an RDSR.

    Raises UnusableSource.
    """
    data = path.read_bytes().removeprefix(BOM_UTF8)
    if data.lstrip()[:1] != b"{":
        return study_of_record(_study_in_object(data), safelist)
    document = _parsed(data)
    if isinstance(document.get("studies"), list) and document["studies"]:
        document = document["studies"][0]
    if not isinstance(document, dict):
        raise UnusableSource("studies: a list of dose records is needed")
    if "projection_reports" not in document:
        return study_of_document(document)
    try:
        return study_of_record(Study.model_validate(document), safelist)
    except ValidationError as error:
        raise UnusableSource(f"not a dose record: {error.error_count()} keys are wrong") from error


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(data, parse_constant=_refuse, parse_float=_finite)
    except RecursionError as error:
        raise UnusableSource("not JSON of ours: nested too deeply") from error
    except ValueError as error:
        raise UnusableSource(f"not JSON: {error}") from error
    return document


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is not a number")


def _finite(digits: str) -> float:
    number = float(digits)
    return number if isfinite(number) else _refuse(digits)


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
    kept = _of_model(ProjectionEvent, event)
    for key in _LISTS & kept.keys():
        value = kept[key]
        if isinstance(value, list):
            kept[key] = [one for one in value if one is not None]
        elif isinstance(value, int | float):
            kept[key] = [value]
    return kept


def _of_model(model: type[BaseModel], given: Mapping[str, Any]) -> dict[str, Any]:
    """What a model has of the keys given, at every depth, without nulls."""
    found = {}
    for key, field in model.model_fields.items():
        value = given.get(key)
        if value is not None:
            part = _model_within(field.annotation)
            found[key] = value if part is None else _of_part(part, value)
    return found


def _of_part(part: type[BaseModel], value: Any) -> Any:
    if isinstance(value, list):
        return [_of_part(part, one) for one in value]
    return _of_model(part, value) if isinstance(value, dict) else value


def _model_within(annotation: Any) -> type[BaseModel] | None:
    """The model that a field holds, or holds a tuple of; None for a plain value."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for one in get_args(annotation) if (model := _model_within(one))), None)


def _within(value: float | None, limits: tuple[float, float]) -> float | None:
    return value if value is not None and limits[0] <= value <= limits[1] else None


def _possible(document: Mapping[str, Any], key: str, limits: tuple[float, float]) -> float | None:
    """A size; zero is none. Raises UnusableSource for one that no patient has."""
    value = _number(document, key)
    if value and not limits[0] <= value <= limits[1]:
        raise UnusableSource(f"{key}: {value:g} is not between {limits[0]:g} and {limits[1]:g}")
    return value


def _number(document: Mapping[str, Any], key: str) -> float | None:
    value = document.get(key)
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise UnusableSource(f"{key}: {value!r} is not a number") from error
    if not isfinite(number):
        raise UnusableSource(f"{key}: {value!r} is not a number")
    return number
