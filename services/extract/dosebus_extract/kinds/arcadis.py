"""Siemens Arcadis Varic: a private summary report of totals (scheme 99SMS_RADSUM, title C-10)."""

from __future__ import annotations

from typing import Any, Final

from dosebus.domain.base import Code
from dosebus.domain.projection import ProjectionReport
from dosebus.domain.study import Study
from dosebus_extract.kinds.projection import accumulated_plane
from dosebus_extract.sr.concepts import Reading, Row, Table, count, known, moment, quantity, reads_below
from dosebus_extract.sr.tree import Node

_SINGLE_PLANE: Final = Code(code_value="113622", coding_scheme_designator="DCM", code_meaning="Single Plane")
_REPORT_KEYS: Final = frozenset({"start_of_irradiation_datetime", "end_of_irradiation_datetime"})


def _row(code: str, key: str, how: Any) -> Row:
    return Row((f"99SMS_RADSUM:{code}",), key, how)


_TABLE: Final = Table(
    _row("C-200", "total_number_of_radiographic_frames", count),
    _row("C-202", "total_fluoro_time_s", quantity("s")),
    _row("C-204", "dap_total_gym2", quantity("Gy.m2", unsaid="Gy.cm2")),
    _row("C-206", "start_of_irradiation_datetime", moment),
    _row("C-208", "end_of_irradiation_datetime", moment),
    _row("C-210", "dose_rp_total_gy", quantity("Gy")),
    Row(("121049",), None, reads_below(known)),
)


def read_arcadis(root: Node, reading: Reading, study: Study) -> Study:
    """Totals of one plane, no events; fluoroscopy."""
    found = _TABLE.read(root, reading)
    times = {key: found.pop(key) for key in _REPORT_KEYS & found.keys()}
    plane = accumulated_plane({"acquisition_plane": _SINGLE_PLANE, **found})
    report = ProjectionReport(
        sop_instance_uid=reading.sop_instance_uid, accumulated_per_plane=(plane,), **times
    )
    return study.model_copy(update={"modality_type": "RF", "projection_reports": (report,)})
