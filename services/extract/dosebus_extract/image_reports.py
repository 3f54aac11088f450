"""The exposures of one study's images as one projection report with its sums."""

from __future__ import annotations

from dosebus.domain.base import Code
from dosebus.domain.projection import (
    AccumulatedGlandularDose,
    IntegratedAccumulated,
    PlaneAccumulated,
    ProjectionEvent,
    ProjectionReport,
)
from dosebus_extract.sr import moments
from dosebus_extract.totals import added


def image_report(images: list[ProjectionReport]) -> ProjectionReport:
    """One report of all exposures, ordered by time; sums are made anew from the events."""
    events = tuple(sorted((event for image in images for event in image.events), key=_when))
    return images[0].model_copy(
        update={
            "sop_instance_uid": None,
            "events": events,
            "accumulated_per_plane": (summed(events, images[0]),),
        }
    )


def summed(events: tuple[ProjectionEvent, ...], like: ProjectionReport) -> PlaneAccumulated:
    """The sums of one plane: glandular dose by breast for mammography, else dose area product and frames."""
    plane = like.accumulated_per_plane[0] if like.accumulated_per_plane else PlaneAccumulated()
    if plane.integrated_total is None:
        return plane.model_copy(update={"accumulated_average_glandular_dose": _glandular(events)})
    total = IntegratedAccumulated(
        dap_total_gym2=added(event.dap_gym2 for event in events),
        total_number_of_radiographic_frames=len(events),
    )
    return plane.model_copy(update={"integrated_total": total})


def _glandular(events: tuple[ProjectionEvent, ...]) -> tuple[AccumulatedGlandularDose, ...]:
    sides = {event.laterality.code_value: event.laterality for event in events if event.laterality}
    return tuple(
        AccumulatedGlandularDose(
            laterality=_breast(side),
            accumulated_agd_mgy=added(
                event.agd_mgy for event in events if event.laterality and event.laterality.code_value == value
            ),
        )
        for value, side in sides.items()
        if any(e.agd_mgy is not None and e.laterality and e.laterality.code_value == value for e in events)
    )


def _breast(side: Code) -> Code:
    """Left and right as the breasts that accumulated doses are told for (CID 6022)."""
    breasts = {"G-A100": ("T-04020", "Right breast"), "G-A101": ("T-04030", "Left breast")}
    value, meaning = breasts.get(side.code_value or "", ("T-04080", "Both breasts"))
    return Code(code_value=value, coding_scheme_designator="SRT", code_meaning=meaning)


def _when(event: ProjectionEvent) -> tuple[str, str]:
    return moments.sort_key(event.datetime_started, missing="9"), event.irradiation_event_uid or ""
