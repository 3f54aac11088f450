"""Adds the maps of several studies on one body; nothing is read or written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from dosebus.domain.study import Study
from dosebus.store.packed import unpack
from dosebus_extract.skin.calculation import FluoroscopyStudy, skin_dose_map
from dosebus_extract.skin.geometry import parts_of, region_of
from dosebus_extract.skin.method import METHOD_VERSION
from dosebus_extract.skin.phantom import Phantom, Size
from dosebus_extract.skin.several import common_size
from dosebus_extract.skin.stored import packed_map, unpacked_map
from dosebus_extract.skin.surface import Floats
from dosebus_extract.skin_devices import SkinSettings
from dosebus_extract.skin_mapping import System, geometry_record, study_to_map


@dataclass(frozen=True)
class Member:
    """A study of a window with its map as it is stored; `outcome` is None where it was not looked at yet."""

    id: int
    record: bytes
    software_version: str | None
    manufacturer: str | None
    model: str | None
    outcome: str | None
    method: str | None
    method_version: str | None
    peak_skin_dose_gy: float | None
    peak_bound_gy: float | None
    row_count: int | None
    column_count: int | None
    dose_map: bytes | None
    provenance: Mapping[str, Any] | None

    @cached_property
    def study(self) -> Study:
        """The study's record."""
        return unpack(Study, self.record)

    def taken(self, settings: SkinSettings) -> FluoroscopyStudy:
        """The calculation's input."""
        system = System(self.manufacturer, self.model, self.software_version)
        entry = settings.entry_for(system.manufacturer, system.model, system.software_version)
        return study_to_map(self.study, entry)


def sum_values(members: Sequence[Member], settings: SkinSettings) -> dict[str, Any]:
    """The columns of `dose.skin_sum` for the members of a window, in order of time.

    The body has the latest stated height and mass; maps that were made on another body are made again on this one.
    """
    mapped = [one for one in members if one.dose_map is not None]
    others = [one for one in members if one.dose_map is None]
    common = {"unmapped_ids": [one.id for one in others], "peak_bound_gy": _bound(members, 0.0)}
    if not mapped:
        empty = (
            "peak_skin_dose_gy", "peak_low_gy", "peak_high_gy", "peak_row", "peak_column", "peak_region",
            "row_count", "column_count", "dose_map", "geometry",
        )  # fmt: skip
        return common | dict.fromkeys(empty) | {"provenance": {"mode": settings.mode}}
    size = common_size([one.taken(settings) for one in members])
    maps = [_on_body(one, size, settings) for one in mapped]
    total: Floats = np.sum(maps, axis=0)
    peak = int(total.argmax())
    row, column = divmod(peak, total.shape[1])
    reach = sum(
        2 * float((one.provenance or {})["relative_standard_uncertainty"]) * float(dose.flat[peak])
        for one, dose in zip(mapped, maps, strict=True)
    )
    phantom = Phantom.of(size)
    parts = parts_of(phantom, as_reference=settings.mode == "reference")
    peak_gy = float(total.flat[peak])
    return common | {
        "peak_skin_dose_gy": peak_gy,
        "peak_bound_gy": _bound(members, peak_gy),
        "peak_low_gy": max(peak_gy - reach, 0.0),
        "peak_high_gy": peak_gy + reach,
        "peak_row": row,
        "peak_column": column,
        "peak_region": region_of(parts, row, column, total.shape[1]),
        "row_count": total.shape[0],
        "column_count": total.shape[1],
        "dose_map": packed_map(total),
        "geometry": geometry_record(parts),
        "provenance": _provenance(mapped, maps, size, settings, peak=peak),
    }


def _on_body(one: Member, size: Size, settings: SkinSettings) -> Floats:
    """A member's map on the common body: the stored one where it was made on it, else made again."""
    told = one.provenance or {}
    fits = (told.get("height_cm"), told.get("mass_kg"), one.method, one.method_version)
    if (
        fits == (size.height_cm, size.mass_kg, settings.mode, METHOD_VERSION)
        and one.dose_map is not None
        and one.row_count is not None
        and one.column_count is not None
    ):
        return unpacked_map(one.dose_map, one.row_count, one.column_count)
    return skin_dose_map(replace(one.taken(settings), size=size), settings.method).dose_gy


def _bound(members: Sequence[Member], peak_gy: float) -> float | None:
    """The peak of the sum, plus what may lie anywhere: events without a place and studies without a map."""
    bound = peak_gy
    for one in members:
        if one.peak_bound_gy is None:
            return None
        bound += one.peak_bound_gy - (one.peak_skin_dose_gy or 0.0)
    return bound


def _provenance(
    mapped: Sequence[Member], maps: Sequence[Floats], size: Size, settings: SkinSettings, *, peak: int
) -> dict[str, Any]:
    return {
        "mode": settings.mode,
        "method_version": METHOD_VERSION,
        "height_cm": size.height_cm,
        "height_source": size.height_source,
        "mass_kg": size.mass_kg,
        "mass_source": size.mass_source,
        "parts": [
            {
                "study_id": one.id,
                "study_instance_uid": one.study.study_instance_uid,
                "peak_gy": float(dose.max(initial=0.0)),
                "at_peak_gy": float(dose.flat[peak]),
            }
            for one, dose in zip(mapped, maps, strict=True)
        ],
    }
