"""Turns a standard report, and the truth about it, into what a vendor of a certain style sends."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import UID

from dosebus.domain.base import Code
from dosebus.domain.study import Study
from dosebus_simulator import concepts as c
from dosebus_simulator.concepts import GY, GYM2, RETIRED_VALUES
from dosebus_simulator.items import decimal_string
from dosebus_simulator.private_items import make_private
from dosebus_simulator.styles import Style
from dosebus_simulator.vendor_ways import apply_ways, concept_of, walk

POSITION_XML = '<Root><PatientPosition><Position SRData="HFS "/></PatientPosition></Root>'
MODULATION_COMMENT = "Internal technical scan parameters: Body Size = Adult, X-ray Modulation Type = {}"
GRID_IN = Code(code_value="gridin", coding_scheme_designator="99HOL", code_meaning="Grid in")
PER_PULSE = ("kvp", "tube_current_ma", "pulse_width_ms")
DOSE_RP_VALUES = frozenset({"113725", "113728", "113729", "113738"})
EMPTIED_VALUES = frozenset({"113738", "113725", "112011", "112012", "122322"})


def _rename(code: Dataset, style: Style) -> None:
    value = code.get("CodeValue")
    if style.retired_codes and code.CodingSchemeDesignator == "SCT" and value in RETIRED_VALUES:
        code.CodeValue = RETIRED_VALUES[value]
        code.CodingSchemeDesignator = "SRT"


def _remeasure(item: Dataset, style: Style) -> None:
    measured = item.MeasuredValueSequence[0]
    unit = measured.MeasurementUnitsCodeSequence[0]
    if style.empty_measurements and concept_of(item) in EMPTIED_VALUES:
        item.MeasuredValueSequence = []
        return
    if unit.CodeValue == GYM2.code:
        wanted, factor = style.dap_unit, style.dap_factor
    elif unit.CodeValue == GY.code and concept_of(item) in DOSE_RP_VALUES:
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


def _dropped_concepts(style: Style) -> frozenset[str]:
    """Concepts that a vendor of that style leaves out."""
    left_out = {
        ("363703001", "G-C0E8"): not style.intent_declared,
        ("122142",): not style.device_type_declared,
        ("113842",): style.modulation_in_comment,
        ("113743", "113745"): style.patient_position_in_comment,
    }
    return frozenset(concept for concepts, applies in left_out.items() if applies for concept in concepts)


def restyled_tree(dataset: FileDataset, style: Style) -> FileDataset:
    """The report as a vendor of that style writes it; changed in place and returned."""
    if style == Style():
        return dataset
    dropped = _dropped_concepts(style)
    for parent, item in list(walk(dataset)):
        if concept_of(item) in dropped:
            _drop(parent, item)
            continue
        for code in (*item.get("ConceptNameCodeSequence", ()), *item.get("ConceptCodeSequence", ())):
            _rename(code, style)
        if style.lower_case_meanings:
            name = item.ConceptNameCodeSequence[0]
            name.CodeMeaning = name.CodeMeaning.capitalize()
        if item.ValueType == "NUM":
            _remeasure(item, style)
        if style.observer_uid_as_text and concept_of(item) == "121012":
            item.ValueType, item.TextValue = "TEXT", item.UID
            del item.UID
    if style.private_xper_items:
        for event in dataset.ContentSequence:
            if concept_of(event) == "113706":
                make_private(event)
    apply_ways(dataset, style)
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


def _without_emptied(event: dict[str, Any]) -> dict[str, Any]:
    emptied = ("dose_rp_gy", "positioner_primary_angle_deg", "positioner_secondary_angle_deg")
    return {key: value for key, value in event.items() if key not in emptied}


def _pulsed(event: dict[str, Any]) -> dict[str, Any]:
    """The event of a device that lists every pulse: a pre-exposure of half the current, and the main one."""
    lists = {key: list(event[key]) for key in PER_PULSE if event.get(key)}
    for key, values in lists.items():
        lists[key] = [round(values[0] * (0.5 if key == "tube_current_ma" else 1.0), 3), *values]
    return {**event, **lists}


def _retold_projection(report: dict[str, Any], style: Style) -> None:
    """Change the truth of a projection report in place, as the style changes what is written."""
    if not style.device_type_declared:
        report["acquisition_device_type"] = None
    if style.patient_position_in_comment:
        report["comment"] = POSITION_XML
    if style.calls_itself_integrated:
        report["acquisition_device_type"] = c.INTEGRATED_SYSTEM.model_dump()
    if style.grid_in:
        report["events"] = [{**event, "grid": [GRID_IN.model_dump()]} for event in report["events"]]
    if style.pulse_lists:
        report["events"] = [_pulsed(event) for event in report["events"]]
    if style.empty_measurements:
        report["events"] = [_without_emptied(event) for event in report["events"]]
        for plane in report["accumulated_per_plane"]:
            plane["fluoro_and_acquisition"].pop("dose_rp_total_gy", None)
            for calibration in plane["calibrations"]:
                calibration.pop("calibration_factor", None)
    if style.reference_point_as_text:
        parts = [plane["fluoro_and_acquisition"] for plane in report["accumulated_per_plane"]]
        for part in (*report["events"], *parts):
            part["reference_point_definition_text"] = part.pop("reference_point_definition")["code_meaning"]


def restyled_study(study: Study, style: Style) -> Study:
    """The truth of the study once a vendor of that style has written it."""
    if style == Style():
        return study
    told = _restyled(study.model_dump(), style)
    for report in (*told.get("ct_reports", ()), *told.get("projection_reports", ())):
        if not style.intent_declared:
            report["has_intent"] = None
    for report in told.get("projection_reports", ()):
        _retold_projection(report, style)
    if style.empty_measurements:
        told["totals"].pop("dose_rp_total_plane_a_gy", None)
        told["totals"].pop("dose_rp_total_plane_b_gy", None)
    for report in told.get("ct_reports", ()) if style.modulation_in_comment else ():
        for event in report["events"]:
            event["comment"] = MODULATION_COMMENT.format(event["xray_modulation_type"])
    return Study.model_validate(told)
