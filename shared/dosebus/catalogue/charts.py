"""Every chart of every listing, as rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from dosebus.catalogue.chart import HOUR, WEEKDAY, Chart, Drawing
from dosebus.catalogue.listing import Listing
from dosebus.catalogue.listings import LISTINGS

ACQUISITION, STUDY, REQUEST = "acquisition_protocol", "study_description", "requested_procedure"
STANDARD_ACQUISITION, STANDARD_STUDY = "standard_acquisition_name", "standard_study_name"
DEVICE, PHYSICIAN, WEIGHT, THICKNESS = (
    "display_name",
    "performing_physician",
    "patient_weight_kg",
    "compressed_thickness_mm",
)
EVENTS, DLP, DAP, ACTIVITY = (
    "number_of_events",
    "total_dlp_mgycm",
    "total_dap_gym2",
    "administered_activity_mbq",
)
V, F, T, A = Drawing.VALUES, Drawing.FREQUENCY, Drawing.TIME, Drawing.AGAINST

Row = tuple[Drawing, str, tuple[str | None, ...]]
"""How it is drawn, by what name, of which values; for AGAINST the first value is what the others are set against."""

ROWS: Mapping[str, tuple[Row, ...]] = {
    "ct": (
        (V, STUDY, (DLP, EVENTS)), (F, STUDY, (None,)), (T, STUDY, (DLP,)),
        (V, ACQUISITION, ("dlp_mgycm", "ctdivol_mgy")), (F, ACQUISITION, (None,)),
        (T, ACQUISITION, ("dlp_mgycm", "ctdivol_mgy")), (A, ACQUISITION, (WEIGHT, "dlp_mgycm", "ctdivol_mgy")),
        (V, REQUEST, (DLP, EVENTS)), (F, REQUEST, (None,)), (T, REQUEST, (DLP,)),
        (V, STANDARD_STUDY, (DLP, EVENTS)), (F, STANDARD_STUDY, (None,)), (T, STANDARD_STUDY, (DLP,)),
        (V, STANDARD_ACQUISITION, ("dlp_mgycm", "ctdivol_mgy")), (F, STANDARD_ACQUISITION, (None,)),
        (T, STANDARD_ACQUISITION, ("dlp_mgycm", "ctdivol_mgy")),
        (A, STANDARD_ACQUISITION, (WEIGHT, "dlp_mgycm", "ctdivol_mgy")),
    ),
    "rf": (
        (V, STUDY, (DAP, "dose_rp_total_gy", "total_fluoro_time_s")), (F, STUDY, (None,)), (T, STUDY, (DAP,)),
        (V, PHYSICIAN, (DAP,)), (F, PHYSICIAN, (None,)),
        (V, REQUEST, (DAP,)), (F, REQUEST, (None,)), (T, REQUEST, (DAP,)),
        (V, STANDARD_STUDY, (DAP,)), (F, STANDARD_STUDY, (None,)), (T, STANDARD_STUDY, (DAP,)),
    ),
    "mg": (
        (V, ACQUISITION, ("agd_mgy",)), (F, ACQUISITION, (None,)), (T, ACQUISITION, ("agd_mgy",)),
        (A, ACQUISITION, (THICKNESS, "agd_mgy", "kvp_mean", "exposure_mas")),
        (V, "view", ("agd_mgy",)),
        (V, STANDARD_ACQUISITION, ("agd_mgy",)), (F, STANDARD_ACQUISITION, (None,)),
        (T, STANDARD_ACQUISITION, ("agd_mgy",)),
        (A, STANDARD_ACQUISITION, (THICKNESS, "agd_mgy", "kvp_mean", "exposure_mas")),
        (F, STUDY, (None,)), (F, STANDARD_STUDY, (None,)),
    ),
    "dx": (
        (V, ACQUISITION, ("dap_gym2", "kvp_mean", "exposure_mas")), (F, ACQUISITION, (None,)),
        (A, ACQUISITION, (WEIGHT, "dap_gym2")), (T, ACQUISITION, ("dap_gym2", "kvp_mean", "exposure_mas")),
        (V, STUDY, (DAP,)), (F, STUDY, (None,)), (A, STUDY, (WEIGHT, DAP)),
        (V, REQUEST, (DAP,)), (F, REQUEST, (None,)), (A, REQUEST, (WEIGHT, DAP)),
        (V, STANDARD_STUDY, (DAP,)), (F, STANDARD_STUDY, (None,)), (A, STANDARD_STUDY, (WEIGHT, DAP)),
        (V, STANDARD_ACQUISITION, ("dap_gym2", "kvp_mean", "exposure_mas")), (F, STANDARD_ACQUISITION, (None,)),
        (A, STANDARD_ACQUISITION, (WEIGHT, "dap_gym2")),
        (T, STANDARD_ACQUISITION, ("dap_gym2", "kvp_mean", "exposure_mas")),
    ),
    "nm": (
        (V, STUDY, (ACTIVITY,)), (F, STUDY, (None,)), (T, STUDY, (ACTIVITY,)), (A, STUDY, (WEIGHT, ACTIVITY)),
        (V, STANDARD_STUDY, (ACTIVITY,)), (F, STANDARD_STUDY, (None,)), (T, STANDARD_STUDY, (ACTIVITY,)),
        (A, STANDARD_STUDY, (WEIGHT, ACTIVITY)),
    ),
}  # fmt: skip

FURTHER: Mapping[str, tuple[Chart, ...]] = {
    "mg": (
        Chart(
            "agd_by_thickness_step",
            Drawing.STEPS,
            "thickness_step",
            "agd_mgy",
            THICKNESS,
            (DEVICE, ACQUISITION, "view"),
        ),
    ),
}
"""What no row of the table above says."""

WORKLOAD = Chart("workload", Drawing.WORKLOAD, WEEKDAY, splits=(HOUR,))

SHOWN: Mapping[str, frozenset[str]] = {
    "ct": frozenset({"total_dlp_mgycm_by_study_description", "study_description_frequency",
                     "ctdivol_mgy_by_acquisition_protocol", "total_dlp_mgycm_of_study_description_over_time",
                     "workload"}),
    "rf": frozenset({"total_dap_gym2_by_study_description", "total_dap_gym2_by_performing_physician",
                     "total_dap_gym2_of_study_description_over_time", "study_description_frequency", "workload"}),
    "mg": frozenset({"agd_mgy_by_acquisition_protocol",
                     "agd_mgy_against_compressed_thickness_mm_of_acquisition_protocol",
                     "agd_by_thickness_step", "agd_mgy_of_acquisition_protocol_over_time", "workload"}),
    "dx": frozenset({"dap_gym2_by_acquisition_protocol", "acquisition_protocol_frequency",
                     "total_dap_gym2_against_patient_weight_kg_of_study_description",
                     "dap_gym2_of_acquisition_protocol_over_time", "workload"}),
    "nm": frozenset({"administered_activity_mbq_by_study_description", "study_description_frequency",
                     "administered_activity_mbq_of_study_description_over_time",
                     "administered_activity_mbq_against_patient_weight_kg_of_study_description", "workload"}),
}  # fmt: skip
"""What somebody sees who chose nothing."""


def _key(drawing: Drawing, by: str, value: str | None, against: str | None) -> str:
    named = {
        Drawing.VALUES: f"{value}_by_{by}",
        Drawing.FREQUENCY: f"{by}_frequency",
        Drawing.TIME: f"{value}_of_{by}_over_time",
        Drawing.AGAINST: f"{value}_against_{against}_of_{by}",
    }
    return named[drawing]


def _splits(listing: Listing, by: str) -> tuple[str, ...]:
    wanted = (DEVICE, PHYSICIAN) if listing.name == "rf" else (DEVICE,)
    return tuple(key for key in wanted if key != by)


def _expanded(listing: Listing, rows: Iterable[Row]) -> Iterator[Chart]:
    for drawing, by, values in rows:
        against, measured = (values[0], values[1:]) if drawing is Drawing.AGAINST else (None, values)
        for value in measured:
            key = _key(drawing, by, value, against)
            yield Chart(key, drawing, by, value, against, _splits(listing, by))


def _charts(listing: Listing) -> Iterator[Chart]:
    for chart in (*_expanded(listing, ROWS[listing.name]), *FURTHER.get(listing.name, ()), WORKLOAD):
        if all(key in listing.fields for key in chart.needs()):
            yield replace(chart, shown=chart.key in SHOWN[listing.name])


CHARTS: Mapping[str, Mapping[str, Chart]] = MappingProxyType(
    {name: MappingProxyType({one.key: one for one in _charts(listing)}) for name, listing in LISTINGS.items()}
)
"""The charts of each listing by key, in the order in which they are offered."""
