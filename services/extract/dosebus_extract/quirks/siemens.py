"""Siemens: values that only stand in comments."""

from __future__ import annotations

import re
from typing import Final

from dosebus.domain.base import Code
from dosebus.domain.ct import CTReport
from dosebus.domain.projection import ProjectionEvent, ProjectionReport
from dosebus_extract.quirks.quirk import ReportQuirk
from dosebus_extract.sr.header import as_number

# The comments are flat: every value is an attribute. No XML parser sees them, so nothing can be expanded.
_VALUE: Final = re.compile(r"<(\w+)\s+SRData=\"([^\"]*)\"")
_MODULATION: Final = re.compile(r"X-ray Modulation Type\s*=\s*([^,;]+)", re.IGNORECASE)
_POSITION: Final = re.compile(r"([HF])F([SP])$")
_HEADFIRST: Final = Code(code_value="F-10470", coding_scheme_designator="SRT", code_meaning="headfirst")
_FEETFIRST: Final = Code(code_value="F-10480", coding_scheme_designator="SRT", code_meaning="feet-first")
_RECUMBENT: Final = Code(code_value="F-10450", coding_scheme_designator="SRT", code_meaning="recumbent")
_SUPINE: Final = Code(code_value="F-10340", coding_scheme_designator="SRT", code_meaning="supine")
_PRONE: Final = Code(code_value="F-10310", coding_scheme_designator="SRT", code_meaning="prone")


def _values(comment: str | None) -> dict[str, str]:
    text = comment or ""
    return dict(_VALUE.findall(text)) if text.lstrip().startswith("<") else {}


def _with_field_size(event: ProjectionEvent) -> ProjectionEvent:
    size = as_number(_values(event.comment).get("iiDiameter", ""))
    if size is None or event.image_intensifier_field_size_mm is not None:
        return event
    return event.model_copy(update={"image_intensifier_field_size_mm": size})


def _with_field_sizes(report: ProjectionReport) -> ProjectionReport:
    return report.model_copy(update={"events": tuple(_with_field_size(event) for event in report.events)})


def _positioned(report: ProjectionReport) -> ProjectionReport:
    found = _POSITION.match(_values(report.comment)["Position"].strip().upper())
    position = {
        "patient_table_relationship": (_HEADFIRST if found[1] == "H" else _FEETFIRST) if found else None,
        "patient_orientation": _RECUMBENT if found else None,
        "patient_orientation_modifier": (_SUPINE if found[2] == "S" else _PRONE) if found else None,
    }
    events = tuple(event.model_copy(update=position) for event in report.events)
    return report.model_copy(update={"events": events})


def _modulated(report: CTReport) -> CTReport:
    events = []
    for event in report.events:
        found = _MODULATION.search(event.comment or "")
        if found and event.xray_modulation_type is None:
            events.append(event.model_copy(update={"xray_modulation_type": found[1].strip()}))
        else:
            events.append(event)
    return report.model_copy(update={"events": tuple(events)})


PROJECTION: Final[tuple[ReportQuirk[ProjectionReport], ...]] = (
    ReportQuirk(
        "field size in the event comment",
        "the image intensifier's diameter stands only in the XML of the comment (iiDiameter, mm)",
        "RF-RDSR-Siemens-Zee",
        lambda report: any("iiDiameter" in (event.comment or "") for event in report.events),
        _with_field_sizes,
    ),
    ReportQuirk(
        "patient position in the report comment",
        "the patient's position stands only in the XML of the report's comment, and holds for every event",
        "RF-RDSR-Siemens-Zee",
        lambda report: "Position" in _values(report.comment),
        _positioned,
    ),
)
CT: Final[tuple[ReportQuirk[CTReport], ...]] = (
    ReportQuirk(
        "modulation type in the event comment",
        "the X-ray modulation type stands only in a comma-separated comment",
        "CT-RDSR-Siemens_Flash-TAP-SS",
        lambda report: any(_MODULATION.search(event.comment or "") for event in report.events),
        _modulated,
    ),
)
