"""A study as rows: codes, lists, nested parts, repeated event UIDs."""

from __future__ import annotations

import json
from datetime import date, datetime, time

from dosebus.domain.base import Code
from dosebus.domain.contribution import Contribution
from dosebus.domain.projection import Filter, ProjectionEvent, ProjectionReport
from dosebus.domain.study import Study
from dosebus.store.packed import pack, unpack
from dosebus.store.tables import dose
from dosebus_extract.record import without_nul
from dosebus_extract.record_rows import INDEXED_CHARACTERS, entries, study_at, study_values


def _study(*events: ProjectionEvent) -> Study:
    return Study(
        study_instance_uid="1.2",
        modality_types=("RF",),
        study_date=date(2026, 1, 2),
        projection_reports=(ProjectionReport(events=events),),
    )


def _rows(study: Study) -> list[dict[str, object]]:
    (found,) = entries(study)
    assert found.table is dose.projection_event
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


def test_codes_lists_and_nested_parts_have_their_columns() -> None:
    event = ProjectionEvent(
        irradiation_event_uid="1",
        event_type=Code(code_value="P5-06000", coding_scheme_designator="SRT", code_meaning="Fluoroscopy"),
        kvp=(70.0, 71.0),
        filters=(Filter(thickness_max_mm=0.2),),
    )
    (row,) = _rows(_study(event))
    assert (row["event_type_code"], row["event_type_meaning"]) == ("P5-06000", "Fluoroscopy")
    assert row["kvp"] == [70.0, 71.0]
    assert json.loads(str(row["filters"])) == [{"thickness_max_mm": 0.2}]
    assert row["grid"] is None


def test_a_repeated_event_uid_counts_up() -> None:
    same = ProjectionEvent(irradiation_event_uid="1")
    assert [row["uid_occurrence"] for row in _rows(_study(same, same))] == [1, 2]


def test_nul_characters_never_reach_the_database() -> None:
    event = ProjectionEvent(comment="a\0b", filters=(Filter(material=Code(code_meaning="C\0u")),))
    read = Contribution(
        sop_instance_uid="1", sop_class_uid="2", kind="rf", study_instance_uid="1.2", study=_study(event)
    )
    (row,) = _rows(without_nul(read).study)
    assert row["comment"] == "ab"
    assert json.loads(str(row["filters"])) == [{"material": {"code_meaning": "Cu"}}]


def test_what_an_index_holds_is_cut_and_the_record_keeps_it() -> None:
    study = _study(ProjectionEvent(acquisition_protocol="x" * 5000, comment="y" * 5000))
    (row,) = _rows(study)
    assert row["acquisition_protocol"] == "x" * INDEXED_CHARACTERS
    assert row["comment"] == "y" * 5000
    assert study.projection_reports[0].events[0].acquisition_protocol == "x" * 5000


def test_every_column_of_a_study_is_given_or_book_keeping() -> None:
    given = set(study_values(_study()))
    kept = {"id", "device_id", "record", "extractor_version", "first_received_at", "recorded_at", "revision"}
    assert given | kept == set(dose.study.c.keys())


def test_study_time_defaults_to_midnight_and_needs_a_date() -> None:
    assert study_at(_study()) == datetime.combine(date(2026, 1, 2), time())
    assert study_at(Study(study_instance_uid="1")) is None


def test_records_survive_packing() -> None:
    study = _study(ProjectionEvent(comment="ärztlich", kvp=(1.0,)))
    assert unpack(Study, pack(study)) == study
