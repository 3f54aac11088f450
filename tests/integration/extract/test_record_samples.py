"""Real objects of many vendors: whatever the order, and all at once, the same studies stand in the database."""

from __future__ import annotations

import random
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pydicom
import pytest
import sqlalchemy as sa

from dosebus.domain.study import Study
from dosebus.events.extract import StudyRemovalRequested
from dosebus.store.packed import unpack
from dosebus.store.tables import dose
from dosebus_extract.consumers import remove_recorded_study
from tests.integration.extract.conftest import Arrivals

SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "objects"
pytestmark = [
    pytest.mark.services,
    pytest.mark.samples,
    pytest.mark.slow,
    pytest.mark.skipif(not SAMPLES.is_dir(), reason="the real objects are not here"),
]
COUNTED = (dose.ct_event, dose.ct_source, dose.projection_event, dose.administration, dose.pet_series)


def _paths() -> list[Path]:
    return sorted(SAMPLES.glob("*.dcm"))


@cache
def _names(path: Path) -> dict[str, str]:
    header = pydicom.dcmread(path, stop_before_pixels=True, force=True)
    return {
        "sop_instance_uid": str(header.SOPInstanceUID),
        "sop_class_uid": str(header.SOPClassUID),
        "study_instance_uid": str(header.StudyInstanceUID),
    }


def _send(arrivals: Arrivals, path: Path) -> str:
    event = arrivals.stored(path.read_bytes(), **_names(path))
    return str(arrivals.object(arrivals.take(event))["outcome"])


def _standing(arrivals: Arrivals) -> dict[str, tuple[Study, tuple[int, ...]]]:
    with arrivals.database.reading() as connection:
        rows = connection.execute(
            sa.select(dose.study.c.id, dose.study.c.study_instance_uid, dose.study.c.record)
        ).all()
        counts: dict[str, dict[int, int]] = {}
        for table in COUNTED:
            found = connection.execute(
                sa.select(table.c.study_id, sa.func.count()).group_by(table.c.study_id)
            )
            counts[table.name] = {row[0]: row[1] for row in found}
    return {
        row.study_instance_uid: (
            unpack(Study, row.record),
            tuple(counts[table.name].get(row.id, 0) for table in COUNTED),
        )
        for row in rows
    }


def _forget_everything(arrivals: Arrivals, uids: list[str]) -> None:
    for uid in uids:
        with arrivals.database.transaction() as tx:
            remove_recorded_study(StudyRemovalRequested(study_instance_uid=uid, requested_by="test"), tx)


def test_every_order_and_simultaneous_arrival_leave_the_same_studies(arrivals: Arrivals) -> None:
    outcomes: dict[str, list[str]] = defaultdict(list)
    for path in _paths():
        outcomes[_send(arrivals, path)].append(path.name)
    assert outcomes["rejected"] + outcomes["ignored"] == ["ESR_non-dose.dcm"]
    expected = _standing(arrivals)
    for study, counts in expected.values():
        assert counts[0] == sum(len(report.events) for report in study.ct_reports)
        assert counts[2] == sum(len(report.events) for report in study.projection_reports)
    chance = random.Random(1)
    for turn in range(2):
        _forget_everything(arrivals, list(expected))
        assert _standing(arrivals) == {}
        shuffled = _paths() + chance.sample(_paths(), 10)
        chance.shuffle(shuffled)
        with ThreadPoolExecutor(1 if turn == 0 else 6) as pool:
            list(pool.map(lambda path: _send(arrivals, path), shuffled))
        again = _standing(arrivals)
        assert again.keys() == expected.keys()
        differing = [uid for uid in expected if again[uid] != expected[uid]]
        assert differing == []
