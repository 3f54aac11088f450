"""Projection X-ray dose reports: fluoroscopy, mammography, radiography (PS3.16 TID 10001 to 10007)."""

from __future__ import annotations

from typing import Any, Final

from dosebus.domain.person import DeviceParticipant
from dosebus.domain.projection import (
    AccumulatedGlandularDose,
    Calibration,
    FluoroscopyAccumulated,
    IntegratedAccumulated,
    PlaneAccumulated,
    ProjectionEvent,
    ProjectionReport,
)
from dosebus_extract.kinds.projection_event import EVENT
from dosebus_extract.kinds.report import REPORT_ROWS, report_values
from dosebus_extract.sr.concepts import (
    Reading,
    Row,
    Table,
    Values,
    code,
    code_or_text,
    count,
    known,
    moment,
    part,
    quantity,
    reads_below,
    text,
)
from dosebus_extract.sr.tree import Node

_LATERALITY: Final = Row(("G-C171", "272741003"), "laterality", code)
_CALIBRATION: Final = Table(
    Row(("113794",), "dose_measurement_device", code),
    Row(("113723",), "calibration_datetime", moment),
    Row(("122322",), "calibration_factor", quantity("")),
    Row(("113763",), "calibration_uncertainty_percent", quantity("%")),
    Row(("113724",), "calibration_responsible_party", text),
    Row(("113720",), None, known),
)


@reads_below
def _glandular_dose(node: Node, reading: Reading) -> AccumulatedGlandularDose:
    return AccumulatedGlandularDose(
        accumulated_agd_mgy=quantity("mGy")(node, reading), **Table(_LATERALITY).read(node, reading)
    )


_PLANE: Final = Table(
    Row(("113764",), "acquisition_plane", code),
    Row(("122505",), "calibrations", part(Calibration, _CALIBRATION), many=True),
    Row(("111637",), "accumulated_average_glandular_dose", _glandular_dose, many=True),
    Row(("113722",), "dap_total_gym2", quantity("Gy.m2")),
    Row(("113725",), "dose_rp_total_gy", quantity("Gy")),
    Row(("113726",), "fluoro_dap_total_gym2", quantity("Gy.m2")),
    Row(("113728",), "fluoro_dose_rp_total_gy", quantity("Gy")),
    Row(("113730",), "total_fluoro_time_s", quantity("s")),
    Row(("113727",), "acquisition_dap_total_gym2", quantity("Gy.m2")),
    Row(("113729",), "acquisition_dose_rp_total_gy", quantity("Gy")),
    Row(("113855",), "total_acquisition_time_s", quantity("s")),
    Row(("113731",), "total_number_of_radiographic_frames", count),
    Row(("113780",), None, code_or_text("reference_point_definition")),
    Row(("113812", "113737", "121106"), None, known),
)
_OF_PLANE: Final = frozenset(PlaneAccumulated.model_fields)
_OF_INTEGRATED: Final = frozenset(IntegratedAccumulated.model_fields)
_ONLY_FLUORO: Final = frozenset(FluoroscopyAccumulated.model_fields) - _OF_INTEGRATED


@reads_below
def _plane(node: Node, reading: Reading) -> PlaneAccumulated:
    return accumulated_plane(_PLANE.read(node, reading))


def accumulated_plane(found: Values) -> PlaneAccumulated:
    """A plane's sums, told as fluoroscopy and acquisition where such are there, and as integrated total."""
    sums: dict[str, Any] = {key: value for key, value in found.items() if key not in _OF_PLANE}
    integrated = {key: value for key, value in sums.items() if key in _OF_INTEGRATED}
    return PlaneAccumulated(
        **{key: value for key, value in found.items() if key in _OF_PLANE},
        fluoro_and_acquisition=FluoroscopyAccumulated(**sums) if _ONLY_FLUORO & sums.keys() else None,
        integrated_total=IntegratedAccumulated(**integrated) if integrated else None,
    )


@reads_below
def _event(node: Node, reading: Reading) -> ProjectionEvent:
    found = EVENT.read(node, reading)
    devices: tuple[DeviceParticipant, ...] = found.pop("devices", ())
    for key in ("reference_point_definition", "reference_point_definition_text"):
        if key in found:
            found[f"event_{key}"] = found[key]
    return ProjectionEvent(**found, source_devices=devices, detector_devices=devices)


_ACCUMULATED: Final = "113702"
_LOOSE: Final = frozenset(_PLANE.rows) - {"113764", "113780", "113737", "113812", "121106", "122505"}
REPORT: Final = Table(
    *REPORT_ROWS,
    Row(("122142",), "acquisition_device_type", code),
    Row((_ACCUMULATED,), "accumulated_per_plane", _plane, many=True),
    Row(("113706",), "events", _event, many=True),
    Row(("113943",), "xray_source_data_available", code),
    Row(("113944",), "xray_mechanical_data_available", code),
    Row(("113945",), "xray_detector_data_available", code),
)


def read_projection(root: Node, reading: Reading) -> ProjectionReport:
    """A projection report from its content tree; sums that stand at the root itself are those of one plane."""
    loose = [child for child in root.children if child.key in _LOOSE]
    if loose and root.first(_ACCUMULATED) is None:
        plane = Node(None, "CONTAINER")
        plane.code = plane.key = _ACCUMULATED
        plane.children = loose
        root.children = [*(child for child in root.children if child.key not in _LOOSE), plane]
    return ProjectionReport(**report_values(REPORT, root, reading))
