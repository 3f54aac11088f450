"""Patient Radiation Dose reports (PS3.16 TID 10030 to 10034, Supplement 191)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dosebus.domain.base import Code
from dosebus.domain.patient_dose import DoseEstimate, DoseValue, PatientDoseReport
from dosebus.domain.study import Study
from dosebus_extract.kinds.participants import observers
from dosebus_extract.sr.concepts import Reading, moment
from dosebus_extract.sr.header import as_number
from dosebus_extract.sr.tree import Node

_ESTIMATE, _NAME, _COMMENT, _START = "128402", "128403", "121106", "111526"
_METHODOLOGY, _METHOD_TYPE = "128415", "128477"
_EVENT_UIDS: Final = ("128429", "113769", "113853", "113503")
_SITE, _LATERALITY = ("G-C0E3", "363698007"), ("G-C171", "272741003")


def read_patient_dose(root: Node, reading: Reading, study: Study) -> Study:
    """Every estimate with its figures as sent: they are estimates of a method, never summed."""
    comment = root.first(_COMMENT)
    report = PatientDoseReport(
        sop_instance_uid=reading.sop_instance_uid,
        observers=observers(root, reading),
        estimates=tuple(_estimate(node, reading) for node in root.all(_ESTIMATE)),
        comment=comment.text if comment else None,
    )
    return study.model_copy(update={"patient_dose_reports": (report,)})


def _estimate(node: Node, reading: Reading) -> DoseEstimate:
    below = list(node.below())
    name, start, comment = node.first(_NAME), node.first(_START), node.first(_COMMENT)
    methodology = next((item.text for item in below if item.key == _METHODOLOGY and item.text), None)
    return DoseEstimate(
        name=name.text if name else None,
        start_datetime=moment(start, reading) if start else None,
        methodology=methodology,
        method_type=next((item.coded for item in below if item.key == _METHOD_TYPE), None),
        irradiation_event_uids=tuple(item.text for item in below if item.key in _EVENT_UIDS and item.text),
        values=tuple(_values(node, None, None)),
        comment=comment.text if comment else None,
    )


def _values(node: Node, organ: Code | None, laterality: Code | None) -> Iterator[DoseValue]:
    """Every number below, with the organ that is named beside it or above."""
    site = node.first(*_SITE)
    side = node.first(*_LATERALITY) or (site.first(*_LATERALITY) if site is not None else None)
    organ = site.coded if site is not None and site.coded else organ
    laterality = side.coded if side is not None and side.coded else laterality
    if node.value_type == "NUM" and isinstance(node.value, str):
        value = as_number(node.value.split("\\")[0])
        if value is not None:
            quantity = Code(
                code_value=node.code, coding_scheme_designator=node.scheme, code_meaning=node.meaning
            )
            yield DoseValue(
                quantity=quantity, organ=organ, laterality=laterality, value=value, unit=node.unit
            )
    for child in node.children:
        yield from _values(child, organ, laterality)
