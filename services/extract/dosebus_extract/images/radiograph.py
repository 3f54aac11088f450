"""Radiographs: CR, DX and panoramic images."""

from __future__ import annotations

from typing import Any, Final

from dosebus.domain.contribution import Contribution
from dosebus.domain.projection import IntegratedAccumulated, PlaneAccumulated, ProjectionEvent
from dosebus.domain.study import Study
from dosebus_extract.contribution import contribution_of
from dosebus_extract.images import codes
from dosebus_extract.images.exposure import (
    VIEW_CODES,
    acquired_at,
    entrance_dose_mgy,
    exposure_values,
    image_event_report,
    laterality,
)
from dosebus_extract.images.filters import filters_of
from dosebus_extract.quirks.quirk import told
from dosebus_extract.quirks.radiograph import DISTANCE, PROTOCOL, REQUESTED, exposure_label
from dosebus_extract.read import ReadOptions
from dosebus_extract.sr.concepts import Reading
from dosebus_extract.sr.header import Header
from dosebus_extract.sr.reader import DicomObject
from dosebus_extract.study_header import (
    MODALITY,
    PROCEDURE_CODES,
    PROTOCOL_NAME,
    REQUESTED_PROCEDURE,
    SERIES_DESCRIPTION,
    SOP_INSTANCE,
    STUDY_DATE,
    requested_procedure,
    study_of,
)

_DAP_DGYCM2, _PERFORMED_PROTOCOL, _RELATIVE_EXPOSURE = 0x0018115E, 0x00400260, 0x00181405
_TO_GYM2: Final = 1e-5
_MODALITIES: Final = frozenset({"CR", "PX"})


def read_radiograph(found: DicomObject, kind: str, _options: ReadOptions) -> Contribution:
    """One exposure of a radiography study."""
    header = found.header
    reading = Reading(header.first(SOP_INSTANCE) or "")
    event = ProjectionEvent(**{**exposure_values(header), **_radiograph_values(header)})
    total = IntegratedAccumulated(dap_total_gym2=event.dap_gym2, total_number_of_radiographic_frames=1)
    plane = PlaneAccumulated(acquisition_plane=codes.SINGLE_PLANE, integrated_total=total)
    report = image_event_report(event, codes.PROJECTION, (plane,))
    modality = header.first(MODALITY) or ""
    study = _described(study_of(header), header).model_copy(
        update={
            "modality_type": modality if modality in _MODALITIES else "DX",
            "projection_reports": (report,),
        }
    )
    at = acquired_at(header)
    return contribution_of(header, kind, study, reading, at.isoformat() if at else None)


def _described(study: Study, header: Header) -> Study:
    """Names of the study and its procedure, from wherever radiographs tell them; the date only where it is told."""
    performed, procedure = header.code(_PERFORMED_PROTOCOL), header.code(PROCEDURE_CODES)
    protocol = header.text(PROTOCOL_NAME)
    meaning = procedure.code_meaning if procedure else None
    requested = (
        requested_procedure(header)
        or meaning
        or header.text(REQUESTED_PROCEDURE)
        or (performed.code_meaning if performed else None)
    )
    return study.model_copy(
        update={
            "study_date": header.date(STUDY_DATE),
            "study_description": study.study_description or header.text(SERIES_DESCRIPTION) or meaning,
            "procedure_code_meaning": meaning or protocol,
            "requested_procedure": requested or told(header, REQUESTED),
        }
    )


def _radiograph_values(header: Header) -> dict[str, Any]:
    distance = told(header, DISTANCE)
    dap = header.number(_DAP_DGYCM2)
    performed = header.code(_PERFORMED_PROTOCOL)
    relative = header.number(_RELATIVE_EXPOSURE)
    return {
        "acquisition_protocol": header.text(PROTOCOL_NAME)
        or told(header, PROTOCOL)
        or header.text(SERIES_DESCRIPTION)
        or (performed.code_meaning if performed else None),
        "comment": header.text(SERIES_DESCRIPTION),
        "laterality": laterality(header),
        "view": header.code(VIEW_CODES) or codes.view(header.first(0x00185101)),
        "dap_gym2": None if dap is None else float(f"{dap * _TO_GYM2:.12g}"),
        "exposure_index": header.number(0x00181411),
        "target_exposure_index": header.number(0x00181412),
        "deviation_index": header.number(0x00181413),
        "relative_xray_exposure": relative,
        "relative_xray_exposure_unit": exposure_label(header) if relative is not None else None,
        "sensitivity": header.number(0x00186000),
        "grid_focal_distance_mm": header.number(0x0018704C),
        "filters": filters_of(header, without_type=False),
        "positioner_primary_angle_deg": header.number(0x00181510),
        "positioner_secondary_angle_deg": header.number(0x00181511),
        "distance_source_entrance_surface_mm": header.number(0x00400306),
        "entrance_exposure_at_rp_mgy": entrance_dose_mgy(header),
        **({} if distance is None else {"distance_source_detector_mm": distance}),
    }
