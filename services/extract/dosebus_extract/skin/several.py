"""One surface for several studies of a patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dosebus_extract.skin.calculation import FluoroscopyStudy, skin_dose_map
from dosebus_extract.skin.method import CORRECTED, Method
from dosebus_extract.skin.phantom import Size
from dosebus_extract.skin.result import SkinDoseMap
from dosebus_extract.skin.surface import Floats


@dataclass(frozen=True, slots=True)
class SummedMap:
    """The sum of maps (Gy) on one surface: `dose_gy` (rows, columns) and the maps it is made of, in their order."""

    dose_gy: Floats
    parts: tuple[SkinDoseMap, ...]

    @property
    def peak_gy(self) -> float:
        """The largest cell of the sum; at most the sum of the parts' peaks."""
        return float(self.dose_gy.max(initial=0.0))

    @property
    def bound_gy(self) -> float:
        """The peak plus the bounds of all events whose position is unknown."""
        return self.peak_gy + sum(part.bound_gy - part.peak_gy for part in self.parts)

    @property
    def peak_interval_gy(self) -> tuple[float, float]:
        """The peak with k = 2, each part's error counted as common to all (one meter, one patient)."""
        peak = int(self.dose_gy.argmax())
        reach = sum(part.budget.expanded * float(part.dose_gy.flat[peak]) for part in self.parts)
        return max(self.peak_gy - reach, 0.0), self.peak_gy + reach


def summed_map(
    studies: Sequence[FluoroscopyStudy], method: Method = CORRECTED, size: Size | None = None
) -> SummedMap:
    """Map studies of one patient on one body and add them; without `size`, the last study's that has one counts.

    Raises ValueError without studies.
    """
    if not studies:
        raise ValueError("a sum of skin dose maps needs at least one study")
    body = size or common_size(studies)
    parts = tuple(skin_dose_map(replace(study, size=body), method) for study in studies)
    dose: Floats = np.sum([part.dose_gy for part in parts], axis=0)
    return SummedMap(dose, parts)


def common_size(studies: Sequence[FluoroscopyStudy]) -> Size:
    """The latest height and the latest mass that any study states; studies in order of time."""
    heights = [study.size for study in studies if study.size.height_source == "extracted"]
    masses = [study.size for study in studies if study.size.mass_source == "extracted"]
    tall, heavy = (heights or [Size()])[-1], (masses or [Size()])[-1]
    return Size(tall.height_cm, heavy.mass_kg, tall.height_source, heavy.mass_source)
