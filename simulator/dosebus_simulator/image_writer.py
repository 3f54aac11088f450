"""Writes image objects whose headers tell dose: mammography, radiography, PET, NM; the pixels are a token few."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType

from pydicom.dataset import Dataset, FileDataset

from dosebus.domain.projection import ProjectionEvent
from dosebus.domain.radiopharmaceutical import Administration, PETSeries
from dosebus.domain.study import Study
from dosebus_simulator.document import da, new_object, tm, write_equipment, write_patient, write_study
from dosebus_simulator.items import coded, datetime_string, decimal_string

CR_IMAGE = "1.2.840.10008.5.1.4.1.1.1"
DX_FOR_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.1"
DX_FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.1.1"
MG_FOR_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.2"
MG_FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.2.1"
NM_IMAGE = "1.2.840.10008.5.1.4.1.1.20"
PET_IMAGE = "1.2.840.10008.5.1.4.1.1.128"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"

SIDES = MappingProxyType({"24028007": "R", "7771000": "L", "G-A100": "R", "G-A101": "L"})
MATERIALS = MappingProxyType(
    {
        "C-127F9": "COPPER",
        "C-120F9": "ALUMINUM",
        "C-167F9": "RHODIUM",
        "26194003": "TUNGSTEN",
    }
)


def new_image(
    study: Study,
    sop_class_uid: str,
    sop_instance_uid: str,
    *,
    modality: str,
    taken: datetime,
    series_uid: str,
) -> FileDataset:
    """An image of the study with General Series, General Image and Image Pixel modules: 4 x 4 pixels of 16 bits.

    What else its information object definition asks of geometry and display is left out.
    """
    image = new_object(sop_class_uid, sop_instance_uid)
    write_study(image, study)
    write_patient(image, study)
    write_equipment(image, study)
    image.Modality = modality
    image.SeriesInstanceUID = series_uid
    image.SeriesNumber = "1"
    image.InstanceNumber = "1"
    image.SeriesDate = image.AcquisitionDate = image.ContentDate = da(taken.date())
    image.SeriesTime = image.AcquisitionTime = image.ContentTime = tm(taken.time())
    image.ImageType = ["ORIGINAL", "PRIMARY"]
    image.PatientOrientation = ""
    if study.operator:
        image.OperatorsName = study.operator
    image.SamplesPerPixel = 1
    image.PhotometricInterpretation = "MONOCHROME2"
    image.Rows = image.Columns = 4
    image.BitsAllocated = 16
    image.BitsStored, image.HighBit, image.PixelRepresentation = 12, 11, 0
    image.PixelData = b"\x10\x00" * 16
    image["PixelData"].VR = "OW"
    return image


def write_exposure(image: Dataset, event: ProjectionEvent) -> None:
    """How the image was exposed and with what dose (PS3.3 C.8.7.8, C.8.11.5, C.8.11.7)."""
    image.ProtocolName = event.acquisition_protocol or ""
    image.KVP = decimal_string(event.kvp[0])
    image.XRayTubeCurrent = round(event.tube_current_ma[0])
    image.ExposureTime = round(event.exposure_time_ms or 0)
    image.Exposure = round(event.exposure_uas[0] / 1000)
    image.ExposureInuAs = round(event.exposure_uas[0])
    if event.dap_gym2 is not None:
        image.ImageAndFluoroscopyAreaDoseProduct = decimal_string(event.dap_gym2 * 1e5)
    if event.focal_spot_mm is not None:
        image.FocalSpots = decimal_string(event.focal_spot_mm)
    if event.distance_source_detector_mm is not None:
        image.DistanceSourceToDetector = decimal_string(event.distance_source_detector_mm)
    if event.filters:
        image.FilterType = "STRIP"
        image.FilterMaterial = [
            MATERIALS[one.material.code_value or ""] for one in event.filters if one.material
        ]
        image.FilterThicknessMinimum = [decimal_string(one.thickness_min_mm or 0) for one in event.filters]
        image.FilterThicknessMaximum = [decimal_string(one.thickness_max_mm or 0) for one in event.filters]
    if event.laterality:
        image.ImageLaterality = SIDES[event.laterality.code_value or ""]
    if event.anatomical_structure:
        image.AnatomicRegionSequence = [coded(event.anatomical_structure)]
    image.ViewCodeSequence = [coded(event.view)] if event.view else []
    image.ExposureControlMode = "AUTOMATIC"


def write_detector(image: Dataset, event: ProjectionEvent) -> None:
    """The exposure indices of IEC 62494-1."""
    image.ExposureIndex = decimal_string(event.exposure_index or 0)
    image.TargetExposureIndex = decimal_string(event.target_exposure_index or 0)
    image.DeviationIndex = decimal_string(event.deviation_index or 0)


def write_breast(image: Dataset, event: ProjectionEvent) -> None:
    """What mammography adds (PS3.3 C.8.11.7): glandular dose in dGy, compression, anode."""
    image.OrganDose = decimal_string((event.agd_mgy or 0) / 100)
    image.EntranceDoseInmGy = decimal_string(event.entrance_exposure_at_rp_mgy or 0)
    image.HalfValueLayer = decimal_string(event.half_value_layer_mmal or 0)
    image.BodyPartThickness = decimal_string(event.compressed_thickness_mm or 0)
    image.CompressionForce = decimal_string(event.compression_force_n or 0)
    image.PositionerPrimaryAngle = decimal_string(event.positioner_primary_angle_deg or 0)
    image.PositionerType = "MAMMOGRAPHIC"
    if event.anode_target_material:
        image.AnodeTargetMaterial = MATERIALS[event.anode_target_material.code_value or ""]


def write_isotope(image: Dataset, given: Administration, activity_factor: float) -> None:
    """The radiopharmaceutical (PS3.3 C.8.9.2, C.8.4.10); PET tells activity in Bq, NM in MBq."""
    item = Dataset()
    item.Radiopharmaceutical = (
        (given.radiopharmaceutical_agent.code_meaning or "") if given.radiopharmaceutical_agent else ""
    )
    if given.start_datetime:
        item.RadiopharmaceuticalStartTime = tm(given.start_datetime.time())
        item.RadiopharmaceuticalStartDateTime = datetime_string(given.start_datetime)
    item.RadionuclideTotalDose = decimal_string((given.administered_activity_mbq or 0) * activity_factor)
    item.RadionuclideHalfLife = decimal_string(given.radionuclide_half_life_s or 0)
    if given.radionuclide:
        item.RadionuclideCodeSequence = [coded(given.radionuclide)]
    if given.radiopharmaceutical_agent:
        item.RadiopharmaceuticalCodeSequence = [coded(given.radiopharmaceutical_agent)]
    image.RadiopharmaceuticalInformationSequence = [item]


def write_pet_series(image: Dataset, series: PETSeries) -> None:
    """The PET Series module (PS3.3 C.8.9.1)."""
    image.SeriesType = list(series.series_type)
    image.NumberOfSlices = series.number_of_slices
    image.CorrectedImage = list(series.corrections)
    image.ReconstructionMethod = series.reconstruction_method
    image.Units = "BQML"
    image.CountsSource = "EMISSION"
    image.DecayCorrection = "START"
    image.CollimatorType = "NONE"
    energies = Dataset()
    energies.EnergyWindowLowerLimit = decimal_string(series.energy_window_lower_limit_kev or 0)
    energies.EnergyWindowUpperLimit = decimal_string(series.energy_window_upper_limit_kev or 0)
    image.EnergyWindowRangeSequence = [energies]
