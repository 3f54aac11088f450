"""A study as rows of the published tables: pure, and only there does a record's shape meet the columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel

from dosebus.domain.ct import CTEvent, CTSource
from dosebus.domain.projection import (
    FluoroscopyAccumulated,
    IntegratedAccumulated,
    PlaneAccumulated,
    ProjectionEvent,
)
from dosebus.domain.radiopharmaceutical import Administration, PETSeries
from dosebus.domain.study import Finding, Patient, Study, StudyHeader, Totals, UnreadConcept
from dosebus.store.packed import as_json
from dosebus.store.tables import dose
from dosebus.store.tables.columns import Shape, keys

Row = list[Any]
HEADER = frozenset({"study_instance_uid", "modality_types", "sop_instance_uids_processed"})
INDEXED = frozenset(
    {
        "study_description", "requested_procedure", "procedure_code_meaning", "performing_physician",
        "acquisition_protocol", "view_meaning", "event_type_code",
    }
)  # fmt: skip
INDEXED_CHARACTERS = 150
"""More of these texts only the record holds: an index takes 2 704 bytes a row and refuses the row otherwise. DICOM
gives them 64 characters."""


class Flattener:
    """Turns instances of one model into values of its columns, which `names` gives in their order."""

    def __init__(
        self, model: type[BaseModel], *, without: frozenset[str] = frozenset(), prefix: str = ""
    ) -> None:
        known = keys(model, without=without)
        self.single = tuple(key.name for key in known if key.shape is Shape.VALUE)
        self.codes = tuple(key.name for key in known if key.shape is Shape.CODE)
        self.lists = tuple(key.name for key in known if key.shape is Shape.LIST)
        self.nested = tuple(key.name for key in known if key.shape is Shape.NESTED)
        coded = (f"{name}_{part}" for name in self.codes for part in ("code", "meaning"))
        self.names = tuple(prefix + name for name in (*self.single, *coded, *self.lists, *self.nested))
        self.indexed = tuple(place for place, name in enumerate(self.names) if name in INDEXED)

    def values(self, part: BaseModel | None) -> Row:
        """The values of `part` in the order of `names`; all empty where there is none."""
        if part is None:
            return [None] * len(self.names)
        # The instance's own dictionary: attribute by attribute takes three times as long on long reports.
        held = part.__dict__
        row: Row = [held[name] for name in self.single]
        for name in self.codes:
            code = held[name]
            row += (None, None) if code is None else (code.code_value, code.code_meaning)
        row += [list(held[name]) or None for name in self.lists]
        row += [as_json(held[name]).decode() if held[name] else None for name in self.nested]
        for place in self.indexed:
            if row[place] is not None:
                row[place] = row[place][:INDEXED_CHARACTERS]
        return row


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table, without the study's id, which stands before them."""

    table: sa.Table
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


CT_EVENT = Flattener(CTEvent, without=frozenset({"sources"}))
CT_SOURCE = Flattener(CTSource)
PROJECTION_EVENT = Flattener(ProjectionEvent)
PLANE = Flattener(PlaneAccumulated, without=frozenset({"fluoro_and_acquisition", "integrated_total"}))
FLUOROSCOPY = Flattener(FluoroscopyAccumulated)
INTEGRATED = Flattener(IntegratedAccumulated, prefix="integrated_")
ADMINISTRATION = Flattener(Administration)
PET_SERIES = Flattener(PETSeries)
STUDY_HEADER = Flattener(StudyHeader, without=HEADER)
PATIENT = Flattener(Patient)
TOTALS = Flattener(Totals)
FINDING = Flattener(Finding)
UNREAD = Flattener(UnreadConcept)
PLACE = ("report_index", "event_index")
OF_STUDY = (*dose.EVENT_FACTS, "listed_in")
"""What an event knows of its study."""


def study_values(study: Study) -> dict[str, Any]:
    """The study's own columns that its record tells; not the device, the archive and the book-keeping."""
    values: dict[str, Any] = {
        "study_instance_uid": study.study_instance_uid,
        "modality_types": list(study.modality_types),
        "study_at": study_at(study),
        "software_version": study.equipment.software_version,
    }
    for flattener, part in ((STUDY_HEADER, study), (PATIENT, study.patient), (TOTALS, study.totals)):
        values.update(zip(flattener.names, flattener.values(part), strict=True))
    return values


def study_at(study: Study) -> datetime | None:
    """When the study was: its date and time, midnight where only the date is known."""
    if study.study_date is None:
        return None
    return datetime.combine(study.study_date, (study.study_time or time()).replace(tzinfo=None))


def listed_in(study: Study) -> int:
    """The listings that a study is part of, as `dose.listed_in` says it."""
    types = frozenset(study.modality_types)
    return sum(bit for name, bit in dose.LISTED_IN.items() if not types.isdisjoint(dose.TYPES_OF[name]))


def entries(study: Study, device_id: int | None = None) -> Iterator[Rows]:
    """Everything that a study's reports list, table by table; tables without rows are left out.

    Events know what charts ask of their study.
    """
    patient = study.patient
    test_data = patient.not_patient_indicator is not None
    facts = [study_at(study), device_id, patient.patient_weight_kg, test_data, listed_in(study)]
    tables = (
        _ct_events(study, facts),
        _ct_sources(study),
        _projection_events(study, facts),
        _planes(study),
        _administrations(study),
        _pet_series(study),
        Rows(dose.finding, FINDING.names, tuple(FINDING.values(one) for one in study.findings)),
        Rows(dose.unread_concept, UNREAD.names, tuple(UNREAD.values(one) for one in study.unread)),
    )
    return (rows for rows in tables if rows.rows)


ENTRY_TABLES = (
    dose.ct_event,
    dose.ct_source,
    dose.projection_event,
    dose.projection_accumulated,
    dose.administration,
    dose.pet_series,
    dose.finding,
    dose.unread_concept,
)


def _ct_events(study: Study, facts: Row) -> Rows:
    rows = _events(((report.events) for report in study.ct_reports), CT_EVENT, facts)
    return Rows(dose.ct_event, (*PLACE, "uid_occurrence", *CT_EVENT.names, *OF_STUDY), rows)


def _projection_events(study: Study, facts: Row) -> Rows:
    rows = _events(((report.events) for report in study.projection_reports), PROJECTION_EVENT, facts)
    return Rows(dose.projection_event, (*PLACE, "uid_occurrence", *PROJECTION_EVENT.names, *OF_STUDY), rows)


def _events(
    reports: Iterable[Sequence[CTEvent | ProjectionEvent]], flattener: Flattener, facts: Row
) -> tuple[Row, ...]:
    seen: Counter[str | None] = Counter()
    rows = []
    for report_index, events in enumerate(reports):
        for event_index, event in enumerate(events):
            seen[event.irradiation_event_uid] += 1
            place = [report_index, event_index, seen[event.irradiation_event_uid]]
            rows.append(place + flattener.values(event) + facts)
    return tuple(rows)


def _ct_sources(study: Study) -> Rows:
    rows = tuple(
        [report_index, event_index, source_index, *CT_SOURCE.values(source)]
        for report_index, report in enumerate(study.ct_reports)
        for event_index, event in enumerate(report.events)
        for source_index, source in enumerate(event.sources)
    )
    return Rows(dose.ct_source, (*PLACE, "source_index", *CT_SOURCE.names), rows)


def _planes(study: Study) -> Rows:
    rows = tuple(
        [
            report_index,
            plane_index,
            *PLANE.values(plane),
            *FLUOROSCOPY.values(plane.fluoro_and_acquisition),
            *INTEGRATED.values(plane.integrated_total),
        ]
        for report_index, report in enumerate(study.projection_reports)
        for plane_index, plane in enumerate(report.accumulated_per_plane)
    )
    names = (*PLANE.names, *FLUOROSCOPY.names, *INTEGRATED.names)
    return Rows(dose.projection_accumulated, ("report_index", "plane_index", *names), rows)


def _administrations(study: Study) -> Rows:
    rows = tuple(
        [report_index, index, *ADMINISTRATION.values(one)]
        for report_index, report in enumerate(study.radiopharmaceutical_reports)
        for index, one in enumerate(report.administrations)
    )
    return Rows(dose.administration, (*PLACE, *ADMINISTRATION.names), rows)


def _pet_series(study: Study) -> Rows:
    rows = tuple(
        [report_index, index, *PET_SERIES.values(one)]
        for report_index, report in enumerate(study.radiopharmaceutical_reports)
        for index, one in enumerate(report.pet_series)
    )
    return Rows(dose.pet_series, (*PLACE, *PET_SERIES.names), rows)
