"""Target 9: the skin dose map against the reference's method, one point at a time, on the same exposures.

The plain twin does the reference's arithmetic without its overhead. The reference needs 0.91 s an event (7.3 s for 8
events, measured when the targets were set), the twin 0.0375 s undisturbed: 1/500 of the one is 1/20.5 of the other.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dosebus.domain.base import Code
from dosebus.domain.projection import Filter, ProjectionEvent, ProjectionReport
from dosebus.domain.study import Study
from dosebus_extract.skin.calculation import FluoroscopyStudy, skin_dose_map
from dosebus_extract.skin.device import DeviceProfile
from dosebus_extract.skin.method import REFERENCE
from dosebus_extract.skin_devices import Listed, SkinSettings
from dosebus_extract.skin_mapping import System, map_values
from tests.load.measurement import Measurement, median_cpu_seconds
from tests.load.plain_skin import Plain, plain_map

EVENTS = tuple(
    Plain(0.01, 6e-5, 80.0, 0.3, 78.5, angle, tilt, -2.6, 55.0, 15.0)
    for angle, tilt in ((0.1, -0.1), (25.4, -0.2), (-45.4, 0.1), (0.0, 15.3))
)

TWIN_SHARE = 20.5
"""500 divided by the reference's time over the twin's."""


def measure() -> Iterator[Measurement]:
    """Four events by both ways, and 300 events by the corrected method, ready to be stored, against one second."""
    study = FluoroscopyStudy(tuple(_event(one) for one in EVENTS), orientation="HFS")
    slow_maps: list[list[list[float]]] = []
    plain_s = median_cpu_seconds(lambda: slow_maps.append(plain_map(list(EVENTS), "HFS")), runs=1)
    if not np.array_equal(np.array(slow_maps[0]), skin_dose_map(study, REFERENCE).dose_gy):
        raise AssertionError("the two sides of target 9 give different maps")
    yield Measurement(
        target="9",
        what="skin map of 4 events, reference mode, CPU",
        ours=median_cpu_seconds(lambda: skin_dose_map(study, REFERENCE), runs=15),
        other=plain_s,
        other_is="point by point",
        unit="s",
        limit=1 / TWIN_SHARE,
        at_most=True,
    )
    many = Study(
        study_instance_uid="1.2.3",
        modality_type="RF",
        modality_types=("RF",),
        projection_reports=(ProjectionReport(events=study.events * 75),),
    )
    listed = SkinSettings("corrected", (Listed(1, True, DeviceProfile("Siemens*", "AXIOM*")),))
    system = System("Siemens", "AXIOM-Artis", None)
    yield Measurement(
        target="9",
        what="skin map of 300 events, corrected mode, as it is stored, CPU",
        ours=median_cpu_seconds(lambda: map_values(many, system, listed), runs=1),
        other=1.0,
        other_is="a second",
        unit="s",
        limit=1.0,
        at_most=True,
    )


def _event(one: Plain) -> ProjectionEvent:
    return ProjectionEvent(
        event_type=Code(code_value="113611", code_meaning="Stationary Acquisition"),
        dose_rp_gy=one.kerma,
        dap_gym2=one.dap,
        kvp=(one.kvp,),
        filters=(
            Filter(
                material=Code(code_value="C-127F9"), thickness_min_mm=one.copper, thickness_max_mm=one.copper
            ),
        ),
        distance_source_isocenter_mm=one.isocentre * 10,
        positioner_primary_angle_deg=one.primary,
        positioner_secondary_angle_deg=one.secondary,
        table_longitudinal_position_mm=one.longitudinal * 10,
        table_lateral_position_mm=one.lateral * 10,
        table_height_position_mm=one.height * 10,
    )
