"""What events know of their study and what devices know of their studies stays true, whoever changes a study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from dosebus.domain.study import Study
from dosebus.store.engine import Database
from dosebus.store.tables import dose
from dosebus_extract import tally
from dosebus_extract.record_rows import listed_in
from dosebus_extract.store_study import remove_study

pytestmark = pytest.mark.services
Maker = Callable[..., Study]
S, T = dose.study.c, dose.study_tally.c


def _told(database: Database, study_id: int, table: sa.Table) -> set[tuple[object, ...]]:
    facts = [table.c[name] for name in (*dose.EVENT_FACTS, "listed_in")]
    with database.reading() as connection:
        return {
            tuple(row) for row in connection.execute(sa.select(*facts).where(table.c.study_id == study_id))
        }


def _true(database: Database, study_id: int) -> set[tuple[object, ...]]:
    test_data = S.not_patient_indicator.is_not(None)
    listed = sa.func.dose.listed_in(S.modality_types)
    with database.reading() as connection:
        statement = sa.select(S.study_at, S.device_id, S.patient_weight_kg, test_data, listed)
        return {tuple(row) for row in connection.execute(statement.where(S.id == study_id))}


def _tallied(database: Database) -> Counter[tuple[int, int | None]]:
    found: Counter[tuple[int, int | None]] = Counter()
    with database.reading() as connection:
        for row in connection.execute(sa.select(dose.study_tally)):
            found[row.listed_in, row.device_id] += row.studies
    return +found


def _counted(database: Database) -> Counter[tuple[int, int | None]]:
    listed = sa.func.dose.listed_in(S.modality_types).label("listed")
    statement = sa.select(listed, S.device_id).where(S.not_patient_indicator.is_(None))
    with database.reading() as connection:
        return Counter((row.listed, row.device_id) for row in connection.execute(statement))


@pytest.mark.parametrize(("kind", "table"), [("ct", dose.ct_event), ("rf", dose.projection_event)])
def test_events_know_their_study_and_learn_of_its_changes(
    kind: str,
    table: sa.Table,
    dose_database: Database,
    keep: Callable[[Study], int],
    study_of: dict[str, Maker],
) -> None:
    study = study_of[kind](801)
    study_id = keep(study)
    assert _told(dose_database, study_id, table) == _true(dose_database, study_id) != set()
    assert {row[-1] for row in _told(dose_database, study_id, table)} == {listed_in(study)}
    changes: tuple[dict[str, object], ...] = (
        {"patient_weight_kg": 71.5},
        {"not_patient_indicator": "QA"},
        {"modality_types": ["MG", "PX"], "study_at": None},
    )
    for values in changes:
        with dose_database.transaction() as tx:
            tx.execute(sa.update(dose.study).where(S.id == study_id).values(values))
        assert _told(dose_database, study_id, table) == _true(dose_database, study_id)
        assert _tallied(dose_database) == _counted(dose_database)


def test_an_event_that_is_written_without_them_is_given_the_facts(
    dose_database: Database, keep: Callable[[Study], int], study_of: dict[str, Maker]
) -> None:
    study_id = keep(study_of["ct"](802))
    with dose_database.transaction() as tx:
        tx.execute(sa.delete(dose.ct_event).where(dose.ct_event.c.study_id == study_id))
        place = {"study_id": study_id, "report_index": 0, "event_index": 0, "uid_occurrence": 1}
        tx.execute(sa.insert(dose.ct_event).values(place))
    assert _told(dose_database, study_id, dose.ct_event) == _true(dose_database, study_id)


def test_the_tally_is_the_number_of_studies_also_when_it_is_added_up(
    dose_database: Database,
    keep: Callable[[Study], int],
    study_of: dict[str, Maker],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = [keep(study_of["ct"](number)) for number in range(810, 814)]
    with dose_database.transaction() as tx:
        remove_study(tx, kept[0])
    counted = _counted(dose_database)
    assert _tallied(dose_database) == counted
    monkeypatch.setattr(tally, "WORTH", 1)
    assert tally.add_up(dose_database) > len(counted)
    with dose_database.reading() as connection:
        rows = connection.execute(sa.select(sa.func.count()).select_from(dose.study_tally)).scalar_one()
    assert rows == len(counted)
    assert _tallied(dose_database) == counted
