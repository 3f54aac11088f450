"""What one irradiation event means for the skin: numbers in cm, degrees, Gy and Gy.m², or why there are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dosebus.domain.base import Code
from dosebus.domain.projection import Filter, ProjectionEvent
from dosebus_extract.skin.device import DeviceProfile
from dosebus_extract.skin.method import Method
from dosebus_extract.skin.pose import Orientation

COPPER_SRT: Final = "C-127F9"
COPPER_CODES: Final = frozenset({COPPER_SRT, "C-12700", "66925006"})
ROTATIONAL_CODE: Final = "113613"
REFERENCE_POINT_TO_ISOCENTRE_CM: Final = 15.0
# CID 10025; the others name a place that needs a table centre line, a breast or the skin itself.
_FROM_ISOCENTRE: Final = "113860"
_DETECTOR_GAP_CM: Final = {"113861": 30.0, "113941": 0.0}
_SOURCE_GAP_CM: Final = {"113965": 100.0}
TABLETOP_HEIGHT_CM: Final = {"113862": 1.0, "113863": 30.0}


class Refused(Exception):
    """An event that cannot be computed; the message says why. `ends_study` where the reference gives up altogether."""

    def __init__(self, reason: str, *, ends_study: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.ends_study = ends_study


@dataclass(frozen=True, slots=True)
class ReferencePoint:
    """Distance from the focus (cm), or a height above the table top (cm) where that is what is defined."""

    distance_cm: float | None
    above_tabletop_cm: float | None = None


@dataclass(frozen=True, slots=True)
class Exposure:
    """One event, ready to be mapped. `position_cm` is longitudinal, lateral, height, None where unknown."""

    number: int
    kerma_gy: float
    dap_gym2: float
    kvp: float
    copper_mm: float
    hvl_mmal: float | None
    source_isocentre_cm: float
    reference_point: ReferencePoint
    collimator_cm: tuple[float, float] | None
    source_detector_cm: float | None
    primary_deg: float
    secondary_deg: float
    primary_end_deg: float | None
    secondary_end_deg: float | None
    frames: int | None
    is_rotational: bool
    position_cm: tuple[float, float, float] | None
    end_position_cm: tuple[float, float, float] | None
    table_angles_deg: tuple[float, float, float]
    orientation: Orientation
    notes: tuple[str, ...]


def exposure_of(
    number: int,
    event: ProjectionEvent,
    orientation: Orientation,
    method: Method,
    device: DeviceProfile,
    *,
    mean_kvp: float | None,
) -> Exposure:
    """Read an event as the method says. `mean_kvp` is the study's. Raises Refused."""
    notes: list[str] = []
    factor = device.calibration_factor if method.r24_calibration == "device-factor" else None
    kerma = (event.dose_rp_gy or 0.0) * (factor or 1.0)
    kvp = _usable_kvp(event, method, kerma, mean_kvp, notes=notes)
    point = _reference_point(event, method, notes)
    is_rotational = _is_rotational(event.event_type)
    end = _end_angle(event, method, notes) if is_rotational else None
    return Exposure(
        number=number,
        kerma_gy=kerma,
        dap_gym2=(event.dap_gym2 or 0.0) * (factor or 1.0),
        kvp=kvp,
        copper_mm=copper_thickness(event.filters, as_reference=method.r23_copper_and_kvp == "srt-minimum"),
        hvl_mmal=event.half_value_layer_mmal,
        source_isocentre_cm=(event.distance_source_isocenter_mm or 0.0) / 10,
        reference_point=point,
        collimator_cm=_collimator(event) if method.r14_field_shape == "collimator-if-credible" else None,
        source_detector_cm=_cm(event.distance_source_detector_mm),
        primary_deg=_angle(event.positioner_primary_angle_deg, "primary", notes),
        secondary_deg=_angle(event.positioner_secondary_angle_deg, "secondary", notes),
        primary_end_deg=end,
        secondary_end_deg=event.positioner_secondary_end_angle_deg if is_rotational else None,
        frames=_frames(event, aborts=method.r20_missing_data == "abort") if is_rotational else None,
        is_rotational=is_rotational,
        position_cm=_position(event, method, device, notes),
        end_position_cm=_end_position(event, method, device),
        table_angles_deg=_table_angles(event, method),
        orientation=orientation,
        notes=tuple(notes),
    )


def _usable_kvp(
    event: ProjectionEvent, method: Method, kerma_gy: float, mean_kvp: float | None, *, notes: list[str]
) -> float:
    """The event's kVp, or the study's, once the event is known to have all that a dose needs. Raises Refused (R20)."""
    aborts = method.r20_missing_data == "abort"
    if kerma_gy <= 0:
        raise Refused("the dose at the reference point is missing or zero")
    if not event.distance_source_isocenter_mm:
        raise Refused("the distance from source to isocentre is missing")
    if event.dap_gym2 is None:
        raise Refused("the dose area product is missing", ends_study=aborts)
    if event.dap_gym2 < 0:
        raise Refused("the dose area product is negative")
    kvp = event_kvp(event, weighted=method.r23_copper_and_kvp == "any-code-mean")
    if kvp is None and not aborts and mean_kvp is not None:
        kvp = mean_kvp
        notes.append("kVp is missing: the mean of the study")
    if kvp is None:
        raise Refused("kVp is missing", ends_study=aborts)
    if event.event_type is None and aborts:
        raise Refused("the irradiation event type is missing", ends_study=True)
    return kvp


def event_kvp(event: ProjectionEvent, *, weighted: bool) -> float | None:
    """Mean of the non-zero kVp values (kV), by charge where each has one and `weighted` is asked for; None without."""
    charge: tuple[float, ...] = ()
    if weighted and len(event.exposure_uas) == len(event.kvp):
        charge = event.exposure_uas
    elif weighted and len(event.tube_current_ma) == len(event.pulse_width_ms) == len(event.kvp):
        charge = tuple(a * b for a, b in zip(event.tube_current_ma, event.pulse_width_ms, strict=True))
    weights = charge if charge and min(charge) > 0 else (1.0,) * len(event.kvp)
    pairs = [(value, weight) for value, weight in zip(event.kvp, weights, strict=True) if value]
    if not pairs:
        return None
    return sum(value * weight for value, weight in pairs) / sum(weight for _, weight in pairs)


def copper_thickness(filters: tuple[Filter, ...], *, as_reference: bool) -> float:
    """Copper in mm: of all copper containers the mean of thinnest and thickest, or the reference's (R23)."""
    total = 0.0
    for one in filters:
        code = one.material.code_value if one.material is not None else None
        if as_reference:
            total += (one.thickness_min_mm or 0.0) if code == COPPER_SRT else 0.0
        elif code in COPPER_CODES:
            known = [value for value in (one.thickness_min_mm, one.thickness_max_mm) if value is not None]
            total += sum(known) / len(known) if known else 0.0
    return total


def _reference_point(event: ProjectionEvent, method: Method, notes: list[str]) -> ReferencePoint:
    isocentre = (event.distance_source_isocenter_mm or 0.0) / 10
    distance = isocentre - REFERENCE_POINT_TO_ISOCENTRE_CM
    if method.r15_reference_point == "15-cm":
        if distance == 0:
            raise Refused("the reference point is at the source")
        return ReferencePoint(distance)
    if event.distance_source_reference_point_mm:
        return ReferencePoint(event.distance_source_reference_point_mm / 10)
    code = event.event_reference_point_definition or event.reference_point_definition
    value = code.code_value if code is not None else None
    if value is None:
        notes.append("reference point definition is missing: 15 cm from the isocentre assumed")
    elif value in TABLETOP_HEIGHT_CM:
        return ReferencePoint(None, TABLETOP_HEIGHT_CM[value])
    elif value in _SOURCE_GAP_CM:
        return ReferencePoint(_SOURCE_GAP_CM[value])
    elif value in _DETECTOR_GAP_CM and event.distance_source_detector_mm:
        distance = event.distance_source_detector_mm / 10 - _DETECTOR_GAP_CM[value]
    elif value != _FROM_ISOCENTRE:
        meaning = (code.code_meaning if code is not None else None) or ""
        raise Refused(f"reference point definition {value} {meaning} is not supported".replace("  ", " "))
    if distance <= 0:
        raise Refused("the reference point is not in front of the source")
    return ReferencePoint(distance)


def _is_rotational(event_type: Code | None) -> bool:
    if event_type is None:
        return False
    return event_type.code_value == ROTATIONAL_CODE or "rotational" in (event_type.code_meaning or "").lower()


def _end_angle(event: ProjectionEvent, method: Method, notes: list[str]) -> float:
    if event.positioner_primary_end_angle_deg is not None:
        return event.positioner_primary_end_angle_deg
    start = event.positioner_primary_angle_deg or 0.0
    for low, high, end in ((-120.5, -119.5, 120.0), (-45.5, -44.5, 135.0)):
        if low < start < high:
            if method.r4_missing_end_angle == "assumed-and-said":
                notes.append(f"end angle is missing: an arc to {end:g} degrees assumed")
            return end
    raise Refused(
        "the end angle of a rotational acquisition is missing", ends_study=method.r20_missing_data == "abort"
    )


def _frames(event: ProjectionEvent, *, aborts: bool) -> int | None:
    if event.number_of_pulses and event.number_of_pulses >= 1:
        return int(event.number_of_pulses)
    if event.exposure_time_ms and event.pulse_width_ms and all(event.pulse_width_ms):
        width = sum(event.pulse_width_ms) / len(event.pulse_width_ms)
        # 1434.37 / 6.61 is 217, which doubles miss by one part in 10^16.
        frames = int(round(event.exposure_time_ms / width, 6))
        if frames >= 1:
            return frames
    if aborts:
        raise Refused("the number of frames of a rotational acquisition is missing", ends_study=True)
    return None


def _position(
    event: ProjectionEvent, method: Method, device: DeviceProfile, notes: list[str]
) -> tuple[float, float, float] | None:
    given = (
        event.table_longitudinal_position_mm,
        event.table_lateral_position_mm,
        event.table_height_position_mm,
    )
    if method.r19_missing_position == "zero":
        return _triple([(value or 0.0) / 10 for value in given])
    if any(value is None for value in given):
        if device.default_position_cm is not None:
            notes.append("table position is missing: the system's default position")
        return device.default_position_cm
    return _placed([value or 0.0 for value in given], device)


def _end_position(
    event: ProjectionEvent, method: Method, device: DeviceProfile
) -> tuple[float, float, float] | None:
    if method.r19_missing_position == "zero":
        return None
    pairs = (
        (event.table_longitudinal_end_position_mm, event.table_longitudinal_position_mm),
        (event.table_lateral_end_position_mm, event.table_lateral_position_mm),
        (event.table_height_end_position_mm, event.table_height_position_mm),
    )
    if all(end is None for end, _ in pairs) or any(start is None for _, start in pairs):
        return None
    return _placed([(start if end is None else end) or 0.0 for end, start in pairs], device)


def _placed(position_mm: list[float], device: DeviceProfile) -> tuple[float, float, float]:
    return _triple(
        [
            sign * value / 10 + offset
            for sign, value, offset in zip(
                device.position_sign, position_mm, device.position_offset_cm, strict=True
            )
        ]
    )


def _triple(values: list[float]) -> tuple[float, float, float]:
    return values[0], values[1], values[2]


def _table_angles(event: ProjectionEvent, method: Method) -> tuple[float, float, float]:
    if method.r19_missing_position == "zero":
        return 0.0, 0.0, 0.0
    return (
        event.table_head_tilt_angle_deg or 0.0,
        event.table_horizontal_rotation_angle_deg or 0.0,
        event.table_cradle_tilt_angle_deg or 0.0,
    )


def _collimator(event: ProjectionEvent) -> tuple[float, float] | None:
    """Width (along the primary angle) and height of the field at the detector in cm, if they agree with their area."""
    width, height = _cm(event.collimated_field_width_mm), _cm(event.collimated_field_height_mm)
    if not width or not height:
        return None
    area = event.collimated_field_area_m2
    if area and abs(width * height / (area * 1e4) - 1) > 0.1:
        return None
    return width, height


def _angle(angle: float | None, which: str, notes: list[str]) -> float:
    if angle is None:
        notes.append(f"the {which} angle is missing: 0 assumed")
    return angle or 0.0


def _cm(millimetres: float | None) -> float | None:
    return millimetres / 10 if millimetres else None
