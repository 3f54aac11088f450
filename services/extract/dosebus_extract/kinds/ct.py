"""CT dose reports (PS3.16 TID 10011 to 10015)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from dosebus.domain.ct import CTAccumulated, CTDoseCheck, CTEvent, CTReport, CTSource
from dosebus_extract.kinds.participants import DEVICE_ROW, PERSON_ROW, person
from dosebus_extract.kinds.report import REPORT_ROWS, report_values
from dosebus_extract.sr.concepts import (
    Reading,
    Row,
    Table,
    Values,
    code,
    configured,
    count,
    known,
    moment,
    part,
    quantity,
    reads_below,
    spread,
    text,
    uid,
)
from dosebus_extract.sr.tree import Node

_LOOSE: Final = "sources."
_SOURCE: Final = Table(
    Row(("113832",), "source_id", text),
    Row(("113733",), "kvp", quantity("kV")),
    Row(("113833",), "max_ma", quantity("mA")),
    Row(("113734",), "ma", quantity("mA")),
    Row(("113834",), "exposure_time_per_rotation_s", quantity("s")),
    Row(("113821",), None, known),
)
_PARAMETERS: Final = Table(
    Row(("113824", "113735"), "exposure_time_s", quantity("s")),
    Row(("113825",), "scanning_length_mm", quantity("mm")),
    Row(("113893",), "length_of_reconstructable_volume_mm", quantity("mm")),
    Row(("113899",), "exposed_range_mm", quantity("mm")),
    Row(("113895",), "top_z_of_reconstructable_volume_mm", quantity("mm")),
    Row(("113896",), "bottom_z_of_reconstructable_volume_mm", quantity("mm")),
    Row(("113897",), "top_z_of_scanning_length_mm", quantity("mm")),
    Row(("113898",), "bottom_z_of_scanning_length_mm", quantity("mm")),
    Row(("112227",), "frame_of_reference_uid", uid),
    Row(("113826",), "nominal_single_collimation_mm", quantity("mm")),
    Row(("113827",), "nominal_total_collimation_mm", quantity("mm")),
    Row(("113828",), "pitch", quantity("")),
    Row(("113823",), "number_of_xray_sources", count),
    Row(("113831",), "sources", part(CTSource, _SOURCE), many=True),
    Row(("113842",), "xray_modulation_type", text),
    # Devices that leave the source's container out tell its values beside it.
    *(
        replace(row, key=f"{_LOOSE}{row.key}")
        for rows in _SOURCE.rows.values()
        for row in rows
        if row.key in {"source_id", "kvp", "ma", "max_ma", "exposure_time_per_rotation_s"}
    ),
)
_ALERT: Final = Table(
    Row(("113901",), "dlp_alert_value_configured", configured),
    Row(("113902",), "ctdivol_alert_value_configured", configured),
    Row(("113903",), "dlp_alert_value_mgycm", quantity("mGy.cm")),
    Row(("113904",), "ctdivol_alert_value_mgy", quantity("mGy")),
    Row(("113905",), "accumulated_dlp_forward_estimate_mgycm", quantity("mGy.cm")),
    Row(("113906",), "accumulated_ctdivol_forward_estimate_mgy", quantity("mGy")),
    Row(("113907",), "alert_reason_for_proceeding", text),
    Row(("113870",), "alert_persons", person, many=True),
)
_NOTIFICATION: Final = Table(
    Row(("113909",), "dlp_notification_value_configured", configured),
    Row(("113910",), "ctdivol_notification_value_configured", configured),
    Row(("113911",), "dlp_notification_value_mgycm", quantity("mGy.cm")),
    Row(("113912",), "ctdivol_notification_value_mgy", quantity("mGy")),
    Row(("113913",), "dlp_forward_estimate_mgycm", quantity("mGy.cm")),
    Row(("113914",), "ctdivol_forward_estimate_mgy", quantity("mGy")),
    Row(("113907",), "notification_reason_for_proceeding", text),
    Row(("113870",), "notification_persons", person, many=True),
)


@reads_below
def _size_specific(node: Node, reading: Reading) -> Values:
    """Size Specific Dose Estimate (TID 10013): the item below names the method (CID 10023)."""
    found: Values = {"ssde_mgy": quantity("mGy")(node, reading)}
    found.update(_SSDE_METHOD.read(node, reading))
    return {key: value for key, value in found.items() if value is not None}


_SSDE_METHOD: Final = Table(
    Row(("370129005", "G-C036"), "ssde_method", code),
    Row(("113980",), "water_equivalent_diameter_mm", quantity("mm")),
    Row(("113931", "113932", "113933"), None, known),
)
_EFFECTIVE_METHOD: Final = Table(
    Row(("370129005", "G-C036"), "effective_dose_method", code),
    Row(("113840",), "effective_dose_conversion_factor_msv_per_mgycm", quantity("mSv/mGy.cm")),
    Row(("113817", "121406"), None, known),
)


@reads_below
def _effective_dose(node: Node, reading: Reading) -> Values:
    found: Values = {"effective_dose_msv": quantity("mSv")(node, reading)}
    found.update(_EFFECTIVE_METHOD.read(node, reading))
    return {key: value for key, value in found.items() if value is not None}


_DOSE: Final = Table(
    Row(("113830",), "ctdivol_mgy", quantity("mGy")),
    Row(("113835",), "ctdiw_phantom_type", code),
    Row(("113836",), "ctdifreeair_calculation_factor", quantity("")),
    Row(("113837",), "mean_ctdifreeair_mgy", quantity("mGy")),
    Row(("113838",), "dlp_mgycm", quantity("mGy.cm")),
    Row(("113839",), None, _effective_dose),
    Row(("113930",), None, _size_specific),
    Row(("113980",), "water_equivalent_diameter_mm", quantity("mm")),
    Row(("128410",), "size_specific_factor", quantity("")),
    Row(("113900",), "alert", part(CTDoseCheck, _ALERT)),
    Row(("113908",), "notification", part(CTDoseCheck, _NOTIFICATION)),
)


def _rows(table: Table) -> tuple[Row, ...]:
    return tuple(dict.fromkeys(row for rows in table.rows.values() for row in rows))


_EVENT: Final = Table(
    Row(("113769",), "irradiation_event_uid", uid),
    Row(("113605",), None, reads_below(lambda _node, _reading: {})),
    Row(("111526",), "datetime_started", moment),
    Row(("125203",), "acquisition_protocol", text),
    Row(("123014",), "target_region", reads_below(code)),
    Row(("113820",), "event_type", code),
    Row(("G-C32C", "408730004"), "procedure_context", code),
    Row(("113822",), None, spread(_PARAMETERS)),
    Row(("113829",), None, spread(_DOSE)),
    Row(("121106",), "comment", text),
    DEVICE_ROW,
    PERSON_ROW,
    # Devices that leave the containers out write their content straight below the event.
    *_rows(_PARAMETERS),
    *_rows(_DOSE),
)


@reads_below
def _event(node: Node, reading: Reading) -> CTEvent:
    """An event; its two dose-check containers, each optional, become one dose check."""
    found = _EVENT.read(node, reading)
    checks = [check for key in ("alert", "notification") if (check := found.pop(key, None)) is not None]
    loose = {key.removeprefix(_LOOSE): found.pop(key) for key in tuple(found) if key.startswith(_LOOSE)}
    if loose and "sources" not in found:
        found["sources"] = (CTSource(**loose),)
    merged = {key: value for check in checks for key, value in check if value not in (None, ())}
    return CTEvent(**found, dose_check=(CTDoseCheck(**merged),) if merged else ())


_ACCUMULATED: Final = Table(
    Row(("113812",), "total_number_of_irradiation_events", count),
    Row(("113813",), "ct_dlp_total_mgycm", reads_below(quantity("mGy.cm"))),
    Row(("113814",), None, known),
    Row(("121106",), "comment", text),
)
_LOOSE_TOTAL: Final = "accumulated.ct_dlp_total_mgycm"
REPORT: Final = Table(
    *REPORT_ROWS,
    Row(("113813", "113838"), _LOOSE_TOTAL, quantity("mGy.cm")),
    Row(("113811",), "accumulated", part(CTAccumulated, _ACCUMULATED), many=True),
    Row(("113819",), "events", _event, many=True),
)


def read_ct(root: Node, reading: Reading) -> CTReport:
    """A CT report from its content tree; a total that stands at the root itself is taken from there."""
    found = report_values(REPORT, root, reading)
    total = found.pop(_LOOSE_TOTAL, None)
    if total is not None and "accumulated" not in found:
        found["accumulated"] = (CTAccumulated(ct_dlp_total_mgycm=total),)
    return CTReport(**found)
