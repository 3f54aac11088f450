"""Real reports, changed into what another model of their maker may send: the record must stay the same."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian

from dosebus.domain.study import Study
from dosebus_extract.merge import combine
from dosebus_extract.read import read_object

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"
pytestmark = [
    pytest.mark.samples,
    pytest.mark.skipif(not SAMPLES.is_dir(), reason="the real objects are not there"),
]
REPORTS = (
    "CT-ESR-GE_Optima",
    "CT-RDSR-Siemens_Flash-TAP-SS",
    "CT-RDSR-Toshiba_DoseCheck",
    "CT-RDSR-ToshibaPixelMed",
    "DX-RDSR-Carestream_DRXEvolution",
    "MG-RDSR-Giotto-DBT",
    "MG-RDSR-Hologic_2D",
    "NM-RRDSR-Siemens",
    "RF-RDSR-GE-OECEliteMiniView",
    "RF-RDSR-Philips_Allura",
    "RF-RDSR-Siemens-Zee",
)
BIG_ENDIAN = "1.2.840.10008.1.2.2"
SPELLINGS = {"Gy.m2": "Gym2", "mGy.cm": "mGycm", "uA.s": "uAs", "{pulse}/s": "pulse/s", "mGy": "mgy"}


def items(item: Dataset) -> Iterator[Dataset]:
    for child in item.get("ContentSequence") or ():
        yield child
        yield from items(child)


def undeclared(report: FileDataset) -> None:
    report.pop("ContentTemplateSequence", None)


def shouted(report: FileDataset) -> None:
    for item in items(report):
        for name in item.get("ConceptNameCodeSequence") or ():
            if not str(name.get("CodingSchemeDesignator", "")).startswith("99"):
                name.CodeMeaning = str(name.get("CodeMeaning", "")).upper()


def spelled(report: FileDataset) -> None:
    for item in items(report):
        for measured in item.get("MeasuredValueSequence") or ():
            for unit in measured.get("MeasurementUnitsCodeSequence") or ():
                unit.CodeValue = SPELLINGS.get(str(unit.get("CodeValue")), unit.get("CodeValue"))


def worded(report: FileDataset) -> None:
    """Single numbers as text, with the unit behind them; but sizes, which are kept as they are sent."""
    for item in items(report):
        measured = item.get("MeasuredValueSequence")
        if item.get("ValueType") != "NUM" or not measured or not measured[0].get("NumericValue"):
            continue
        unit = str(measured[0].MeasurementUnitsCodeSequence[0].get("CodeValue", ""))
        sent = measured[0]["NumericValue"].value
        if measured[0]["NumericValue"].VM == 1 and unit.isalpha() and unit not in {"m", "kg"}:
            item.ValueType, item.TextValue = "TEXT", f"{sent} {unit}"
            del item.MeasuredValueSequence


def extended(report: FileDataset) -> None:
    """Private items between the standard ones."""
    extra = Dataset()
    extra.ValueType, extra.RelationshipType, extra.TextValue = "TEXT", "CONTAINS", "new in this release"
    name = Dataset()
    name.CodeValue, name.CodingSchemeDesignator, name.CodeMeaning = "N-1", "99NEXT", "News"
    extra.ConceptNameCodeSequence = [name]
    for item in [report, *items(report)]:
        if item.get("ValueType") == "CONTAINER" and item.get("ContentSequence"):
            item.ContentSequence.insert(0, extra)


def encoded(report: FileDataset, syntax: str | None = None) -> bytes:
    if syntax is not None:
        report.file_meta.TransferSyntaxUID = UID(syntax)
    out = BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report.save_as(out, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=syntax != BIG_ENDIAN)
    return out.getvalue()


def as_read(data: bytes) -> Study:
    study = combine([read_object(data)])
    return study.model_copy(update={"unread": (), "findings": ()})


def changed(name: str, change: Callable[[FileDataset], None], syntax: str | None = None) -> Study:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = dcmread(SAMPLES / "objects" / f"{name}.dcm")
        change(report)
        return as_read(encoded(report, syntax or report.file_meta.TransferSyntaxUID))


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("change", [undeclared, spelled, worded, extended], ids=lambda one: one.__name__)
def test_the_record_of_another_models_report_is_the_same(
    name: str, change: Callable[[FileDataset], None]
) -> None:
    assert changed(name, change) == as_read((SAMPLES / "objects" / f"{name}.dcm").read_bytes())


@pytest.mark.parametrize("name", REPORTS)
def test_other_words_for_the_concepts_change_no_figure(name: str) -> None:
    plain = as_read((SAMPLES / "objects" / f"{name}.dcm").read_bytes())
    found = changed(name, shouted)
    assert found.totals == plain.totals
    assert found.modality_types == plain.modality_types


@pytest.mark.parametrize("name", REPORTS[::3])
@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_the_encoding_changes_nothing(name: str, syntax: str) -> None:
    assert changed(name, lambda _report: None, syntax) == as_read(
        (SAMPLES / "objects" / f"{name}.dcm").read_bytes()
    )
