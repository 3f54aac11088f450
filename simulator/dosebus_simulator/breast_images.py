"""Makes mammography studies that tell their dose in images of other kinds: tomosynthesis, proprietary projections."""

from __future__ import annotations

from datetime import date

from pydicom.dataset import Dataset, FileDataset

from dosebus.domain.projection import ProjectionEvent
from dosebus.domain.study import Study
from dosebus_simulator.identity import chance
from dosebus_simulator.image_writer import (
    MATERIALS,
    SECONDARY_CAPTURE,
    SIDES,
    new_image,
    write_breast,
    write_exposure,
)
from dosebus_simulator.images import as_told, image_truth, taken_at
from dosebus_simulator.items import coded, decimal_string
from dosebus_simulator.mammography import make_mg, make_woman, mg_study
from dosebus_simulator.restyle import restyled_study
from dosebus_simulator.simulated import SimulatedObject, SimulatedStudy
from dosebus_simulator.styles import STYLES
from dosebus_simulator.visit import REFERENCE_DAY, Visit, visit

TOMOSYNTHESIS = "1.2.840.10008.5.1.4.1.1.13.1.3"
ACQUISITION_PARAMETERS = 0x00189325
CURRENT_MA, DURATION_MS, CHARGE_MAS = 0x00189330, 0x00189328, 0x00189332
PROJECTIONS = 15


def _visit_and_study(kind: str, seed: tuple[object, ...], day: date) -> tuple[Visit, Study]:
    visited = visit("MG", kind, *seed, person=make_woman(chance("woman", kind, *seed), day), day=day)
    return visited, restyled_study(mg_study(visited), STYLES["retired"])


def _truth(study: Study, objects: list[SimulatedObject]) -> Study:
    events = tuple(as_told(event, taken_at(event)) for event in study.projection_reports[0].events)
    return image_truth(study, "MG", [one.sop_instance_uid for one in objects], events)


def make_hologic_projections(*seed: object, day: date = REFERENCE_DAY) -> SimulatedStudy:
    """Hologic's proprietary projections: secondary captures of modality MG, the side told by the series only."""
    visited, study = _visit_and_study("hologic-projections", seed, day)
    objects = []
    for event in study.projection_reports[0].events:
        image = new_image(
            study,
            SECONDARY_CAPTURE,
            visited.source.uid(),
            modality="MG",
            taken=taken_at(event),
            series_uid=visited.source.uid(),
        )
        write_exposure(image, event)
        write_breast(image, event)
        image.Laterality = image.ImageLaterality
        del image.ImageLaterality
        image.ConversionType = "WSD"
        objects.append(SimulatedObject("hologic-projections", image))
    return SimulatedStudy("hologic-projections", tuple(objects), _truth(study, objects))


def _technique(event: ProjectionEvent) -> Dataset:
    """The X-ray acquisition parameters, in the binary elements of enhanced objects."""
    item = Dataset()
    item.KVP = decimal_string(event.kvp[0])
    item.add_new(CURRENT_MA, "FD", event.tube_current_ma[0])
    item.add_new(DURATION_MS, "FD", float(round(event.exposure_time_ms or 0)))
    item.add_new(CHARGE_MAS, "FD", event.exposure_uas[0] / 1000)
    item.FocalSpots = decimal_string(event.focal_spot_mm or 0)
    item.FilterType = "STRIP"
    item.FilterMaterial = [MATERIALS[one.material.code_value or ""] for one in event.filters if one.material]
    item.FilterThicknessMinimum = [decimal_string(one.thickness_min_mm or 0) for one in event.filters]
    item.FilterThicknessMaximum = [decimal_string(one.thickness_max_mm or 0) for one in event.filters]
    return item


def _anatomy(event: ProjectionEvent) -> Dataset:
    item = Dataset()
    if event.laterality:
        item.FrameLaterality = SIDES[event.laterality.code_value or ""]
    if event.anatomical_structure:
        item.AnatomicRegionSequence = [coded(event.anatomical_structure)]
    return item


def _tomosynthesis(study: Study, event: ProjectionEvent, uids: tuple[str, str]) -> FileDataset:
    """A multi-frame object: what changes from event to event stands in the shared functional groups."""
    image = new_image(study, TOMOSYNTHESIS, uids[0], modality="MG", taken=taken_at(event), series_uid=uids[1])
    image.ImageType = ["ORIGINAL", "PRIMARY", "TOMOSYNTHESIS", "NONE"]
    write_breast(image, event)
    image.ProtocolName = event.acquisition_protocol or ""
    image.DistanceSourceToDetector = decimal_string(event.distance_source_detector_mm or 0)
    image.ViewCodeSequence = [coded(event.view)] if event.view else []
    shared = Dataset()
    shared.add_new(ACQUISITION_PARAMETERS, "SQ", [_technique(event)])
    shared.FrameAnatomySequence = [_anatomy(event)]
    image.SharedFunctionalGroupsSequence = [shared]
    image.NumberOfFrames = PROJECTIONS
    image.PerFrameFunctionalGroupsSequence = [Dataset() for _ in range(PROJECTIONS)]
    image.PixelData = b"\x10\x00" * 16 * PROJECTIONS
    image["PixelData"].VR = "OW"
    return image


def make_tomosynthesis_images(*seed: object, day: date = REFERENCE_DAY) -> SimulatedStudy:
    """A tomosynthesis study without report: one multi-frame object an exposure."""
    visited, study = _visit_and_study("tomosynthesis-images", seed, day)
    objects = [
        SimulatedObject(
            "tomosynthesis-images",
            _tomosynthesis(study, event, (visited.source.uid(), visited.source.uid())),
        )
        for event in study.projection_reports[0].events
    ]
    return SimulatedStudy("tomosynthesis-images", tuple(objects), _truth(study, objects))


def make_tomosynthesis(*seed: object, day: date = REFERENCE_DAY) -> SimulatedStudy:
    """A tomosynthesis study with a dose report that lists every pulse, and its images, which add nothing."""
    told = make_mg("tomosynthesis", *seed, day=day, style="pulse-lists")
    if told.truth is None:
        raise ValueError("a simulated mammography report is recorded")
    source = chance("tomosynthesis images", *seed)
    old = restyled_study(told.truth, STYLES["retired"])
    images = [
        SimulatedObject("tomosynthesis", _tomosynthesis(old, event, (source.uid(), source.uid())))
        for event in old.projection_reports[0].events
    ]
    objects = (*told.objects, *images)
    uids = tuple(sorted(one.sop_instance_uid for one in objects))
    truth = told.truth.model_copy(update={"sop_instance_uids_processed": uids})
    return SimulatedStudy("tomosynthesis", objects, truth)
