"""What a study's page shows apart from its events, as tables of keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dosebus.catalogue.field import Field
from dosebus.catalogue.listing import Listing
from dosebus_web.http.show import quantity
from dosebus_web.language import marked
from dosebus_web.pages.studies.cells import cell

FIGURES: Mapping[str, tuple[str, ...]] = {
    "ct": (
        "total_dlp_mgycm", "number_of_events", "number_of_ct_spiral_events", "number_of_ct_sequenced_events",
        "number_of_ct_stationary_events", "number_of_ct_constant_angle_events",
    ),
    "rf": ("total_dap_gym2", "dose_rp_total_gy", "total_fluoro_time_s", "number_of_events"),
    "mg": (
        "accumulated_agd_left_mgy", "accumulated_agd_right_mgy", "accumulated_agd_both_mgy", "number_of_events",
    ),
    "dx": ("total_dap_gym2", "number_of_events"),
    "nm": ("administered_activity_mbq",),
}  # fmt: skip
"""The totals at the head of the page."""

STUDY_FACTS = (
    "study_at", "standard_study_name", "study_description", "requested_procedure", "procedure_code_meaning",
    "accession_number",
    "performing_physician", "referring_physician", "operator", "study_instance_uid",
)  # fmt: skip
DEVICE_FACTS = (
    "display_name", "institution", "manufacturer", "model", "station_name", "software_version",
)  # fmt: skip
PATIENT_FACTS = (
    "patient_name", "patient_id", "patient_birth_date", "patient_age_years", "patient_sex", "patient_height_m",
    "patient_weight_kg", "not_patient_indicator",
)  # fmt: skip

PLANES = (("a", marked("Plane A")), ("b", marked("Plane B")))
IRRADIATIONS = (
    (marked("Fluoroscopy"), ("fluoro_dap_total_gym2", "fluoro_dose_rp_total_gy", "total_fluoro_time_s")),
    (
        marked("Acquisition"),
        ("acquisition_dap_total_gym2", "acquisition_dose_rp_total_gy", "total_acquisition_time_s"),
    ),
    (marked("Both"), ("dap_total_gym2", "dose_rp_total_gy", None)),
)
"""Rows and columns of the totals by type of irradiation: DAP, dose at RP, time."""


@dataclass(frozen=True)
class Fact:
    """A label and a value with its unit."""

    label: str
    value: str
    unit: str = ""
    key: str = ""
    full: str = ""


@dataclass(frozen=True)
class PlaneTotals:
    """The totals of one plane: a row for each type of irradiation."""

    title: str
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def facts(
    listing: Listing, values: Mapping[str, Any], keys: Sequence[str], *, allow_pid: bool
) -> tuple[Fact, ...]:
    """The facts among `keys` that are known and may be seen."""
    found = []
    for key in keys:
        field = listing.fields.get(key)
        if field is None or values.get(key) in (None, "") or (field.personal and not allow_pid):
            continue
        shown = cell(field, values[key])
        found.append(Fact(field.label, shown.text, field.shown_unit or "", key, shown.full))
    return tuple(found)


def plane_totals(listing: Listing, values: Mapping[str, Any]) -> tuple[PlaneTotals, ...]:
    """The totals by plane and type of irradiation that a fluoroscopy device reported."""
    planes = []
    for plane, title in PLANES:
        rows = []
        for label, columns in IRRADIATIONS:
            keys = [f"plane_{plane}_{column}" if column else None for column in columns]
            cells = tuple(_cell(listing.fields.get(key or ""), values.get(key or "")) for key in keys)
            if any(cells):
                rows.append((label, cells))
        if rows:
            planes.append(PlaneTotals(title, tuple(rows)))
    return tuple(planes)


def _cell(field: Field | None, value: Any) -> str:
    return quantity(field, value) if field is not None else ""
