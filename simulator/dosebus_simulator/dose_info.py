"""Makes the Philips "Dose Info" secondary capture: a CT study whose dose stands in retired and private elements."""

from __future__ import annotations

from datetime import date
from types import MappingProxyType

from pydicom.dataset import Dataset, FileDataset

from dosebus.domain.ct import CTAccumulated, CTEvent, CTReport, CTSource
from dosebus.domain.study import Equipment, Study
from dosebus_simulator import concepts as c
from dosebus_simulator.concepts import retired
from dosebus_simulator.ct import ct_study
from dosebus_simulator.devices import Device
from dosebus_simulator.image_writer import SECONDARY_CAPTURE, new_image
from dosebus_simulator.images import COPIED
from dosebus_simulator.items import decimal_string
from dosebus_simulator.restyle import restyled_study
from dosebus_simulator.simulated import SimulatedObject, SimulatedStudy
from dosebus_simulator.styles import STYLES
from dosebus_simulator.visit import REFERENCE_DAY, visit

SCANNER = Equipment(
    manufacturer="Philips",
    model="Brilliance 64",
    institution="Riverside Teaching Hospital",
    station_name="CTOLD4",
    software_version="3.5.4",
    display_name="Riverside Teaching Hospital CTOLD4",
)
CREATOR = "ELSCINT1"
ACQUISITION_TYPES = MappingProxyType(
    {
        c.CONSTANT_ANGLE.code_value: "CONSTANT_ANGLE",
        retired(c.SPIRAL).code_value: "SPIRAL",
        c.SEQUENCED.code_value: "SEQUENCED",
        c.STATIONARY_CT.code_value: "STATIONARY",
    }
)
PHANTOMS = MappingProxyType({c.HEAD_PHANTOM.code_value: "16 CM", c.BODY_PHANTOM.code_value: "32 CM"})


def _dose_item(event: CTEvent) -> Dataset:
    """One item of the Exposure Dose Sequence: mA in uA, exposure time in ms, DLP and phantom private."""
    item = Dataset()
    item.SeriesDescription = event.acquisition_protocol
    item.KVP = decimal_string(event.sources[0].kvp or 0)
    item.ExposureTime = round((event.exposure_time_s or 0) * 1000)
    item.RadiationMode = "CONTINUOUS"
    item.add_new(0x00181302, "IS", str(round(event.scanning_length_mm or 0)))
    item.XRayTubeCurrentInuA = decimal_string((event.sources[0].ma or 0) * 1000)
    item.AcquisitionType = ACQUISITION_TYPES[event.event_type.code_value if event.event_type else None]
    item.SingleCollimationWidth = event.nominal_single_collimation_mm
    item.TotalCollimationWidth = event.nominal_total_collimation_mm
    if event.pitch is not None:
        item.SpiralPitchFactor = event.pitch
    item.CTDIvol = event.ctdivol_mgy
    item.private_block(0x00E1, CREATOR, create=True).add_new(0x21, "DS", decimal_string(event.dlp_mgycm or 0))
    if event.ctdiw_phantom_type:
        phantom = PHANTOMS[event.ctdiw_phantom_type.code_value]
        item.private_block(0x01E1, CREATOR, create=True).add_new(0x26, "LO", phantom)
    return item


def _as_told(event: CTEvent) -> CTEvent:
    """What of an event a Dose Info object tells."""
    source = event.sources[0]
    return CTEvent(
        acquisition_protocol=event.acquisition_protocol,
        event_type=event.event_type,
        exposure_time_s=round((event.exposure_time_s or 0) * 1000) / 1000,
        scanning_length_mm=event.scanning_length_mm,
        nominal_single_collimation_mm=event.nominal_single_collimation_mm,
        nominal_total_collimation_mm=event.nominal_total_collimation_mm,
        pitch=event.pitch,
        sources=(CTSource(kvp=source.kvp, ma=source.ma),),
        ctdivol_mgy=event.ctdivol_mgy,
        ctdiw_phantom_type=event.ctdiw_phantom_type,
        dlp_mgycm=event.dlp_mgycm,
    )


def _write(study: Study, events: tuple[CTEvent, ...], total: float, image: FileDataset) -> None:
    image.ImageType = ["DERIVED", "SECONDARY", "DOSE_INFO"]
    image.ConversionType = "WSD"
    image.Laterality = ""
    image.SeriesDescription = "Dose Info"
    image.ProtocolName = study.study_description
    image.add_new(0x00400301, "US", len(events))
    image.add_new(0x0040030E, "SQ", [_dose_item(event) for event in events])
    image.CommentsOnRadiationDose = f"Total DLP={total:.1f}"
    image.private_block(0x00E1, CREATOR, create=True).add_new(0x21, "DS", decimal_string(total))


def make_philips_dose_info(*seed: object, day: date = REFERENCE_DAY) -> SimulatedStudy:
    """A CT study of an older scanner that sends no dose report but one secondary capture."""
    visited = visit("CT", "dose info", *seed, device=Device("CT", SCANNER), day=day, child=False)
    study = restyled_study(ct_study(visited), STYLES["retired"])
    report, total = study.ct_reports[0], study.totals.total_dlp_mgycm or 0.0
    image = new_image(
        study,
        SECONDARY_CAPTURE,
        visited.source.uid(),
        modality="CT",
        taken=visited.started,
        series_uid=visited.source.uid(),
    )
    _write(study, report.events, total, image)
    told = CTReport(
        source_of_dose_information=COPIED,
        accumulated=(
            CTAccumulated(total_number_of_irradiation_events=len(report.events), ct_dlp_total_mgycm=total),
        ),
        events=tuple(_as_told(event) for event in report.events),
    )
    made = SimulatedObject("philips-dose-info", image)
    truth = study.model_copy(
        update={
            "ct_reports": (told,),
            "sop_instance_uids_processed": (made.sop_instance_uid,),
            "series_instance_uid": None,
            "series_time": None,
            "content_time": None,
            "requested_procedure": None,
            "requested_procedure_code_value": None,
        }
    )
    return SimulatedStudy("philips-dose-info", (made,), truth)
