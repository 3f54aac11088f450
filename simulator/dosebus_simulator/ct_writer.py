"""Writes a CT dose report (PS3.16 TID 10011 with 10012 to 10015) from the record of a study."""

from __future__ import annotations

from pydicom.dataset import Dataset, FileDataset

from dosebus.domain.ct import CTAccumulated, CTDoseCheck, CTEvent, CTReport, CTSource
from dosebus.domain.study import Equipment, Study
from dosebus_simulator import concepts as c
from dosebus_simulator.dose_report import irradiating_device, participant, write_dose_report
from dosebus_simulator.items import (
    HAS_CONCEPT_MOD,
    INFERRED_FROM,
    code,
    container,
    moment,
    num,
    text,
    uidref,
)

SCANNING_LENGTH = (
    ("scanning_length_mm", "113825", "Scanning Length"),
    ("length_of_reconstructable_volume_mm", "113893", "Length of Reconstructable Volume"),
    ("exposed_range_mm", "113899", "Exposed Range"),
    ("top_z_of_reconstructable_volume_mm", "113895", "Top Z Location of Reconstructable Volume"),
    ("bottom_z_of_reconstructable_volume_mm", "113896", "Bottom Z Location of Reconstructable Volume"),
    ("top_z_of_scanning_length_mm", "113897", "Top Z Location of Scanning Length"),
    ("bottom_z_of_scanning_length_mm", "113898", "Bottom Z Location of Scanning Length"),
)
"""TID 10014, all in mm."""


def _source(source: CTSource) -> Dataset:
    return container(
        c.dcm("113831", "CT X-Ray Source Parameters"),
        [
            text(c.dcm("113832", "Identification of the X-Ray Source"), source.source_id),
            num(c.dcm("113733", "KVP"), source.kvp, c.KV),
            num(c.dcm("113833", "Maximum X-Ray Tube Current"), source.max_ma, c.MA),
            num(c.dcm("113734", "X-Ray Tube Current"), source.ma, c.MA),
            num(
                c.dcm("113834", "Exposure Time per Rotation"), source.exposure_time_per_rotation_s, c.SECONDS
            ),
        ],
    )


def _parameters(event: CTEvent) -> Dataset:
    return container(
        c.dcm("113822", "CT Acquisition Parameters"),
        [
            num(c.dcm("113824", "Exposure Time"), event.exposure_time_s, c.SECONDS),
            *(
                num(c.dcm(value, meaning), getattr(event, field), c.MM)
                for field, value, meaning in SCANNING_LENGTH
            ),
            uidref(c.dcm("112227", "Frame of Reference UID"), event.frame_of_reference_uid),
            num(
                c.dcm("113826", "Nominal Single Collimation Width"), event.nominal_single_collimation_mm, c.MM
            ),
            num(c.dcm("113827", "Nominal Total Collimation Width"), event.nominal_total_collimation_mm, c.MM),
            num(c.dcm("113828", "Pitch Factor"), event.pitch, c.RATIO),
            num(c.dcm("113823", "Number of X-Ray Sources"), event.number_of_xray_sources, c.SOURCES),
            *(_source(source) for source in event.sources),
        ],
    )


def _configured(value: str, meaning: str, configured: bool | None) -> Dataset | None:
    if configured is None:
        return None
    return code(c.dcm(value, meaning), c.YES if configured else c.NO)


def _dose_check(check: CTDoseCheck) -> list[Dataset | None]:
    alert = container(
        c.dcm("113900", "Dose Check Alert Details"),
        [
            _configured("113901", "DLP Alert Value Configured", check.dlp_alert_value_configured),
            _configured("113902", "CTDIvol Alert Value Configured", check.ctdivol_alert_value_configured),
            num(c.dcm("113903", "DLP Alert Value"), check.dlp_alert_value_mgycm, c.MGYCM),
            num(c.dcm("113904", "CTDIvol Alert Value"), check.ctdivol_alert_value_mgy, c.MGY),
            num(
                c.dcm("113905", "Accumulated DLP Forward Estimate"),
                check.accumulated_dlp_forward_estimate_mgycm,
                c.MGYCM,
            ),
            num(
                c.dcm("113906", "Accumulated CTDIvol Forward Estimate"),
                check.accumulated_ctdivol_forward_estimate_mgy,
                c.MGY,
            ),
            text(c.dcm("113907", "Reason for Proceeding"), check.alert_reason_for_proceeding),
            *(participant(person) for person in check.alert_persons),
        ],
    )
    notification = container(
        c.dcm("113908", "Dose Check Notification Details"),
        [
            _configured(
                "113909", "DLP Notification Value Configured", check.dlp_notification_value_configured
            ),
            _configured(
                "113910", "CTDIvol Notification Value Configured", check.ctdivol_notification_value_configured
            ),
            num(c.dcm("113911", "DLP Notification Value"), check.dlp_notification_value_mgycm, c.MGYCM),
            num(c.dcm("113912", "CTDIvol Notification Value"), check.ctdivol_notification_value_mgy, c.MGY),
            num(c.dcm("113913", "DLP Forward Estimate"), check.dlp_forward_estimate_mgycm, c.MGYCM),
            num(c.dcm("113914", "CTDIvol Forward Estimate"), check.ctdivol_forward_estimate_mgy, c.MGY),
            text(c.dcm("113907", "Reason for Proceeding"), check.notification_reason_for_proceeding),
            *(participant(person) for person in check.notification_persons),
        ],
    )
    return [alert, notification]


def _dose(event: CTEvent) -> Dataset | None:
    if event.ctdivol_mgy is None and event.dlp_mgycm is None:
        return None
    size_specific = num(
        c.dcm("113930", "Size Specific Dose Estimation"),
        event.ssde_mgy,
        c.MGY,
        [
            code(c.sct("370129005", "Measurement Method"), event.ssde_method, relationship=HAS_CONCEPT_MOD),
            num(
                c.dcm("113980", "Water Equivalent Diameter"),
                event.water_equivalent_diameter_mm,
                c.MM,
                relationship=INFERRED_FROM,
            ),
        ],
    )
    return container(
        c.dcm("113829", "CT Dose"),
        [
            num(c.dcm("113830", "Mean CTDIvol"), event.ctdivol_mgy, c.MGY),
            code(c.dcm("113835", "CTDIw Phantom Type"), event.ctdiw_phantom_type),
            num(c.dcm("113838", "DLP"), event.dlp_mgycm, c.MGYCM),
            size_specific,
            *(item for check in event.dose_check for item in _dose_check(check)),
        ],
    )


def _event(event: CTEvent, equipment: Equipment) -> Dataset:
    return container(
        c.dcm("113819", "CT Acquisition"),
        [
            text(c.ACQUISITION_PROTOCOL, event.acquisition_protocol),
            code(c.TARGET_REGION, event.target_region),
            code(c.dcm("113820", "CT Acquisition Type"), event.event_type),
            code(c.sct("408730004", "Procedure Context"), event.procedure_context),
            uidref(c.EVENT_UID, event.irradiation_event_uid),
            moment(c.DATETIME_STARTED, event.datetime_started),
            _parameters(event),
            _dose(event),
            text(c.dcm("113842", "X-Ray Modulation Type"), event.xray_modulation_type),
            text(c.COMMENT, event.comment),
            irradiating_device(equipment),
        ],
    )


def _accumulated(accumulated: CTAccumulated) -> Dataset:
    return container(
        c.dcm("113811", "CT Accumulated Dose Data"),
        [
            num(
                c.dcm("113812", "Total Number of Irradiation Events"),
                accumulated.total_number_of_irradiation_events,
                c.EVENTS,
            ),
            num(c.dcm("113813", "CT Dose Length Product Total"), accumulated.ct_dlp_total_mgycm, c.MGYCM),
            text(c.COMMENT, accumulated.comment),
        ],
    )


def write_ct_report(study: Study, report: CTReport) -> FileDataset:
    """The report of `study` as an X-Ray Radiation Dose SR.

    Raises:
        ValueError: the report has no SOP Instance UID, or neither report nor study say when it was made.
    """
    parts = (
        *(_accumulated(accumulated) for accumulated in report.accumulated),
        *(_event(event, study.equipment) for event in report.events),
    )
    return write_dose_report(study, report, "10011", parts)
