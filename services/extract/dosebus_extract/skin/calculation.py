"""From a study's events to its skin dose map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from dosebus.domain.projection import ProjectionEvent
from dosebus_extract.skin.beam import (
    Beam,
    Placing,
    beams_of,
    frames_of,
    patient_placing,
    reference_distance,
    reference_placing,
)
from dosebus_extract.skin.body_surface import body_surface
from dosebus_extract.skin.bound import event_bound
from dosebus_extract.skin.deposit import NANOGRAY, Quality, Scene, deposit
from dosebus_extract.skin.device import DeviceProfile
from dosebus_extract.skin.dose_factors import UNKNOWN_TABLE, nearest_transmission, published_factor
from dosebus_extract.skin.exposure import Exposure, ReferencePoint, Refused, event_kvp, exposure_of
from dosebus_extract.skin.field_share import share_on_phantom
from dosebus_extract.skin.method import CORRECTED, Method
from dosebus_extract.skin.orientation import Lying, event_orientation, named_orientation
from dosebus_extract.skin.phantom import Phantom, Size
from dosebus_extract.skin.pose import Orientation, Pose
from dosebus_extract.skin.reference_surface import reference_surface
from dosebus_extract.skin.region import isocentre_level_cm
from dosebus_extract.skin.result import EventDose, NotComputed, SkinDoseMap
from dosebus_extract.skin.shading import is_inside
from dosebus_extract.skin.surface import Floats, Surface
from dosebus_extract.skin.uncertainty import Budget


@dataclass(frozen=True, slots=True)
class FluoroscopyStudy:
    """What a map is computed from. `orientation` and `position_in_comment` are DICOM patient positions (HFS, ...)."""

    events: tuple[ProjectionEvent, ...]
    size: Size = field(default_factory=Size)
    orientation: str | None = None
    position_in_comment: str | None = None
    dap_total_gym2: float | None = None
    device: DeviceProfile = field(default_factory=DeviceProfile)


@dataclass(slots=True)
class _Tally:
    """The map as it grows, in nGy."""

    dose_ngy: Floats
    through_table_ngy: Floats
    contributions: list[EventDose]
    not_computed: list[NotComputed]


def never() -> bool:
    """No limit."""
    return False


def skin_dose_map(
    study: FluoroscopyStudy, method: Method = CORRECTED, is_over: Callable[[], bool] = never
) -> SkinDoseMap:
    """The map of a study. Never raises for what a report lacks: see `not_computed`.

    Events that come up after `is_over` says that time is over are not computed.
    """
    phantom = Phantom.of(study.size)
    tally = _Tally(np.zeros(0), np.zeros(0), [], [])
    scenes = _Scenes(study, phantom, method)
    shape = scenes.shape
    tally.dose_ngy, tally.through_table_ngy = np.zeros(shape[0] * shape[1]), np.zeros(shape[0] * shape[1])
    lying = _orientations(study, method)
    mean_kvp = _mean_kvp(study, method)
    for number, (event, how) in enumerate(zip(study.events, lying, strict=True), start=1):
        try:
            _map_event(
                number,
                event,
                how,
                study=study,
                scenes=scenes,
                method=method,
                mean_kvp=mean_kvp,
                tally=tally,
                is_over=is_over,
            )
        except Refused as refused:
            if refused.ends_study:
                reason = f"{refused.reason}: no map of this study"
                missing = NotComputed(number, event.irradiation_event_uid, reason, event.dap_gym2)
                return _abandoned(study, phantom, method, shape, missing=missing)
            tally.not_computed.append(
                NotComputed(
                    number,
                    event.irradiation_event_uid,
                    refused.reason,
                    event.dap_gym2,
                    event_bound(number, event, study.device, method, mean_kvp=mean_kvp),
                )
            )
    if not tally.dose_ngy.any():
        reason = "no event reaches the phantom" if study.events else "the study has no events"
        tally.not_computed.append(NotComputed(None, None, reason))
    return _result(study, phantom, method, shape, tally)


def _map_event(
    number: int,
    event: ProjectionEvent,
    how: Lying,
    *,
    study: FluoroscopyStudy,
    scenes: _Scenes,
    method: Method,
    mean_kvp: float | None,
    tally: _Tally,
    is_over: Callable[[], bool],
) -> None:
    if is_over():
        raise Refused("the time for this study is over")
    if how.problem is not None:
        raise Refused(how.problem)
    _refuse_table(event, study.device, method)
    exposure = exposure_of(number, event, how.orientation, method, study.device, mean_kvp=mean_kvp)
    scene, place, notes = scenes.place(event, exposure)
    distance = reference_distance(exposure, place, scenes.tabletop_cm(exposure.orientation))
    exposure = replace(exposure, reference_point=ReferencePoint(distance))
    quality = quality_of(exposure, study.device, method)
    dose, through = np.zeros_like(tally.dose_ngy), np.zeros_like(tally.dose_ngy)
    beams = tuple(beams_of(exposure, frames_of(exposure, method), place, method))
    if not method.has_reference_surface and any(is_inside(beam.focus, scenes.phantom) for beam in beams):
        raise Refused("the tube would be inside the patient: position, orientation or size cannot be right")
    for beam in beams:
        part = deposit(beam, scene, quality, method)
        places = scene.surface.map_index[part.cells]
        dose[places] += part.dose_ngy
        through[places] += part.through_table_ngy
    if not dose.any() and not method.has_reference_surface:
        raise Refused("the beam does not meet the patient")
    tally.dose_ngy += dose
    tally.through_table_ngy += through
    cells = np.nonzero(dose)[0]
    clamped = ("beam quality outside the tabulated range: clamped",) if quality.factor.is_clamped else ()
    tally.contributions.append(
        EventDose(
            number,
            event.irradiation_event_uid,
            cells,
            dose[cells] / NANOGRAY,
            exposure.dap_gym2 * _dap_share(beams, scenes.phantom, method, hit=bool(len(cells))),
            how.orientation,
            how.source,
            (*exposure.notes, *notes, *clamped),
        )
    )


def _refuse_table(event: ProjectionEvent, device: DeviceProfile, method: Method) -> None:
    """Raise Refused where the system's table gives an event no place."""
    if method.r19_missing_position == "zero":
        return
    if device.table_type == "none":
        raise Refused("table type none: without a table of its own the system tells no patient position")
    if device.table_type == "tilting" and event.table_head_tilt_angle_deg is None:
        raise Refused("table type tilting: the tilt of the table is missing")


def quality_of(exposure: Exposure, device: DeviceProfile, method: Method) -> Quality:
    """Backscatter and table transmission of an exposure's spectrum (R12, R13)."""
    if method.r13_table_transmission == "zeego-nearest":
        transmission = nearest_transmission(exposure.kvp, exposure.copper_mm)
    else:
        transmission = (device.transmission or UNKNOWN_TABLE).at(exposure.kvp, exposure.copper_mm)
    return Quality(
        exposure.kvp,
        exposure.copper_mm,
        published_factor(exposure.kvp, exposure.copper_mm, exposure.hvl_mmal),
        transmission,
        device.mattress_share,
    )


class _Scenes:
    """The surfaces and poses of one study, each made once."""

    def __init__(self, study: FluoroscopyStudy, phantom: Phantom, method: Method) -> None:
        self.phantom = phantom
        self._study = study
        self._method = method
        self._poses: dict[Orientation, Pose] = {}
        self._surfaces: dict[Orientation, Surface] = {}

    @property
    def shape(self) -> tuple[int, int]:
        return self._surface("HFS").shape

    def _surface(self, orientation: Orientation) -> Surface:
        if orientation not in self._surfaces:
            self._surfaces[orientation] = (
                _reference_surface(
                    self.phantom,
                    orientation.endswith("P"),
                    orientation.startswith("F"),
                    self._method.r7_facing_normal == "own",
                )
                if self._method.has_reference_surface
                else _body_surface(self.phantom, self._method.sub_points)
            )
        return self._surfaces[orientation]

    def _pose(self, orientation: Orientation) -> Pose:
        if orientation not in self._poses:
            self._poses[orientation] = Pose.of(orientation, self.phantom, self._study.device.table)
        return self._poses[orientation]

    def tabletop_cm(self, orientation: Orientation) -> float:
        """The table top's coordinate along the table's normal in the scene."""
        if self._method.has_reference_surface:
            return 0.0
        pose = self._pose(orientation)
        up = np.array([0.0, 0.0, 1.0])
        return float(pose.patient_point(np.zeros(3)) @ pose.patient_direction(up))

    def place(self, event: ProjectionEvent, exposure: Exposure) -> tuple[Scene, Placing, tuple[str, ...]]:
        """The scene of an exposure, how its frames stand in it, and what was assumed. Raises Refused."""
        surface, table = self._surface(exposure.orientation), self._study.device.table
        if self._method.has_reference_surface:
            scene = Scene(surface, self.phantom, table, np.eye(3), np.zeros(3))
            return scene, reference_placing(exposure), ()
        pose = self._pose(exposure.orientation)
        assumed, notes = None, list[str]()
        if exposure.position_cm is None:
            level = isocentre_level_cm(event, self._study.size.height_cm)
            if level is None:
                raise Refused("no position: the table position is missing and nothing names a body region")
            assumed = np.array([0.0, level, self.phantom.radius_cm])
            notes.append("position assumed: isocentre at mid-depth, at the level of the named region")
        if exposure.orientation.endswith(("DL", "DR")):
            notes.append("lateral decubitus: not validated")
        place = patient_placing(
            exposure,
            pose,
            angles_follow_patient=self._study.device.angles_are_relative_to == "patient",
            assumed=assumed,
        )
        return Scene(surface, self.phantom, table, pose.rotation, pose.shift), place, tuple(notes)


@lru_cache(maxsize=8)
def _reference_surface(phantom: Phantom, prone: bool, feet_first: bool, own_normals: bool) -> Surface:
    return reference_surface(phantom, prone=prone, feet_first=feet_first, own_normals=own_normals)


@lru_cache(maxsize=4)
def _body_surface(phantom: Phantom, sub_points: int) -> Surface:
    return body_surface(phantom, sub_points)


def _orientations(study: FluoroscopyStudy, method: Method) -> tuple[Lying, ...]:
    """One orientation per event: stated for the study, or each event's own, or the first event's for all (R16)."""
    as_reference = method.r16_orientation == "first-event" or method.has_reference_surface
    stated = study.orientation or study.position_in_comment
    if stated is not None:
        return (named_orientation(stated, as_reference=as_reference),) * len(study.events)
    if method.r16_orientation == "first-event":
        return tuple(event_orientation(event, as_reference=True) for event in study.events[:1]) * len(
            study.events
        )
    default = None if as_reference else study.device.orientation_default
    return tuple(
        event_orientation(event, as_reference=as_reference, default=default) for event in study.events
    )


def _mean_kvp(study: FluoroscopyStudy, method: Method) -> float | None:
    weighted = method.r23_copper_and_kvp == "any-code-mean"
    known = [value for value in (event_kvp(event, weighted=weighted) for event in study.events) if value]
    return sum(known) / len(known) if known else None


def _dap_share(beams: Sequence[Beam], phantom: Phantom, method: Method, *, hit: bool) -> float:
    if method.r22_dap_share == "whole-event" or method.has_reference_surface:
        return 1.0 if hit else 0.0
    total = sum(beam.kerma_gy for beam in beams)
    return sum(beam.kerma_gy * share_on_phantom(beam, phantom) for beam in beams) / total


def _abandoned(
    study: FluoroscopyStudy,
    phantom: Phantom,
    method: Method,
    shape: tuple[int, int],
    *,
    missing: NotComputed,
) -> SkinDoseMap:
    """The empty result of a study that the reference gives up (R20)."""
    empty = np.zeros(shape[0] * shape[1])
    return _result(study, phantom, method, shape, _Tally(empty, empty, [], [missing]))


def _result(
    study: FluoroscopyStudy, phantom: Phantom, method: Method, shape: tuple[int, int], tally: _Tally
) -> SkinDoseMap:
    total = study.dap_total_gym2
    if total is None:
        total = sum(event.dap_gym2 or 0.0 for event in study.events)
    factor = study.device.calibration_factor if method.r24_calibration == "device-factor" else None
    on_phantom = sum(part.dap_on_phantom_gym2 for part in tally.contributions) / (factor or 1.0)
    peak = int(tally.dose_ngy.argmax())
    through = tally.through_table_ngy[peak] / tally.dose_ngy[peak] if tally.dose_ngy[peak] else 0.0
    table = (
        "Siemens Artis Zeego 2016, nearest"
        if method.r13_table_transmission == "zeego-nearest"
        else (study.device.transmission or UNKNOWN_TABLE).name
    )
    return SkinDoseMap(
        dose_gy=(tally.dose_ngy / NANOGRAY).reshape(shape),
        phantom=phantom,
        size=study.size,
        method=method.name,
        mode=method.mode,
        dap_fraction=on_phantom / total if total else 1.0,
        events_total=len(study.events),
        contributions=tuple(tally.contributions),
        not_computed=tuple(tally.not_computed),
        budget=Budget.of(study.device, method, float(through)),
        is_validated=study.device.is_validated,
        calibration_factor=factor,
        table_transmission=table,
    )
