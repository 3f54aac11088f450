"""Writes a CT dose report (PS3.16 TID 10011 with 10012 to 10015) from the record of a study."""

from __future__ import annotations

from datetime import datetime

from pydicom.dataset import Dataset, FileDataset

from dosebus.domain.ct import CTAccumulated, CTDoseCheck, CTEvent, CTReport, CTSource
from dosebus.domain.person import PersonParticipant
from dosebus.domain.study import Equipment, Study
from dosebus_simulator import concepts as c
from dosebus_simulator.document import dose_document, observer_context, procedure_reported, scope
from dosebus_simulator.items import (
    CONTAINS,
    HAS_CONCEPT_MOD,
    HAS_OBS_CONTEXT,
    HAS_PROPERTIES,
    INFERRED_FROM,
    code,
    container,
    moment,
    num,
    pname,
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


def participant(person: PersonParticipant, relationship: str = CONTAINS) -> Dataset | None:
    """A person who took part (TID 1020)."""
    return pname(
        c.dcm("113870", "Person Name"),
        person.person_name,
        [
            code(
                c.dcm("113875", "Person Role in Procedure"),
                person.person_role_in_procedure,
                relationship=HAS_PROPERTIES,
            ),
            text(c.dcm("113871", "Person ID"), person.person_id, relationship=HAS_PROPERTIES),
            text(c.dcm("113872", "Person ID Issuer"), person.person_id_issuer, relationship=HAS_PROPERTIES),
            text(c.dcm("113873", "Organization Name"), person.organization_name, relationship=HAS_PROPERTIES),
            code(
                c.dcm("113874", "Person Role in Organization"),
                person.person_role_in_organization,
                relationship=HAS_PROPERTIES,
            ),
        ],
        relationship,
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


def irradiating_device(equipment: Equipment) -> Dataset | None:
    """The device that irradiated (TID 1021)."""
    named = (
        (c.dcm("113877", "Device Name"), equipment.station_name),
        (c.dcm("113878", "Device Manufacturer"), equipment.manufacturer),
        (c.dcm("113879", "Device Model Name"), equipment.model),
        (c.dcm("113880", "Device Serial Number"), equipment.device_serial_number),
    )
    return code(
        c.DEVICE_ROLE,
        c.IRRADIATING_DEVICE,
        [
            *(text(name, value, relationship=HAS_PROPERTIES) for name, value in named),
            uidref(c.dcm("121012", "Device Observer UID"), equipment.device_observer_uid, HAS_PROPERTIES),
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
    if report.sop_instance_uid is None:
        raise ValueError("a CT report needs a SOP Instance UID to be written")
    completed = report.end_of_irradiation_datetime
    if completed is None:
        if study.study_date is None or study.study_time is None:
            raise ValueError(f"study {study.study_instance_uid} has neither a date nor an end of irradiation")
        completed = datetime.combine(study.study_date, study.study_time)
    if study.content_time is not None:
        completed = datetime.combine(completed.date(), study.content_time)
    content = [
        procedure_reported(report.procedure_reported, report.has_intent),
        *observer_context(study),
        moment(
            c.dcm("113809", "Start of X-Ray Irradiation"),
            report.start_of_irradiation_datetime,
            HAS_OBS_CONTEXT,
        ),
        moment(
            c.dcm("113810", "End of X-Ray Irradiation"), report.end_of_irradiation_datetime, HAS_OBS_CONTEXT
        ),
        scope(study),
        *(_accumulated(accumulated) for accumulated in report.accumulated),
        *(_event(event, study.equipment) for event in report.events),
        text(c.COMMENT, report.comment),
        code(c.SOURCE_OF_DOSE_INFORMATION, report.source_of_dose_information),
    ]
    return dose_document(study, report.sop_instance_uid, c.DOSE_REPORT, "10011", content, completed=completed)
