"""Mammograms: for presentation, for processing, and Hologic's proprietary projections."""

from __future__ import annotations

import re
from typing import Any, Final

from dosebus.domain.contribution import Contribution
from dosebus.domain.projection import AccumulatedGlandularDose, PlaneAccumulated, ProjectionEvent
from dosebus_extract.contribution import contribution_of
from dosebus_extract.images import codes
from dosebus_extract.images.captures import CAPTURE_CLASSES
from dosebus_extract.images.exposure import (
    CONTROL_MODE_DESCRIPTION,
    SOURCE_PATIENT,
    VIEW_CODES,
    acquired_at,
    entrance_dose_mgy,
    exposure_values,
    image_event_report,
    laterality,
)
from dosebus_extract.images.filters import filters_of
from dosebus_extract.images.functional_groups import flattened
from dosebus_extract.read import ReadOptions
from dosebus_extract.sr.concepts import Reading
from dosebus_extract.sr.header import Header
from dosebus_extract.sr.reader import DicomObject
from dosebus_extract.study_header import PROTOCOL_NAME, SERIES_DESCRIPTION, SOP_CLASS, SOP_INSTANCE, study_of

_ORGAN_DOSE: Final = 0x00400316
_COMMENTS_ON_DOSE: Final = 0x00400310
_PERCENT: Final = re.compile(r"(\d+(?:[.,]\d+)?)\s*%")
_DGY_TO_MGY: Final = 100.0


def read_tomosynthesis(found: DicomObject, kind: str, _options: ReadOptions) -> Contribution:
    """One exposure told by an enhanced multi-frame object, whose values stand in sequences of its own."""
    return _exposure(flattened(found.header), kind)


def read_mammogram(found: DicomObject, kind: str, _options: ReadOptions) -> Contribution:
    """One exposure of a mammography study."""
    return _exposure(found.header, kind)


def _exposure(header: Header, kind: str) -> Contribution:
    reading = Reading(header.first(SOP_INSTANCE) or "")
    study = study_of(header)
    event = ProjectionEvent(**{**exposure_values(header), **_breast_values(header)})
    doses = (
        (AccumulatedGlandularDose(laterality=event.laterality, accumulated_agd_mgy=event.agd_mgy),)
        if event.agd_mgy is not None and event.laterality is not None
        else ()
    )
    plane = PlaneAccumulated(acquisition_plane=codes.SINGLE_PLANE, accumulated_average_glandular_dose=doses)
    report = image_event_report(event, codes.MAMMOGRAPHY, (plane,))
    protocol = header.text(PROTOCOL_NAME)
    study = study.model_copy(
        update={
            "modality_type": "MG",
            "procedure_code_meaning": study.procedure_code_meaning or protocol,
            "projection_reports": (report,),
        }
    )
    captured = header.first(SOP_CLASS) in CAPTURE_CLASSES
    at = acquired_at(header)
    return contribution_of(header, kind, study, reading, None if captured or at is None else at.isoformat())


def _breast_values(header: Header) -> dict[str, Any]:
    dose = header.number(_ORGAN_DOSE)
    current = exposure_values(header)["average_tube_current_ma"]
    angle = header.number(0x00181510)
    return {
        "acquisition_protocol": header.text(PROTOCOL_NAME) or header.text(SERIES_DESCRIPTION),
        "laterality": laterality(header),
        "view": header.code(VIEW_CODES) or codes.view(header.first(0x00185101)),
        "agd_mgy": None if dose is None else float(f"{dose * _DGY_TO_MGY:.12g}"),
        "entrance_exposure_at_rp_mgy": entrance_dose_mgy(header),
        "half_value_layer_mmal": header.number(0x00400314),
        "tube_current_ma": () if current is None else (current,),
        "anode_target_material": codes.metal(header.first(0x00181191) or ""),
        "filters": filters_of(header, without_type=True),
        "column_angulation_deg": angle,
        "positioner_primary_angle_deg": angle,
        "compressed_thickness_mm": header.number(0x001811A0),
        "compression_force_n": header.number(0x001811A2),
        "magnification_factor": header.number(0x00181114),
        "distance_source_entrance_surface_mm": header.number(0x00400306) or header.number(SOURCE_PATIENT),
        "radiological_thickness_mm": _radiological_thickness(header),
        "percent_fibroglandular_tissue": _fibroglandular(header),
        "comment": header.text(CONTROL_MODE_DESCRIPTION),
    }


def _radiological_thickness(header: Header) -> float | None:
    """GE's private Radiological Thickness in mm."""
    tag = header.private(0x0045, ("GEMS_SENO_02", "GEMS_SENO_01"), 0x49)
    return header.number(tag) if tag is not None else None


def _fibroglandular(header: Header) -> float | None:
    """GE writes the glandular part into Comments on Radiation Dose, as “80 %”."""
    found = _PERCENT.search(header.text(_COMMENTS_ON_DOSE) or "")
    return float(found[1].replace(",", ".")) if found else None
