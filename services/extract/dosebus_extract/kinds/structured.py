"""Structured reports: choose the kind by template, title and content, and read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, time
from typing import Final

from dosebus.domain.contribution import Contribution
from dosebus.domain.study import Study
from dosebus_extract.contribution import contribution_of
from dosebus_extract.derived import with_derived_values
from dosebus_extract.kinds import arcadis, ct, enhanced, patient_dose, projection, radiopharmaceutical
from dosebus_extract.outcome import Rejected
from dosebus_extract.quirks.quirk import corrected, straighten
from dosebus_extract.quirks.registry import CT, PROJECTION, TREE
from dosebus_extract.read import ReadOptions
from dosebus_extract.sr.concepts import Reading
from dosebus_extract.sr.reader import DicomObject
from dosebus_extract.sr.tree import Node, content_tree
from dosebus_extract.study_header import SOP_CLASS, SOP_INSTANCE, study_of

_TITLES: Final = {
    "113701": None,
    "113500": "radiopharmaceutical_rdsr",
    "99SMS_RADSUM:C-10": "arcadis_sr",
    "128401": "patient_rdsr",
}
_TEMPLATES: Final = {
    "10001": "projection_rdsr",
    "10011": "ct_rdsr",
    "10021": "radiopharmaceutical_rdsr",
    "10030": "patient_rdsr",
    "10040": "enhanced_xray_rdsr",
}
_CONTENT: Final = (
    (frozenset({"130500", "130501", "130505"}), "enhanced_xray_rdsr"),
    (frozenset({"113811", "113819"}), "ct_rdsr"),
    (frozenset({"113702", "113706"}), "projection_rdsr"),
    (frozenset({"113502"}), "radiopharmaceutical_rdsr"),
    (frozenset({"128402"}), "patient_rdsr"),
)
# Objects of these classes are dose reports, whatever a device calls them.
_DOSE_CLASSES: Final = frozenset(f"1.2.840.10008.5.1.4.1.1.88.{n}" for n in (67, 68, 73, 76))
_NO_DAY: Final = date(1900, 1, 1)
_PROCEDURES: Final = {
    "113704": "projection_rdsr",
    "P5-40010": "projection_rdsr",
    "71651007": "projection_rdsr",
    "P5-08000": "ct_rdsr",
    "77477000": "ct_rdsr",
}


def read_structured(found: DicomObject, _kind: str, options: ReadOptions) -> Contribution:
    """Read a dose report of any kind. Raises Rejected."""
    root = _document(content_tree(found.header))
    kind = _kind_of(root, found.header.first(SOP_CLASS))
    reading = Reading(found.header.first(SOP_INSTANCE) or "")
    straighten(root, found.header, TREE)
    study = _READERS[kind](root, reading, _dated(study_of(found.header), reading))
    return contribution_of(found.header, kind, _observed(study, root, options), reading)


def _dated(study: Study, reading: Reading) -> Study:
    """The study with a day and a time: reports without any would else not be found in any list."""
    if study.study_date is None:
        reading.find("no_study_date", "the report tells no date; it stands under 1900-01-01", None, "error")
    if study.study_time is None:
        reading.find("no_study_time", "the report tells no time of the study; it stands under 00:00")
    return study.model_copy(
        update={"study_date": study.study_date or _NO_DAY, "study_time": study.study_time or time()}
    )


def _document(root: Node) -> Node:
    """The document's root; a root without a name that holds one dose report stands for that."""
    inner = [child for child in root.children if child.key in _TITLES]
    return inner[0] if not root.code and len(inner) == 1 else root


def _kind_of(root: Node, sop_class: str | None) -> str:
    if root.key not in _TITLES and (sop_class not in _DOSE_CLASSES or _by_content(root) is None):
        title = f"“{root.meaning}” ({root.code})" if root.code else "missing"
        raise Rejected("not_a_dose_report", f"it is no radiation dose report: its document title is {title}")
    kind = _TITLES.get(root.key) or _TEMPLATES.get((root.template or "").removeprefix("TID").strip())
    if kind in {"ct_rdsr", "projection_rdsr"} or kind is None:
        kind = _by_content(root) or kind
    if kind is None:
        raise Rejected(
            "unknown_template",
            f"its template ({root.template or 'none declared'}) and its content tell no known kind",
        )
    return kind


def _by_content(root: Node) -> str | None:
    """The kind by what is there; where that is nothing, by the procedure reported."""
    keys = {child.key for child in root.children}
    below = {item.key for child in root.children if child.is_group for item in child.children}
    for level in (keys, below):
        for telling, kind in _CONTENT:
            if telling & level:
                return kind
    procedure = root.first("121058")
    value = procedure.coded.code_value if procedure is not None and procedure.coded else None
    return _PROCEDURES.get(value or "")


def _ct(root: Node, reading: Reading, study: Study) -> Study:
    return study.model_copy(update={"ct_reports": (corrected(ct.read_ct(root, reading), CT),)})


def _projection(root: Node, reading: Reading, study: Study) -> Study:
    report = with_derived_values(corrected(projection.read_projection(root, reading), PROJECTION))
    return study.model_copy(update={"projection_reports": (report,)})


_READERS: Final[Mapping[str, Callable[[Node, Reading, Study], Study]]] = {
    "ct_rdsr": _ct,
    "projection_rdsr": _projection,
    "radiopharmaceutical_rdsr": radiopharmaceutical.read_radiopharmaceutical,
    "arcadis_sr": arcadis.read_arcadis,
    "enhanced_xray_rdsr": enhanced.read_enhanced,
    "patient_rdsr": patient_dose.read_patient_dose,
}


def _observed(study: Study, root: Node, options: ReadOptions) -> Study:
    """The equipment with its Device Observer UID, unless the model's UID says nothing."""
    sent = root.first("121012")
    model = (study.equipment.model or "").casefold()
    observer_uid = sent.text if sent is not None else None
    if any(model == ignored.casefold() for ignored in options.ignored_observer_uid_models):
        observer_uid = None
    return study.model_copy(
        update={"equipment": study.equipment.model_copy(update={"device_observer_uid": observer_uid})}
    )
