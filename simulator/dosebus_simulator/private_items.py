"""Private content items in the place of standard ones, as Philips XPER systems write them (scheme 99PHI-IXR-XPER)."""

from __future__ import annotations

from pydicom.dataset import Dataset

from dosebus.domain.base import Code
from dosebus_simulator.concepts import MM, NO_UNITS
from dosebus_simulator.items import container, num

XPER = "99PHI-IXR-XPER"
NUMBER_OF_PULSES, FIELD_HEIGHT, FIELD_WIDTH, FIELD_AREA = "113768", "113788", "113789", "113790"
SOURCE_TO_DETECTOR = "113750"
REPLACED = frozenset({NUMBER_OF_PULSES, FIELD_HEIGHT, FIELD_WIDTH, FIELD_AREA})


def xper(value: str, meaning: str) -> Code:
    """A private concept of the XPER scheme."""
    return Code(code_value=value, coding_scheme_designator=XPER, code_meaning=meaning)


def _numbers(event: Dataset) -> dict[str, float]:
    return {
        str(item.ConceptNameCodeSequence[0].get("CodeValue", "")): float(
            item.MeasuredValueSequence[0].NumericValue
        )
        for item in event.ContentSequence
        if item.ValueType == "NUM"
        and item.MeasuredValueSequence
        and item.MeasuredValueSequence[0].NumericValue
    }


def make_private(event: Dataset) -> None:
    """Replace pulses and collimated field of an irradiation event, in place, by frames and shutter distances.

    The shutters are told in mm at 1 m from the focus; the field is their distance times that of the detector.
    """
    told = _numbers(event)
    metres = told[SOURCE_TO_DETECTOR] / 1000
    shutters = (
        ("006", "Bottom Shutter", FIELD_WIDTH),
        ("007", "Left Shutter", FIELD_HEIGHT),
        ("008", "Right Shutter", FIELD_HEIGHT),
        ("009", "Top Shutter", FIELD_WIDTH),
    )
    kept = [
        item
        for item in event.ContentSequence
        if str(item.ConceptNameCodeSequence[0].get("CodeValue", "")) not in REPLACED
    ]
    frames = num(xper("003", "Number of Frames"), told[NUMBER_OF_PULSES], NO_UNITS)
    wedges = container(
        xper("005", "Wedges and Shutters"),
        [num(xper(value, meaning), told[side] / metres / 2, MM) for value, meaning, side in shutters],
    )
    event.ContentSequence = [*kept, *([frames] if frames is not None else []), wedges]
