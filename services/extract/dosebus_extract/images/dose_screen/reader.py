"""From a dose screen to a CT report, with the confidence that its figures deserve."""

from __future__ import annotations

from typing import Final

from dosebus.domain.contribution import Contribution
from dosebus.domain.ct import CTAccumulated, CTEvent, CTReport, CTScreenReading
from dosebus_extract.contribution import contribution_of
from dosebus_extract.images import codes
from dosebus_extract.images.dose_screen.judgement import Judgement
from dosebus_extract.images.dose_screen.looks import best_look
from dosebus_extract.images.dose_screen.pixels import picture
from dosebus_extract.images.dose_screen.recognise import Layout, layout_of
from dosebus_extract.images.dose_screen.table import Screen, ScreenRow
from dosebus_extract.outcome import Ignored, Rejected
from dosebus_extract.read import ReadOptions
from dosebus_extract.sr.concepts import Reading
from dosebus_extract.sr.header import Header
from dosebus_extract.sr.reader import DicomObject
from dosebus_extract.study_header import SOP_INSTANCE, study_of

_INSTANCE_NUMBER: Final = 0x00200013
_FROM_PRINT: Final = codes.dcm("113868", "Derived From Human-Readable Reports")
_ABOUT_THE_TOTAL: Final = {
    True: "their DLP make the total",
    False: "their DLP do not make the total",
    None: "there is no total to hold them against",
}


def read_dose_screen(found: DicomObject, kind: str, options: ReadOptions) -> Contribution:
    """The acquisitions and the total of one page of a dose screen.

    Raises Ignored where tesseract is not installed or the screen shows something else, Rejected where the
    confidence is below `options.dose_screen_least_confidence`: such a screen is kept for review.
    """
    header = found.header
    layout = layout_of(header)
    if layout is None:
        raise Ignored("no_dose_screen", "the object announces no dose screen of a known layout")
    screen, judgement = best_look(
        picture(found.source),
        layout,
        options.ocr_program,
        options.ocr_seconds,
        only_hinted=not layout.is_told(header),
    )
    _require(screen, judgement, layout, header, options.dose_screen_least_confidence)
    reading = Reading(header.first(SOP_INSTANCE) or "")
    reading.find(
        "read_by_ocr", f"read off the pixels with confidence {judgement.confidence:.2f}", severity="info"
    )
    if judgement.rows_in_doubt:
        message = (
            f"{judgement.rows_in_doubt} lines of the dose screen could not be read or do not hold together"
        )
        reading.find("dose_screen_rows_in_doubt", message)
    report = _report(screen, judgement, header)
    study = study_of(header).model_copy(update={"modality_type": "CT", "ct_reports": (report,)})
    return contribution_of(header, kind, study, reading)


def _require(
    screen: Screen, judgement: Judgement, layout: Layout, header: Header, least_confidence: float
) -> None:
    if not screen.tells_dose and not layout.is_told(header):
        raise Ignored("no_dose_screen", "the screen shows no dose table")
    if judgement.confidence < least_confidence:
        raise Rejected(
            "dose_screen_unsure",
            f"confidence {judgement.confidence:.2f} is below {least_confidence:.2f}: {len(screen.rows)} lines read, "
            f"{judgement.rows_in_doubt} in doubt, {_ABOUT_THE_TOTAL[judgement.total_agrees]}",
        )


def _report(screen: Screen, judgement: Judgement, header: Header) -> CTReport:
    number = header.number(_INSTANCE_NUMBER)
    total = screen.total_mgycm
    return CTReport(
        sop_instance_uid=header.first(SOP_INSTANCE),
        procedure_reported=codes.CT,
        has_intent=codes.DIAGNOSTIC,
        scope_of_accumulation=codes.STUDY,
        source_of_dose_information=_FROM_PRINT,
        accumulated=() if total is None else (CTAccumulated(ct_dlp_total_mgycm=_rounded(total.value)),),
        events=tuple(_event(row) for row in screen.rows),
        screen_reading=CTScreenReading(
            confidence=judgement.confidence,
            total_agrees=judgement.total_agrees,
            rows_in_doubt=judgement.rows_in_doubt,
            instance_number=None if number is None else round(number),
        ),
    )


def _event(row: ScreenRow) -> CTEvent:
    bottom, top = row.range_mm or (None, None)
    return CTEvent(
        acquisition_protocol=row.protocol,
        event_type=row.event_type,
        ctdivol_mgy=row.ctdivol_mgy.value if row.ctdivol_mgy else None,
        ctdiw_phantom_type=row.phantom,
        dlp_mgycm=row.dlp_mgycm.value if row.dlp_mgycm else None,
        top_z_of_reconstructable_volume_mm=top,
        bottom_z_of_reconstructable_volume_mm=bottom,
        length_of_reconstructable_volume_mm=None if top is None or bottom is None else _rounded(top - bottom),
        comment=row.comment,
    )


def _rounded(value: float) -> float:
    return float(f"{value:.12g}")
