"""Which modality a report belongs to: by content, unless the device's setting says otherwise."""

from __future__ import annotations

from typing import Final, Literal

from dosebus.domain.base import Code
from dosebus.domain.projection import ProjectionReport
from dosebus.domain.study import Equipment
from dosebus_extract.sr.names import value_of

Override = Literal["RF", "DX", "dual"] | None

_MAMMOGRAPHY: Final = frozenset({"P5-40010", "71651007"})
_FLUOROSCOPY: Final = frozenset({"P5-06000", "44491008", "C0016356"})
_DEVICE_TYPES: Final = {"113957": "RF", "113958": "DX", "113959": "DX"}
_DEVICE_WORDS: Final = (("fluoroscopy-guided", "RF"), ("integrated", "DX"), ("cassette-based", "DX"))
# Angiography systems that call themselves integrated radiography.
_ANGIOGRAPHY_MODELS: Final = ("azurion",)
ORDER: Final = ("NM", "CT", "RF", "MG", "DX", "CR", "PX")


def projection_modality(report: ProjectionReport, equipment: Equipment, override: Override) -> str:
    """MG, RF or DX of a projection report."""
    if is_mammography(report.procedure_reported):
        return "MG"
    if override is not None and override != "dual":
        return override
    if any(word in (equipment.model or "").casefold() for word in _ANGIOGRAPHY_MODELS) or _has_fluoroscopy(
        report
    ):
        return "RF"
    return _by_device_type(report.acquisition_device_type) or "DX"


def is_mammography(procedure: Code | None) -> bool:
    if procedure is None:
        return False
    return procedure.code_value in _MAMMOGRAPHY or "mammography" in (procedure.code_meaning or "").casefold()


def _by_device_type(device_type: Code | None) -> str | None:
    if device_type is None:
        return None
    meaning = (device_type.code_meaning or "").casefold()
    by_word = next((modality for word, modality in _DEVICE_WORDS if word in meaning), None)
    return by_word or _DEVICE_TYPES.get(device_type.code_value or "")


def _has_fluoroscopy(report: ProjectionReport) -> bool:
    """Fluoroscopy events, or fluoroscopy sums that are not zero."""
    if any(value_of(event.event_type) in _FLUOROSCOPY for event in report.events):
        return True
    sums = [plane.fluoro_and_acquisition for plane in report.accumulated_per_plane]
    return any(one and (one.fluoro_dap_total_gym2 or one.total_fluoro_time_s) for one in sums)
