"""Ways of writing that change a finished content tree: each belongs to a field of `Style`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pydicom.dataset import Dataset

from dosebus_simulator import concepts as c
from dosebus_simulator.items import CONTAINS, code, container, num
from dosebus_simulator.styles import Style

CT_EVENT, CT_PARAMETERS, CT_DOSE, DEVICE_TYPE = "113819", "113822", "113829", "122142"
ZONE = ".000000+0100"


def concept_of(item: Dataset) -> str:
    """The code value of an item's concept name."""
    names = item.get("ConceptNameCodeSequence")
    return str(names[0].get("CodeValue", "")) if names else ""


def walk(item: Dataset) -> Iterator[tuple[Dataset, Dataset]]:
    """Every content item below `item` with its parent, parents first."""
    for child in item.get("ContentSequence", []):
        yield item, child
        yield from walk(child)


def _items(root: Dataset, *concepts: str) -> list[Dataset]:
    return [item for _parent, item in walk(root) if concept_of(item) in concepts]


def _zone_times(root: Dataset, _style: Style) -> None:
    for _parent, item in walk(root):
        if item.ValueType == "DATETIME":
            item.DateTime = f"{item.DateTime}"[:14] + ZONE


def _leave_containers_out(root: Dataset, _style: Style) -> None:
    for event in _items(root, CT_EVENT):
        children: list[Dataset] = []
        for child in event.ContentSequence:
            whole = concept_of(child) in {CT_PARAMETERS, CT_DOSE}
            children += child.ContentSequence if whole else [child]
        event.ContentSequence = children


def _tell_numbers_as_text(root: Dataset, _style: Style) -> None:
    for _parent, item in walk(root):
        measured = item.get("MeasuredValueSequence")
        if item.ValueType != "NUM" or not measured:
            continue
        unit = measured[0].MeasurementUnitsCodeSequence[0].CodeValue
        told = unit if unit != c.NO_UNITS.code and "{" not in unit else ""
        item.ValueType, item.TextValue = "TEXT", f"{measured[0].NumericValue} {told}".strip()
        del item.MeasuredValueSequence


def _join_deviations(root: Dataset, _style: Style) -> None:
    for parameters in _items(root, CT_PARAMETERS):
        joined = num(c.sct("386136009", "Standard deviation of population"), 1.0, c.NO_UNITS)
        if joined is not None:
            joined.MeasuredValueSequence[0].add_new(0x0040A30A, "LO", "12.5/10.0")
            parameters.ContentSequence.append(joined)


def _leave_person_nameless(root: Dataset, _style: Style) -> None:
    for dose in _items(root, CT_DOSE):
        person = container(c.dcm("113870", "Person Name"), [], CONTAINS)
        person.ValueType = "PNAME"
        dose.ContentSequence.append(container(c.dcm("113900", "Dose Check Alert Details"), [person]))


def _call_itself_integrated(root: Dataset, _style: Style) -> None:
    for item in _items(root, DEVICE_TYPE):
        told = code(c.dcm(DEVICE_TYPE, "Acquisition Device Type"), c.INTEGRATED_SYSTEM)
        if told is not None:
            item.ConceptCodeSequence = told.ConceptCodeSequence


def _spell_units(root: Dataset, style: Style) -> None:
    spellings = dict(style.unit_spellings)
    for _parent, item in walk(root):
        for measured in item.get("MeasuredValueSequence", ()):
            unit = measured.MeasurementUnitsCodeSequence[0]
            if unit.CodeValue in spellings:
                unit.CodeValue = unit.CodeMeaning = spellings[unit.CodeValue]


WAYS: tuple[tuple[str, Callable[[Dataset, Style], None]], ...] = (
    ("joined_deviations", _join_deviations),
    ("nameless_person", _leave_person_nameless),
    ("calls_itself_integrated", _call_itself_integrated),
    ("unit_spellings", _spell_units),
    ("zoned_times", _zone_times),
    ("numbers_as_text", _tell_numbers_as_text),
    ("containers_left_out", _leave_containers_out),
)
"""The field of `Style` that asks for it, and what it does to the tree."""


def apply_ways(root: Dataset, style: Style) -> None:
    """Change the tree in place in every way that the style has."""
    for field, change in WAYS:
        if getattr(style, field):
            change(root, style)
