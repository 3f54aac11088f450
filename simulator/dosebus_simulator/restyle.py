"""Turns a standard report, and the truth about it, into what a vendor of a certain style sends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import UID

from dosebus.domain.base import Code
from dosebus.domain.study import Study
from dosebus_simulator.concepts import GY, GYM2, RETIRED_VALUES
from dosebus_simulator.items import decimal_string
from dosebus_simulator.styles import Style

DOSE_RP_VALUES = frozenset({"113725", "113728", "113729", "113738"})
EMPTIED_VALUES = frozenset({"113738", "113725", "112011", "112012", "122322"})


def _walk(item: Dataset) -> Iterator[tuple[Dataset, Dataset]]:
    """Every content item below `item` with its parent, parents first."""
    for child in item.get("ContentSequence", []):
        yield item, child
        yield from _walk(child)


def _rename(code: Dataset, style: Style) -> None:
    value = code.get("CodeValue")
    if style.retired_codes and code.CodingSchemeDesignator == "SCT" and value in RETIRED_VALUES:
        code.CodeValue = RETIRED_VALUES[value]
        code.CodingSchemeDesignator = "SRT"


def _concept(item: Dataset) -> str:
    names = item.get("ConceptNameCodeSequence")
    return str(names[0].get("CodeValue", "")) if names else ""


def _remeasure(item: Dataset, style: Style) -> None:
    measured = item.MeasuredValueSequence[0]
    unit = measured.MeasurementUnitsCodeSequence[0]
    if style.empty_measurements and _concept(item) in EMPTIED_VALUES:
        item.MeasuredValueSequence = []
        return
    if unit.CodeValue == GYM2.code:
        wanted, factor = style.dap_unit, style.dap_factor
    elif unit.CodeValue == GY.code and _concept(item) in DOSE_RP_VALUES:
        wanted, factor = style.dose_rp_unit, style.dose_rp_factor
    else:
        return
    unit.CodeValue, unit.CodeMeaning = wanted.code, wanted.meaning
    measured.NumericValue = decimal_string(float(measured.NumericValue) * factor)


def _drop(parent: Dataset, item: Dataset) -> None:
    kept = [child for child in parent.ContentSequence if child is not item]
    if kept:
        parent.ContentSequence = kept
    else:
        del parent.ContentSequence


def _is_dropped(item: Dataset, style: Style) -> bool:
    concept = _concept(item)
    return (
        (not style.intent_declared and concept in ("363703001", "G-C0E8"))
        or (not style.device_type_declared and concept == "122142")
        or (style.modulation_in_comment and concept == "113842")
    )


def restyled_tree(dataset: FileDataset, style: Style) -> FileDataset:
    """The report as a vendor of that style writes it; changed in place and returned."""
    if style == Style():
        return dataset
    for parent, item in list(_walk(dataset)):
        if _is_dropped(item, style):
            _drop(parent, item)
            continue
        for code in (*item.get("ConceptNameCodeSequence", ()), *item.get("ConceptCodeSequence", ())):
            _rename(code, style)
        if style.lower_case_meanings:
            name = item.ConceptNameCodeSequence[0]
            name.CodeMeaning = name.CodeMeaning.capitalize()
        if item.ValueType == "NUM":
            _remeasure(item, style)
        if style.observer_uid_as_text and _concept(item) == "121012":
            item.ValueType, item.TextValue = "TEXT", item.UID
            del item.UID
    if not style.template_declared:
        del dataset.ContentTemplateSequence
    if style.sop_class_uid:
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = UID(style.sop_class_uid)
    dataset.SpecificCharacterSet = style.specific_character_set
    return dataset


def _restyled(value: Any, style: Style) -> Any:
    if isinstance(value, dict):
        if value.get("coding_scheme_designator") == "SCT":
            return style.write(Code.model_validate(value)).model_dump()
        return {key: _restyled(one, style) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_restyled(one, style) for one in value]
    return value


def restyled_study(study: Study, style: Style) -> Study:
    """The truth of the study once a vendor of that style has written it."""
    if style == Style():
        return study
    told = _restyled(study.model_dump(), style)
    return Study.model_validate(told)
