"""The head of a dose report: patient, study, series, equipment and SR document modules (PS3.3 A.35)."""

from __future__ import annotations

from datetime import date, datetime, time

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from dosebus.domain.base import Code
from dosebus.domain.study import Study
from dosebus_simulator import concepts as c
from dosebus_simulator.items import (
    HAS_CONCEPT_MOD,
    HAS_OBS_CONTEXT,
    HAS_PROPERTIES,
    code,
    coded,
    text,
    uidref,
)

XRAY_DOSE_SR = "1.2.840.10008.5.1.4.1.1.88.67"
RADIOPHARMACEUTICAL_DOSE_SR = "1.2.840.10008.5.1.4.1.1.88.68"
IMPLEMENTATION_CLASS_UID = "2.25.314120816218375907226183570161204816311"


def da(day: date | None) -> str:
    """A date as DA; empty for none."""
    return day.strftime("%Y%m%d") if day else ""


def tm(moment: time | None) -> str:
    """A time as TM; empty for none."""
    if moment is None:
        return ""
    return moment.strftime("%H%M%S") + (f".{moment.microsecond:06d}" if moment.microsecond else "")


def new_object(
    sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str = ExplicitVRLittleEndian
) -> FileDataset:
    """An empty object that can be saved as a DICOM file."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(sop_class_uid)
    meta.MediaStorageSOPInstanceUID = UID(sop_instance_uid)
    meta.TransferSyntaxUID = UID(transfer_syntax_uid)
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = "DOSEBUS_SIM"
    made = FileDataset("", {}, preamble=b"\0" * 128, file_meta=meta)
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SOPClassUID = UID(sop_class_uid)
    made.SOPInstanceUID = UID(sop_instance_uid)
    return made


def write_patient(dataset: Dataset, study: Study) -> None:
    """Patient and Patient Study modules (PS3.3 C.7.1.1, C.7.2.2)."""
    patient = study.patient
    dataset.PatientName = patient.patient_name or ""
    dataset.PatientID = patient.patient_id or ""
    dataset.PatientBirthDate = da(patient.patient_birth_date)
    dataset.PatientSex = patient.patient_sex or ""
    if patient.patient_age_dicom_string:
        dataset.PatientAge = patient.patient_age_dicom_string
    if patient.patient_height_m is not None:
        dataset.PatientSize = f"{patient.patient_height_m:g}"
    if patient.patient_weight_kg is not None:
        dataset.PatientWeight = f"{patient.patient_weight_kg:g}"


def write_study(dataset: Dataset, study: Study) -> None:
    """General Study module and the request that led to it (PS3.3 C.7.2.1, C.7.3.1)."""
    dataset.StudyInstanceUID = study.study_instance_uid
    dataset.StudyDate = da(study.study_date)
    dataset.StudyTime = tm(study.study_time)
    dataset.StudyID = study.study_id or ""
    dataset.AccessionNumber = study.accession_number or ""
    dataset.ReferringPhysicianName = study.referring_physician or ""
    dataset.StudyDescription = study.study_description or ""
    if study.physicians_of_record:
        dataset.PhysiciansOfRecord = study.physicians_of_record
    if study.procedure_code_value:
        dataset.ProcedureCodeSequence = [
            coded(
                Code(
                    code_value=study.procedure_code_value,
                    coding_scheme_designator="99RIVER",
                    code_meaning=study.procedure_code_meaning,
                )
            )
        ]


def write_equipment(dataset: Dataset, study: Study) -> None:
    """General Equipment module (PS3.3 C.7.5.1)."""
    equipment = study.equipment
    dataset.Manufacturer = equipment.manufacturer or ""
    dataset.InstitutionName = equipment.institution or ""
    if equipment.institution_address:
        dataset.InstitutionAddress = equipment.institution_address
    if equipment.department:
        dataset.InstitutionalDepartmentName = equipment.department
    dataset.StationName = equipment.station_name or ""
    dataset.ManufacturerModelName = equipment.model or ""
    dataset.DeviceSerialNumber = equipment.device_serial_number or ""
    dataset.SoftwareVersions = equipment.software_version or ""
    if equipment.date_of_last_calibration:
        dataset.DateOfLastCalibration = da(equipment.date_of_last_calibration)
        dataset.TimeOfLastCalibration = tm(equipment.time_of_last_calibration)


def _request(study: Study) -> Dataset:
    request = Dataset()
    request.StudyInstanceUID = study.study_instance_uid
    request.ReferencedStudySequence = []
    request.AccessionNumber = study.accession_number or ""
    request.PlacerOrderNumberImagingServiceRequest = ""
    request.FillerOrderNumberImagingServiceRequest = ""
    request.RequestedProcedureID = study.study_id or ""
    request.RequestedProcedureDescription = study.requested_procedure or ""
    request.RequestedProcedureCodeSequence = (
        [
            coded(
                Code(
                    code_value=study.requested_procedure_code_value,
                    coding_scheme_designator="99RIVER",
                    code_meaning=study.requested_procedure,
                )
            )
        ]
        if study.requested_procedure_code_value
        else []
    )
    return request


def observer_context(study: Study) -> list[Dataset | None]:
    """The device as observer (TID 1002, 1004)."""
    equipment = study.equipment
    named = (
        (c.dcm("121013", "Device Observer Name"), equipment.station_name),
        (c.dcm("121014", "Device Observer Manufacturer"), equipment.manufacturer),
        (c.dcm("121015", "Device Observer Model Name"), equipment.model),
        (c.dcm("121016", "Device Observer Serial Number"), equipment.device_serial_number),
        (c.dcm("121017", "Device Observer Physical Location During Observation"), equipment.institution),
    )
    return [
        code(c.OBSERVER_TYPE, c.OBSERVER_DEVICE, relationship=HAS_OBS_CONTEXT),
        uidref(c.dcm("121012", "Device Observer UID"), equipment.device_observer_uid, HAS_OBS_CONTEXT),
        *(text(name, value, relationship=HAS_OBS_CONTEXT) for name, value in named),
    ]


def scope(study: Study) -> Dataset | None:
    """Scope of Accumulation: the study."""
    return code(
        c.SCOPE_OF_ACCUMULATION,
        c.STUDY_SCOPE,
        [uidref(c.STUDY_INSTANCE_UID, study.study_instance_uid, HAS_PROPERTIES)],
        HAS_OBS_CONTEXT,
    )


def procedure_reported(procedure: Code | None, intent: Code | None) -> Dataset | None:
    """Procedure Reported with its intent."""
    return code(
        c.PROCEDURE_REPORTED,
        procedure,
        [code(c.HAS_INTENT, intent, relationship=HAS_CONCEPT_MOD)],
        HAS_CONCEPT_MOD,
    )


def dose_document(
    study: Study,
    sop_instance_uid: str,
    title: Code,
    template: str,
    content: list[Dataset | None],
    *,
    completed: datetime,
    sop_class_uid: str = XRAY_DOSE_SR,
) -> FileDataset:
    """A whole dose report: the head of `study` over the `content` items of the root `template`.

    `completed` is the moment at which the report was written, which becomes content date and time.
    """
    made = new_object(sop_class_uid, sop_instance_uid)
    write_study(made, study)
    write_patient(made, study)
    write_equipment(made, study)
    made.SeriesDate = da(study.study_date)
    made.SeriesTime = tm(study.series_time)
    made.ContentDate = da(completed.date())
    made.ContentTime = tm(completed.time())
    made.Modality = "SR"
    made.SeriesDescription = "Dose Report"
    made.SeriesInstanceUID = study.series_instance_uid
    made.SeriesNumber = "990"
    made.InstanceNumber = "1"
    made.ReferencedPerformedProcedureStepSequence = []
    if study.performing_physician:
        made.PerformingPhysicianName = study.performing_physician
    if study.operator:
        made.OperatorsName = study.operator
    made.ReferencedRequestSequence = [_request(study)]
    if study.requested_procedure_code_value:
        made.RequestedProcedureDescription = study.requested_procedure
        made.RequestedProcedureCodeSequence = [
            coded(
                Code(
                    code_value=study.requested_procedure_code_value,
                    coding_scheme_designator="99RIVER",
                    code_meaning=study.requested_procedure,
                )
            )
        ]
    made.PerformedProcedureCodeSequence = []
    made.CompletionFlag = "COMPLETE"
    made.VerificationFlag = "UNVERIFIED"
    made.ValueType = "CONTAINER"
    made.ConceptNameCodeSequence = [coded(title)]
    made.ContinuityOfContent = "SEPARATE"
    declared = Dataset()
    declared.MappingResource = "DCMR"
    declared.TemplateIdentifier = template
    made.ContentTemplateSequence = [declared]
    made.ContentSequence = [item for item in content if item is not None]
    return made
