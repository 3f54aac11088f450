"""Philips CT “Dose Info” secondary captures: dose in the Exposure Dose Sequence and private elements."""

from __future__ import annotations

from typing import Any, Final

from dosebus.domain.base import Code
from dosebus.domain.contribution import Contribution
from dosebus.domain.ct import CTAccumulated, CTEvent, CTReport, CTSource
from dosebus_extract.contribution import contribution_of
from dosebus_extract.images import codes
from dosebus_extract.read import ReadOptions
from dosebus_extract.sr.concepts import Reading
from dosebus_extract.sr.header import Header
from dosebus_extract.sr.reader import DicomObject
from dosebus_extract.study_header import PROTOCOL_NAME, SOP_INSTANCE, STUDY_DESCRIPTION, STUDY_TIME, study_of

EXPOSURE_DOSES, _ACQUISITION_TYPE = 0x0040030E, 0x00189302
_COMMENTS_ON_DOSE: Final = 0x00400310
_TYPES: Final = {
    "CONSTANT_ANGLE": codes.dcm("113805", "Constant Angle Acquisition"),
    "SPIRAL": codes.srt("P5-08001", "Spiral Acquisition"),
    "SEQUENCED": codes.dcm("113804", "Sequenced Acquisition"),
    "STATIONARY": codes.dcm("113806", "Stationary Acquisition"),
    "FREE": codes.dcm("113807", "Free Acquisition"),
}
_PHANTOMS: Final = {
    "16": codes.dcm("113690", "IEC Head Dosimetry Phantom"),
    "32": codes.dcm("113691", "IEC Body Dosimetry Phantom"),
}
_MILLI: Final = 1e-3
_CREATORS: Final = ("ELSCINT1",)


def read_dose_info(found: DicomObject, kind: str, _options: ReadOptions) -> Contribution:
    """The dose of a whole CT study; its events have no UID."""
    header = found.header
    reading = Reading(header.first(SOP_INSTANCE) or "")
    events = tuple(_event(item) for item in header.items(EXPOSURE_DOSES) if item.first(_ACQUISITION_TYPE))
    comment = header.text(_COMMENTS_ON_DOSE)
    total = CTAccumulated(
        total_number_of_irradiation_events=len(events), ct_dlp_total_mgycm=_dlp(header), comment=comment
    )
    report = CTReport(
        sop_instance_uid=reading.sop_instance_uid,
        procedure_reported=codes.CT,
        has_intent=codes.DIAGNOSTIC,
        scope_of_accumulation=codes.STUDY,
        source_of_dose_information=codes.COPIED,
        start_of_irradiation_datetime=min(
            (e.datetime_started for e in events if e.datetime_started), default=None
        ),
        comment=_comment(header, comment),
        accumulated=(total,),
        events=events,
    )
    study = study_of(header)
    study = study.model_copy(
        update={
            "modality_type": "CT",
            "study_description": header.text(PROTOCOL_NAME) or study.study_description,
            "study_time": header.time(STUDY_TIME) or study.study_time,
            "ct_reports": (report,),
        }
    )
    return contribution_of(header, kind, study, reading)


def _comment(header: Header, on_dose: str | None) -> str | None:
    parts = (
        ("StudyDescription", header.text(STUDY_DESCRIPTION)),
        ("Comments on radiation dose", on_dose),
        ("ProtocolFilename", _private_text(header, 0x00E1, 0x61)),
    )
    return ". ".join(f"{name}: {value}" for name, value in parts if value) or None


def _dlp(item: Header) -> float | None:
    """DLP in mGy.cm, in Philips' private (00E1,xx21)."""
    tag = item.private(0x00E1, _CREATORS, 0x21)
    if tag is None:
        return None
    return item.number(tag)


def _private_text(item: Header, group: int, element: int) -> str | None:
    tag = item.private(group, _CREATORS, element)
    return item.text(tag) if tag is not None else None


def _phantom(item: Header) -> Code | None:
    told = _private_text(item, 0x01E1, 0x26) or ""
    return next((code for size, code in _PHANTOMS.items() if told.strip().startswith(size)), None)


def _event(item: Header) -> CTEvent:
    kind = (item.first(_ACQUISITION_TYPE) or "").upper()
    current, duration = item.number(0x00188151), item.number(0x00181150)
    if duration is None:
        duration = item.real(0x00189328)
    values: dict[str, Any] = {
        "kvp": item.number(0x00180060),
        "ma": None if current is None else float(f"{current * _MILLI:.12g}"),
    }
    return CTEvent(
        acquisition_protocol=item.text(0x00181030) or item.text(0x0008103E),
        event_type=_TYPES.get(kind),
        datetime_started=item.moment(0x0008002A),
        exposure_time_s=None if duration is None else float(f"{duration * _MILLI:.12g}"),
        scanning_length_mm=item.number(0x00181302),
        nominal_single_collimation_mm=item.real(0x00189306),
        nominal_total_collimation_mm=item.real(0x00189307),
        pitch=item.real(0x00189311),
        number_of_xray_sources=1,
        ctdivol_mgy=item.real(0x00189345),
        ctdiw_phantom_type=_phantom(item),
        dlp_mgycm=_dlp(item),
        sources=(CTSource(source_id="A", **values),),
    )
