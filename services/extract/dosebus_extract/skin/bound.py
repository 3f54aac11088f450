"""The most that any point of the skin can have got from an event whose place on the skin is not known."""

from __future__ import annotations

from math import sqrt
from typing import Final

import numpy as np

from dosebus.domain.projection import ProjectionEvent
from dosebus_extract.skin.beam import half_sides
from dosebus_extract.skin.device import DeviceProfile
from dosebus_extract.skin.dose_factors import published_factor
from dosebus_extract.skin.exposure import Refused, exposure_of
from dosebus_extract.skin.method import Method

FARTHEST_REFERENCE_CM: Final = 70.0
"""Focus to reference point where no report says it: isocentres are 70 to 85 cm away, the point 15 cm nearer."""
GREATEST_FACTOR: Final = 1.75
"""Backscatter times water over air at most: the published maximum is 1.738, at 100 kV, 0.9 mm Cu, 35 cm."""


def event_bound(
    number: int, event: ProjectionEvent, device: DeviceProfile, method: Method, *, mean_kvp: float | None
) -> float | None:
    """Upper bound (Gy) of the skin dose of one event: at the shortest distance, nothing in between.

    An event of which more than its position is missing gets the bound of its air kerma alone; without that, None.
    """
    try:
        exposure = exposure_of(number, event, "HFS", method, device, mean_kvp=mean_kvp)
    except Refused:
        return kerma_bound(event.dose_rp_gy, device, method)
    distance = exposure.reference_point.distance_cm
    if distance is None:
        return kerma_bound(event.dose_rp_gy, device, method)
    nearest = min(method.minimum_focus_skin_cm, distance)
    factor = published_factor(exposure.kvp, exposure.copper_mm, exposure.hvl_mmal)
    width, height = half_sides(exposure, distance)
    # The field is widest where the skin is far away, so its side is taken at least at the reference point.
    side = 2 * sqrt(width * height)
    return float(exposure.kerma_gy * (distance / nearest) ** 2 * factor.at(np.array([side]))[0])


def kerma_bound(kerma_gy: float | None, device: DeviceProfile, method: Method) -> float | None:
    """Upper bound (Gy) from an air kerma at the reference point alone; None without one."""
    if kerma_gy is None or kerma_gy < 0:
        return None
    calibration = device.calibration_factor if method.r24_calibration == "device-factor" else None
    closest = (FARTHEST_REFERENCE_CM / method.minimum_focus_skin_cm) ** 2
    return kerma_gy * (calibration or 1.0) * closest * GREATEST_FACTOR
