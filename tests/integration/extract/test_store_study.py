"""Studies, devices and their rows in a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from orjson import JSONEncodeError

from dosebus.domain.ct import CTEvent
from dosebus.domain.study import Equipment, Study
from dosebus.store.engine import Database
from dosebus.store.packed import unpack
from dosebus.store.tables import dose
from dosebus_extract.devices import see_device, see_software
from tests.integration.extract.conftest import RECEIVED

pytestmark = pytest.mark.services
Maker = Callable[..., Study]


def _count(database: Database, table: sa.Table, study_id: int) -> int:
    with database.reading() as connection:
        select = sa.select(sa.func.count()).select_from(table).where(table.c.study_id == study_id)
        return int(connection.execute(select).scalar_one())


def test_a_study_is_kept_whole_and_in_columns(
    dose_database: Database, keep: Callable[[Study], int], study_of: dict[str, Maker]
) -> None:
    study = study_of["ct"](1)
    study_id = keep(study)
    with dose_database.reading() as connection:
        row = connection.execute(sa.select(dose.study).where(dose.study.c.id == study_id)).mappings().one()
        events = connection.execute(
            sa.select(dose.ct_event).where(dose.ct_event.c.study_id == study_id).order_by("event_index")
        ).mappings()
        assert [event["ctdivol_mgy"] for event in events] == [5.0, 6.0]
    assert unpack(Study, row["record"]) == study
    assert row["total_dlp_mgycm"] == 100.0
    assert row["patient_age_years"] == 41.0
    assert _count(dose_database, dose.ct_source, study_id) == 4
    assert _count(dose_database, dose.finding, study_id) == 1


def test_writing_again_replaces_the_rows_and_counts_the_revision(
    dose_database: Database, keep: Callable[[Study], int], study_of: dict[str, Maker]
) -> None:
    first = keep(study_of["ct"](2, events=2))
    assert keep(study_of["ct"](2, events=5)) == first
    assert _count(dose_database, dose.ct_event, first) == 5
    with dose_database.reading() as connection:
        revision = connection.execute(
            sa.select(dose.study.c.revision).where(dose.study.c.id == first)
        ).scalar_one()
    assert revision == 2


def test_a_study_and_an_event_stand_once(
    dose_database: Database, keep: Callable[[Study], int], study_of: dict[str, Maker]
) -> None:
    study_id = keep(study_of["ct"](3))
    event = {"study_id": study_id, "report_index": 9, "event_index": 0, "uid_occurrence": 1}
    with pytest.raises(sa.exc.IntegrityError), dose_database.transaction() as tx:
        tx.execute(sa.insert(dose.ct_event).values(event | {"irradiation_event_uid": "1.2.3.0"}))
    with pytest.raises(sa.exc.IntegrityError), dose_database.transaction() as tx:
        tx.execute(
            sa.insert(dose.study).values(
                study_instance_uid="1.2.3",
                modality_types=["CT"],
                record=b"",
                extractor_version="x",
                first_received_at=RECEIVED,
                recorded_at=RECEIVED,
                revision=1,
            )
        )


def test_fluoroscopy_and_nuclear_medicine_have_their_rows(
    dose_database: Database, keep: Callable[[Study], int], study_of: dict[str, Maker]
) -> None:
    rf, nm = keep(study_of["rf"](1)), keep(study_of["nm"](1))
    assert _count(dose_database, dose.projection_event, rf) == 3
    assert _count(dose_database, dose.projection_accumulated, rf) == 1
    assert _count(dose_database, dose.administration, nm) == 1


def test_a_number_that_nothing_can_hold_leaves_no_study(
    dose_database: Database, keep: Callable[[Study], int]
) -> None:
    huge = CTEvent(number_of_xray_sources=10**30)
    study = Study.model_validate(
        {"study_instance_uid": "1.9", "modality_types": ("CT",), "ct_reports": ({"events": (huge,)},)}
    )
    with pytest.raises(JSONEncodeError):
        keep(study)
    with dose_database.reading() as connection:
        assert (
            connection.execute(sa.select(dose.study).where(dose.study.c.study_instance_uid == "1.9")).first()
            is None
        )


def test_devices_keep_one_row_over_software_upgrades(dose_database: Database) -> None:
    old = Equipment(
        manufacturer="GE", model="R", device_serial_number="S-9", station_name="A", software_version="1"
    )
    new = old.model_copy(update={"software_version": "2", "station_name": "B"})
    day = datetime(2026, 1, 1)  # noqa: DTZ001 - device time has no zone
    with dose_database.transaction() as tx:
        first = see_device(tx, old, RECEIVED)
        see_software(tx, first, "1", day)
        second = see_device(tx, new, RECEIVED + timedelta(days=1))
        see_software(tx, second, "2", day + timedelta(days=1))
        see_software(tx, second, "1", day - timedelta(days=3))
        assert first.id == second.id
        row = tx.execute(sa.select(dose.device).where(dose.device.c.id == first.id)).mappings().one()
        assert row["station_name"] == "B"
        assert row["display_name"] == "A"
        software = tx.execute(
            sa.select(dose.device_software)
            .where(dose.device_software.c.device_id == first.id)
            .order_by("first_seen_at")
        ).mappings()
        spans = [(one["software_version"], one["first_seen_at"], one["last_seen_at"]) for one in software]
    assert spans == [
        ("1", day - timedelta(days=3), day),
        ("2", day + timedelta(days=1), day + timedelta(days=1)),
    ]


def test_a_known_observer_uid_gives_a_new_device_its_name(dose_database: Database) -> None:
    with dose_database.transaction() as tx:
        one = see_device(
            tx,
            Equipment(
                model="A", device_serial_number="S1", device_observer_uid="1.5", station_name="Cath lab"
            ),
            RECEIVED,
        )
        other = see_device(
            tx,
            Equipment(model="B", device_serial_number="S2", device_observer_uid="1.5", station_name="?"),
            RECEIVED,
        )
    assert one.id != other.id
    assert other.display_name == "Cath lab"
