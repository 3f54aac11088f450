"""Values of projection events that follow from others where the device leaves them out."""

from __future__ import annotations

from statistics import fmean

from dosebus.domain.projection import ProjectionEvent, ProjectionReport


def with_derived_values(report: ProjectionReport) -> ProjectionReport:
    """Exposure time from pulse width and number of pulses, average tube current from the pulses' currents."""
    return report.model_copy(update={"events": tuple(_derived(event) for event in report.events)})


def _derived(event: ProjectionEvent) -> ProjectionEvent:
    found: dict[str, float] = {}
    if event.exposure_time_ms is None and event.pulse_width_ms and event.number_of_pulses:
        found["exposure_time_ms"] = float(f"{fmean(event.pulse_width_ms) * event.number_of_pulses:.12g}")
    if event.average_tube_current_ma is None and event.tube_current_ma:
        found["average_tube_current_ma"] = float(f"{fmean(event.tube_current_ma):.12g}")
    return event.model_copy(update=found) if found else event
