"""Makes studies that tell their dose in image headers instead of, or besides, a dose report."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from dosebus.domain.base import Code
from dosebus.domain.projection import ProjectionEvent
from dosebus.domain.radiopharmaceutical import PETSeries, RadiopharmaceuticalReport
from dosebus.domain.study import Study
from dosebus_simulator import concepts as c
from dosebus_simulator.concepts import retired
from dosebus_simulator.ct import ct_report, ct_study
from dosebus_simulator.ct_writer import write_ct_report
from dosebus_simulator.identity import Chance, chance
from dosebus_simulator.image_writer import (
    CR_IMAGE,
    DX_FOR_PRESENTATION,
    MG_FOR_PRESENTATION,
    MG_FOR_PROCESSING,
    NM_IMAGE,
    PET_IMAGE,
    new_image,
    write_breast,
    write_detector,
    write_exposure,
    write_isotope,
    write_pet_series,
)
from dosebus_simulator.mammography import make_woman, mg_study
from dosebus_simulator.radiography import dx_study
from dosebus_simulator.radiopharmaceutical import TRACERS, nm_study
from dosebus_simulator.radiopharmaceutical_writer import write_radiopharmaceutical_report
from dosebus_simulator.restyle import restyled_study
from dosebus_simulator.simulated import SimulatedObject, SimulatedStudy
from dosebus_simulator.styles import STYLES
from dosebus_simulator.totals import ct_totals
from dosebus_simulator.visit import REFERENCE_DAY, Visit, visit

COPIED: Code = c.dcm("113866", "Copied From Image Attributes")
TOLD_BY_IMAGES = (
    "event_type acquisition_plane acquisition_protocol anatomical_structure laterality view target_region dap_gym2 "
    "agd_mgy entrance_exposure_at_rp_mgy kvp exposure_uas exposure_time_ms focal_spot_mm filters "
    "distance_source_detector_mm exposure_index target_exposure_index deviation_index compressed_thickness_mm "
    "compression_force_n datetime_started"
)


def as_told(event: ProjectionEvent, taken: datetime) -> ProjectionEvent:
    """What of an event image headers tell."""
    told = {key: getattr(event, key) for key in TOLD_BY_IMAGES.split()}
    told |= {
        "exposure_time_ms": float(round(event.exposure_time_ms or 0)),
        "datetime_started": taken,
        "filters": tuple(one.model_copy(update={"type": None}) for one in event.filters),
        "anode_target_material": None,
    }
    return ProjectionEvent.model_validate(told)


def image_truth(study: Study, modality: str, uids: list[str], events: tuple[ProjectionEvent, ...]) -> Study:
    """The study as its images tell it: no observers, no request, what was measured copied from headers."""
    report = study.projection_reports[0].model_copy(
        update={
            "sop_instance_uid": None,
            "acquisition_device_type": None,
            "source_of_dose_information": COPIED,
            "scope_uid": None,
            "xray_detector_data_available": retired(c.NO),
            "xray_mechanical_data_available": retired(c.YES),
            "xray_source_data_available": retired(c.YES),
            "observers": (),
            "events": events,
        }
    )
    return study.model_copy(
        update={
            "modality_type": modality,
            "projection_reports": (report,),
            "equipment": study.equipment.model_copy(update={"device_observer_uid": None}),
            "sop_instance_uids_processed": tuple(sorted(uids)),
            "requested_procedure": None,
            "requested_procedure_code_value": None,
            "series_instance_uid": None,
            "series_time": None,
            "content_time": None,
        }
    )


def taken_at(event: ProjectionEvent) -> datetime:
    """When the exposure was made."""
    if event.datetime_started is None:
        raise ValueError("simulated events carry their start")
    return event.datetime_started


def _radiography(
    kind: str, modality: str, sop_class: str, seed: tuple[object, ...], day: date
) -> SimulatedStudy:
    visited = visit("DX", kind, *seed, day=day)
    study = restyled_study(dx_study(visited), STYLES["retired"])
    objects, events = [], []
    for event in study.projection_reports[0].events:
        taken = taken_at(event)
        told = event.model_copy(update={"dose_rp_gy": None})
        image = new_image(
            study,
            sop_class,
            visited.source.uid(),
            modality=modality,
            taken=taken,
            series_uid=visited.source.uid(),
        )
        write_exposure(image, told)
        write_detector(image, told)
        objects.append(SimulatedObject(kind, image))
        events.append(as_told(told, taken))
    truth = image_truth(study, modality, [one.sop_instance_uid for one in objects], tuple(events))
    plane = truth.projection_reports[0].accumulated_per_plane[0]
    total = (
        plane.integrated_total.model_copy(update={"dose_rp_total_gy": None})
        if plane.integrated_total
        else None
    )
    report = truth.projection_reports[0].model_copy(
        update={"accumulated_per_plane": (plane.model_copy(update={"integrated_total": total}),)}
    )
    totals = truth.totals.model_copy(update={"dose_rp_total_plane_a_gy": None})
    final = truth.model_copy(update={"projection_reports": (report,), "totals": totals})
    return SimulatedStudy(kind, tuple(objects), final)


def make_dx_images(*seed: object, day: date = REFERENCE_DAY) -> SimulatedStudy:
    """A radiography study of DX images for presentation."""
    return _radiography("dx-images", "DX", DX_FOR_PRESENTATION, seed, day)


def make_cr_images(*seed: object, day: date = REFERENCE_DAY) -> SimulatedStudy:
    """A radiography study of CR images."""
    return _radiography("cr-images", "CR", CR_IMAGE, seed, day)


def make_mg_images(*seed: object, day: date = REFERENCE_DAY) -> SimulatedStudy:
    """A mammography study of four views, each as image for processing and for presentation: four exposures."""
    woman = make_woman(chance("woman", "images", *seed), day)
    visited = visit("MG", "images", *seed, person=woman, day=day)
    study = restyled_study(mg_study(visited), STYLES["retired"])
    objects = []
    for event in study.projection_reports[0].events:
        for sop_class, intent in (
            (MG_FOR_PROCESSING, "FOR PROCESSING"),
            (MG_FOR_PRESENTATION, "FOR PRESENTATION"),
        ):
            image = new_image(
                study,
                sop_class,
                visited.source.uid(),
                modality="MG",
                taken=taken_at(event),
                series_uid=visited.source.uid(),
            )
            image.PresentationIntentType = intent
            write_exposure(image, event)
            write_breast(image, event)
            objects.append(SimulatedObject("mg-images", image))
    events = tuple(as_told(event, taken_at(event)) for event in study.projection_reports[0].events)
    truth = image_truth(study, "MG", [one.sop_instance_uid for one in objects], events)
    return SimulatedStudy("mg-images", tuple(objects), truth)


def _pet_series(source: Chance, taken: datetime, method: str) -> PETSeries:
    return PETSeries(
        series_instance_uid=source.uid(),
        series_datetime=taken,
        number_of_slices=source.randint(250, 700),
        reconstruction_method=method,
        energy_window_lower_limit_kev=435,
        energy_window_upper_limit_kev=585,
        corrections=("NORM", "DTIM", "ATTN", "SCAT", "DECY", "RAN"),
        series_type=("WHOLE BODY", "IMAGE"),
    )


def _with_images(
    study: Study, report: RadiopharmaceuticalReport, series: tuple[PETSeries, ...], uids: list[str]
) -> Study:
    told = report.model_copy(update={"pet_series": series})
    return study.model_copy(
        update={"radiopharmaceutical_reports": (told,), "sop_instance_uids_processed": tuple(sorted(uids))}
    )


def _pet_visit(seed: tuple[object, ...], day: date) -> tuple[Visit, Study]:
    visited = visit("NM", "pet", *seed, day=day, child=False)
    return visited, nm_study(visited, TRACERS[0])


def make_pet_ct(*seed: object, day: date = REFERENCE_DAY) -> SimulatedStudy:
    """A PET-CT study: radiopharmaceutical report, CT report and two PET series under one Study Instance UID."""
    visited, study = _pet_visit(seed, day)
    report = study.radiopharmaceutical_reports[0]
    objects = [SimulatedObject("pet-ct", write_radiopharmaceutical_report(study, report))]
    taken = visited.started + timedelta(minutes=65)
    series = (
        _pet_series(visited.source, taken, "PSF+TOF 4i5s"),
        _pet_series(visited.source, taken + timedelta(minutes=9), "OSEM3D 3i24s"),
    )
    for one in series:
        image = new_image(
            study,
            PET_IMAGE,
            visited.source.uid(),
            modality="PT",
            taken=one.series_datetime or taken,
            series_uid=one.series_instance_uid or "",
        )
        write_isotope(image, report.administrations[0], 1e6)
        write_pet_series(image, one)
        objects.append(SimulatedObject("pet-ct", image))
    events = ct_study(visited, events=2).ct_reports[0].events
    ct = ct_report(study, events, visited.source.uid())
    objects.append(SimulatedObject("pet-ct", write_ct_report(study, ct)))
    truth = _with_images(study, report, series, [one.sop_instance_uid for one in objects])
    final = truth.model_copy(update={"ct_reports": (ct,), "totals": ct_totals((ct,)), "modality_type": None})
    return SimulatedStudy("pet-ct", tuple(objects), final)


def make_nm_images(*seed: object, day: date = REFERENCE_DAY) -> SimulatedStudy:
    """A bone scan of two NM images and no report: the activity stands in the headers, in MBq."""
    visited = visit("NM", "images", *seed, day=day, child=False)
    study = nm_study(visited, TRACERS[1])
    report = study.radiopharmaceutical_reports[0]
    objects = []
    for minutes in (170, 185):
        taken = visited.started + timedelta(minutes=minutes)
        image = new_image(
            study, NM_IMAGE, visited.source.uid(), modality="NM", taken=taken, series_uid=visited.source.uid()
        )
        write_isotope(image, report.administrations[0], 1.0)
        objects.append(SimulatedObject("nm-images", image))
    given = report.administrations[0]
    told = type(given)(
        radiopharmaceutical_agent=given.radiopharmaceutical_agent,
        radionuclide=given.radionuclide,
        radionuclide_half_life_s=given.radionuclide_half_life_s,
        administered_activity_mbq=given.administered_activity_mbq,
        start_datetime=given.start_datetime,
    )
    bare = RadiopharmaceuticalReport(administrations=(told,))
    truth = _with_images(study, bare, (), [one.sop_instance_uid for one in objects]).model_copy(
        update={
            "series_instance_uid": None,
            "series_time": None,
            "content_time": None,
            "requested_procedure": None,
            "requested_procedure_code_value": None,
            "equipment": study.equipment.model_copy(update={"device_observer_uid": None}),
        }
    )
    return SimulatedStudy("nm-images", tuple(objects), truth)
