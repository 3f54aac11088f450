"""A study's skin dose map with all that is stored of it, from its record and the settings; a calculation only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from dosebus.domain.study import Study
from dosebus.version import VERSION
from dosebus_extract.skin.bound import event_bound, kerma_bound
from dosebus_extract.skin.calculation import FluoroscopyStudy, never, skin_dose_map
from dosebus_extract.skin.device import DeviceProfile
from dosebus_extract.skin.geometry import Part, parts_of, region_of
from dosebus_extract.skin.method import METHOD_VERSION, Method
from dosebus_extract.skin.phantom import HEIGHTS_M, MASSES_KG
from dosebus_extract.skin.result import NotComputed, SkinDoseMap
from dosebus_extract.skin.source import study_of_record
from dosebus_extract.skin.stored import packed_map, packed_steps
from dosebus_extract.skin_devices import Listed, SkinSettings


@dataclass(frozen=True, slots=True)
class System:
    """What a study's device is called, as the safelist is asked."""

    manufacturer: str | None
    model: str | None
    software_version: str | None

    @property
    def name(self) -> str:
        """Maker and model for a reader."""
        return " ".join(filter(None, (self.manufacturer, self.model))) or "an unnamed model"


def map_values(
    study: Study, system: System, settings: SkinSettings, is_over: Callable[[], bool] = never
) -> dict[str, Any]:
    """The columns of `dose.skin_map` that the calculation gives: the map, or the reason why there is none."""
    entry = settings.entry_for(system.manufacturer, system.model, system.software_version)
    taken = study_to_map(study, entry)
    common = {
        "method": settings.mode,
        "method_version": METHOD_VERSION,
        "events_total": len(taken.events),
        "input_key": settings.input_key(entry),
    }
    refusal = _refusal(system, taken, entry)
    if refusal is not None:
        code, reason = refusal
        return common | _no_map(code, reason, _bound(study, taken, settings.method), settings, entry)
    made = skin_dose_map(taken, settings.method, is_over)
    if made.peak_gy <= 0:
        reason = _commonest(made.not_computed)
        values = _no_map("nothing_computed", reason, _bound(study, taken, settings.method), settings, entry)
        return common | values | {"not_computed": [one.as_record() for one in made.not_computed]}
    values = computed_values(made, settings.method, entry)
    values["provenance"]["size_notes"] = size_notes(study)
    return common | values


def failed_values(settings: SkinSettings, system: System, error: str) -> dict[str, Any]:
    """The columns where the calculation itself failed: an outcome, because trying again would fail again."""
    entry = settings.entry_for(system.manufacturer, system.model, system.software_version)
    return {
        "method": settings.mode,
        "method_version": METHOD_VERSION,
        "events_total": 0,
        "input_key": settings.input_key(entry),
    } | _no_map("failed", f"the calculation failed: {error}", None, settings, entry)


def size_notes(study: Study) -> list[str]:
    """What was not believed of the patient's size."""
    stated = (
        ("height", study.patient.patient_height_m, HEIGHTS_M, "m"),
        ("weight", study.patient.patient_weight_kg, MASSES_KG, "kg"),
    )
    return [
        f"the stated {name} of {value:g} {unit} is not believed"
        for name, value, limits, unit in stated
        if value and not limits[0] <= value <= limits[1]
    ]


def study_to_map(study: Study, entry: Listed | None) -> FluoroscopyStudy:
    """The calculation's input, with the system as the safelist describes it."""
    return replace(study_of_record(study), device=entry.profile if entry is not None else DeviceProfile())


def computed_values(made: SkinDoseMap, method: Method, entry: Listed | None) -> dict[str, Any]:
    """The columns of a map that was computed, whole or in part."""
    row, column = divmod(int(made.dose_gy.argmax()), made.shape[1])
    parts = parts_of_map(made, method)
    low, high = made.peak_interval_gy
    steps = packed_steps(made.contributions)
    return {
        "outcome": "partial" if made.not_computed else "computed",
        "peak_skin_dose_gy": made.peak_gy,
        "peak_low_gy": low,
        "peak_high_gy": high,
        "peak_bound_gy": _map_bound(made),
        "peak_row": row,
        "peak_column": column,
        "peak_region": region_of(parts, row, column, made.shape[1]),
        "dap_fraction": made.dap_fraction,
        "events_used": len(made.contributions),
        "event_that_gave_most": made.event_that_gave_most,
        "row_count": made.shape[0],
        "column_count": made.shape[1],
        "dose_map": packed_map(made.dose_gy),
        "contributions": steps.contributions,
        "steps": steps.steps,
        "geometry": geometry_record(parts),
        "not_computed": [one.as_record() for one in made.not_computed],
        "provenance": _provenance(made, method, entry),
    }


def parts_of_map(made: SkinDoseMap, method: Method) -> tuple[Part, ...]:
    """Where the cells of a map lie."""
    prone = any(one.orientation.endswith("P") for one in made.contributions[:1])
    return parts_of(made.phantom, as_reference=method.has_reference_surface, prone=prone)


def geometry_record(parts: tuple[Part, ...]) -> dict[str, Any]:
    """The column `geometry`."""
    return {"parts": [part.as_record() for part in parts]}


def _refusal(system: System, taken: FluoroscopyStudy, entry: Listed | None) -> tuple[str, str] | None:
    if entry is None:
        return (
            "not_listed",
            f"the model is not on the list of systems whose skin dose is mapped: {system.name}",
        )
    if not entry.enabled:
        return "disabled", f"skin dose maps are switched off for this model: {system.name}"
    if not taken.events:
        return "no_events", "no report lists the study's irradiation events"
    return None


def _no_map(
    code: str, reason: str, bound: float | None, settings: SkinSettings, entry: Listed | None
) -> dict[str, Any]:
    """The columns of a study without a map; those of an earlier map are emptied."""
    empty = (
        "peak_skin_dose_gy", "peak_low_gy", "peak_high_gy", "peak_row", "peak_column", "peak_region",
        "dap_fraction", "event_that_gave_most", "row_count", "column_count", "dose_map", "contributions",
        "geometry",
    )  # fmt: skip
    return dict.fromkeys(empty) | {
        "outcome": "not_computed",
        "reason_code": code,
        "reason": reason,
        "peak_bound_gy": bound,
        "events_used": 0,
        "steps": [],
        "not_computed": [NotComputed(None, None, reason).as_record()],
        "provenance": {"mode": settings.mode, "code_version": VERSION, "device": _device(entry)},
    }


def _bound(study: Study, taken: FluoroscopyStudy, method: Method) -> float | None:
    """The bound of a study without a map: its events' bounds, or that of its whole air kerma where none are listed."""
    if not taken.events:
        return kerma_bound(study.totals.dose_rp_total_gy, taken.device, method)
    bounds = [
        event_bound(number, event, taken.device, method, mean_kvp=None)
        for number, event in enumerate(taken.events, start=1)
    ]
    known = [bound for bound in bounds if bound is not None]
    return sum(known) if len(known) == len(bounds) else None


def _map_bound(made: SkinDoseMap) -> float | None:
    """The peak plus the bounds of events that have no place; None where one of these cannot be bounded."""
    unplaced = [one for one in made.not_computed if one.event is not None]
    return None if any(one.bound_gy is None for one in unplaced) else made.bound_gy


def _commonest(not_computed: tuple[NotComputed, ...]) -> str:
    """The reason of most events, with how many share it."""
    reasons = Counter(one.reason for one in not_computed if one.event is not None)
    if not reasons:
        return not_computed[0].reason if not_computed else "no event reaches the phantom"
    reason, count = reasons.most_common(1)[0]
    return f"no event has a place on the skin; {count} of {reasons.total()} because: {reason}"


def _device(entry: Listed | None) -> Mapping[str, Any] | None:
    return None if entry is None else {"id": entry.entry_id, **asdict(entry.profile)}


def _provenance(made: SkinDoseMap, method: Method, entry: Listed | None) -> dict[str, Any]:
    peak = int(made.dose_gy.argmax())
    at_peak = {one.event: float(one.dose_gy[one.cells == peak].sum()) for one in made.contributions}
    told = made.provenance()
    told["events"] = [one | {"at_peak_gy": at_peak[one["event"]]} for one in told["events"]]
    return told | {
        "method": made.method,
        "choices": asdict(method),
        "device": _device(entry),
        "code_version": VERSION,
        "budget": asdict(made.budget),
    }
