"""Small dose objects that the tests make themselves, with pydicom as their writer."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Any

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

XRAY_RDSR = "1.2.840.10008.5.1.4.1.1.88.67"
ENHANCED_SR = "1.2.840.10008.5.1.4.1.1.88.22"
RADIOPHARMACEUTICAL_RDSR = "1.2.840.10008.5.1.4.1.1.88.68"
ENHANCED_XRAY_RDSR = "1.2.840.10008.5.1.4.1.1.88.76"
PATIENT_RDSR = "1.2.840.10008.5.1.4.1.1.88.73"

CodeTuple = tuple[str, str, str]


def coded(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    if len(value) > 16:
        item.LongCodeValue = value
    else:
        item.CodeValue = value
    item.CodingSchemeDesignator = scheme
    item.CodeMeaning = meaning
    return item


def dcm(value: str, meaning: str = "x") -> CodeTuple:
    return value, "DCM", meaning


def _item(kind: str, name: CodeTuple, children: Iterable[Dataset], relationship: str) -> Dataset:
    item = Dataset()
    item.RelationshipType = relationship
    item.ValueType = kind
    item.ConceptNameCodeSequence = Sequence([coded(*name)])
    below = list(children)
    if below:
        item.ContentSequence = Sequence(below)
    return item


def container(name: CodeTuple, *children: Dataset) -> Dataset:
    return _item("CONTAINER", name, children, "CONTAINS")


def num(name: CodeTuple, value: Any, unit: str = "1", *children: Dataset) -> Dataset:
    """A measurement; a value of None gives an empty Measured Value Sequence."""
    item = _item("NUM", name, children, "CONTAINS")
    measured = Dataset()
    if value is not None:
        measured.MeasurementUnitsCodeSequence = Sequence([coded(unit, "UCUM", unit)])
        measured.NumericValue = value
    item.MeasuredValueSequence = Sequence([] if value is None else [measured])
    return item


def code(name: CodeTuple, value: CodeTuple | None, *children: Dataset) -> Dataset:
    item = _item("CODE", name, children, "CONTAINS")
    item.ConceptCodeSequence = Sequence([] if value is None else [coded(*value)])
    return item


def text(name: CodeTuple, value: str, *children: Dataset) -> Dataset:
    item = _item("TEXT", name, children, "CONTAINS")
    item.TextValue = value
    return item


def uid(name: CodeTuple, value: str) -> Dataset:
    item = _item("UIDREF", name, (), "CONTAINS")
    item.UID = value
    return item


def person(value: str, *children: Dataset) -> Dataset:
    item = _item("PNAME", dcm("113870"), children, "CONTAINS")
    if value:
        item.PersonName = value
    return item


def moment(name: CodeTuple, value: str) -> Dataset:
    item = _item("DATETIME", name, (), "CONTAINS")
    item.DateTime = value
    return item


def header(sop_class: str = XRAY_RDSR, **values: Any) -> Dataset:
    """The header of an object of study 1.2.3; `values` are DICOM keywords."""
    made = Dataset()
    made.SOPClassUID = sop_class
    made.SOPInstanceUID = generate_uid()
    made.StudyInstanceUID = "1.2.3"
    made.SeriesInstanceUID = generate_uid()
    made.StudyDate, made.StudyTime = "20240301", "101112"
    made.ContentDate, made.ContentTime = "20240301", "111213"
    made.Modality = "SR"
    made.Manufacturer, made.ManufacturerModelName = "Maker", "Model"
    made.PatientName, made.PatientID = "Test^Person", "ID1"
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def report(
    *content: Dataset,
    title: CodeTuple = ("113701", "DCM", "X-Ray Radiation Dose Report"),
    template: str | None = None,
    **values: Any,
) -> Dataset:
    """A structured report with this content."""
    made = header(**values)
    made.ValueType = "CONTAINER"
    made.ConceptNameCodeSequence = Sequence([coded(*title)])
    made.ContinuityOfContent = "SEPARATE"
    if template:
        made.ContentTemplateSequence = Sequence([Dataset()])
        made.ContentTemplateSequence[0].MappingResource = "DCMR"
        made.ContentTemplateSequence[0].TemplateIdentifier = template
    made.ContentSequence = Sequence(content)
    return made


def encoded(data_set: Dataset, syntax: str = ExplicitVRLittleEndian, *, undefined: bool = False) -> bytes:
    """The data set as a Part 10 file."""
    if undefined:
        _undefine(data_set)
    data_set.file_meta = FileMetaDataset()
    data_set.file_meta.TransferSyntaxUID = UID(syntax)
    data_set.file_meta.MediaStorageSOPClassUID = data_set.SOPClassUID
    data_set.file_meta.MediaStorageSOPInstanceUID = data_set.SOPInstanceUID
    out = BytesIO()
    dcmwrite(out, data_set, enforce_file_format=True)
    return out.getvalue()


def _undefine(data_set: Dataset) -> None:
    for element in data_set:
        if element.VR == "SQ":
            element.is_undefined_length = True
            for item in element.value:
                item.is_undefined_length_sequence_item = True
                _undefine(item)


PROJECTION = code(dcm("121058"), dcm("113704", "Projection X-Ray"))


def ct_event(event_uid: str, dlp: float = 100.0, **more: Dataset) -> Dataset:
    """A spiral CT event."""
    return container(
        dcm("113819", "CT Acquisition"),
        uid(dcm("113769"), event_uid),
        code(dcm("113820"), ("P5-08001", "SRT", "Spiral Acquisition")),
        container(dcm("113822"), num(dcm("113825"), "200", "mm")),
        container(dcm("113829"), num(dcm("113830"), "5", "mGy"), num(dcm("113838"), str(dlp), "mGy.cm")),
        *more.values(),
    )


def ct_report(event_uids: Iterable[str], dlp: float = 100.0, **values: Any) -> Dataset:
    """A CT report of these events, each with the same DLP."""
    uids = list(event_uids)
    return report(
        code(dcm("121058"), ("P5-08000", "SRT", "Computed Tomography X-Ray")),
        container(
            dcm("113811"),
            num(dcm("113812"), str(len(uids)), "{events}"),
            num(dcm("113813"), str(dlp * len(uids)), "mGy.cm"),
        ),
        *(ct_event(event_uid, dlp) for event_uid in uids),
        template="10011",
        **values,
    )


def projection_event(event_uid: str, *more: Dataset) -> Dataset:
    return container(dcm("113706"), uid(dcm("113769"), event_uid), *more)


def projection_report(*content: Dataset, **values: Any) -> Dataset:
    return report(PROJECTION, *content, template="10001", **values)
