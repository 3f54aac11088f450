"""A study told by one dose report: what every report says of its study, and how a style writes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydicom.dataset import FileDataset

from dosebus.domain.base import Code
from dosebus.domain.study import Study
from dosebus_simulator import concepts as c
from dosebus_simulator.restyle import restyled_study, restyled_tree
from dosebus_simulator.simulated import SimulatedObject, SimulatedStudy
from dosebus_simulator.styles import STYLES
from dosebus_simulator.visit import device_observer


def report_head(study: Study, sop_instance_uid: str, procedure: Code, intent: Code) -> dict[str, Any]:
    """The keys that CT and projection reports share: what was done, over what is summed, who says so."""
    return {
        "sop_instance_uid": sop_instance_uid,
        "procedure_reported": procedure,
        "has_intent": intent,
        "scope_of_accumulation": c.STUDY_SCOPE,
        "scope_uid": study.study_instance_uid,
        "source_of_dose_information": c.AUTOMATED,
        "observers": (device_observer(study.equipment),),
    }


def reported(kind: str, study: Study, style: str, write: Callable[[Study], FileDataset]) -> SimulatedStudy:
    """The study as its one report tells it in a style: a key of `STYLES`."""
    how = STYLES[style]
    truth = restyled_study(study, how)
    return SimulatedStudy(kind, (SimulatedObject(kind, lambda: restyled_tree(write(truth), how)),), truth)
