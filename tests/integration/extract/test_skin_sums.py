"""Sums of one patient's skin dose maps: the same whatever came first, and told to whoever warns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from dosebus.domain.study import Equipment, Patient, Study
from dosebus.events.extract import SkinMapComputed
from dosebus.events.people import PatientIdentityChanged
from dosebus.skin.arrays import dose_of
from dosebus.store.engine import Database
from dosebus.store.tables import config, dose
from dosebus_extract.skin.calculation import skin_dose_map
from dosebus_extract.skin.device import DeviceProfile
from dosebus_extract.skin.several import common_size
from dosebus_extract.skin.source import study_of_record
from dosebus_extract.skin_consumers import sum_skin_dose_of_others
from dosebus_extract.skin_store import map_study
from dosebus_extract.skin_sums import sum_maps
from dosebus_extract.store_study import remove_study
from tests.integration.extract.test_skin_maps import letters, study

pytestmark = pytest.mark.services
Keep = Callable[[Study], int]
DAY = date(2026, 3, 1)
EMPTY = Equipment(manufacturer="Acme", model="Ray 3")


@pytest.fixture
def database(dose_database: Database) -> Iterator[Database]:
    """The module's database without studies."""
    yield dose_database
    _empty(dose_database)


def _empty(database: Database) -> None:
    with database.transaction() as tx:
        tx.execute(sa.delete(dose.study))
        tx.execute(sa.delete(database.outbox))


def _map_and_sum(database: Database, study_id: int, uid: str) -> list[int]:
    with database.transaction() as tx:
        map_study(tx, uid, seconds=60.0)
    with database.transaction() as tx:
        return sum_maps(tx, [study_id])


def _sums(database: Database) -> dict[tuple[int, int], Any]:
    with database.reading() as connection:
        rows = connection.execute(sa.select(dose.skin_sum)).all()
    return {(row.study_id, row.weeks): row for row in rows}


def _made(number: int, plan: tuple[int, int, float, float, bool], **patient: Any) -> Study:
    """A study by its plan: days after the first, hour, angle, mass, and whether its system is listed."""
    days, hour, angle, mass, listed = plan
    made = study(
        number,
        {"positioner_primary_angle_deg": angle},
        study_date=DAY + timedelta(days=days),
        study_time=time(hour),
        patient=Patient(patient_id="SUMMED", patient_weight_kg=mass, **patient),
    )
    return made if listed else made.model_copy(update={"equipment": EMPTY})


def _oracle(made: list[Study], of: Study, weeks: int) -> tuple[list[Study], float | None]:
    """The members of a window and the peak of their sum, the slow and plain way."""
    assert of.study_date is not None
    members = [
        one
        for one in made
        if one.study_date is not None
        and one.study_time is not None
        and of.study_time is not None
        and (
            one is of
            or of.study_date - timedelta(days=7 * weeks) <= one.study_date < of.study_date
            or (one.study_date == of.study_date and one.study_time <= of.study_time)
        )
    ]
    members.sort(key=lambda one: (one.study_date, one.study_time, int(one.study_instance_uid[4:])))
    size = common_size([study_of_record(one) for one in members])
    listed = [one for one in members if one.equipment != EMPTY]
    if not listed:
        return members, None
    device = DeviceProfile(manufacturer="Siemens*", model="AXIOM-Artis*")
    maps = [skin_dose_map(replace(study_of_record(one), size=size, device=device)).dose_gy for one in listed]
    return members, float(np.sum(maps, axis=0).max())


PLANS = st.lists(
    st.tuples(
        st.integers(0, 200),
        st.integers(7, 18),
        st.sampled_from([0.0, 20.0, -20.0]),
        st.sampled_from([70.0, 77.0]),
        st.sampled_from([True, True, True, False]),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=12)
@given(plans=PLANS, data=st.data())
def test_sums_equal_the_oracle_whatever_came_first(
    database: Database,
    keep: Keep,
    plans: list[tuple[int, int, float, float, bool]],
    data: st.DataObject,
) -> None:
    _empty(database)
    made = [_made(number, plan) for number, plan in enumerate(plans)]
    ids: dict[str, int] = {}
    for one in data.draw(st.permutations(made)):
        ids[one.study_instance_uid] = keep(one)
        _map_and_sum(database, ids[one.study_instance_uid], one.study_instance_uid)
    if len(made) > 1 and data.draw(st.booleans()):
        gone = made.pop(data.draw(st.integers(0, len(made) - 1)))
        others = [
            row.study_id for row in _sums(database).values() if ids[gone.study_instance_uid] in row.member_ids
        ]
        with database.transaction() as tx:
            remove_study(tx, ids[gone.study_instance_uid])
        with database.transaction() as tx:
            sum_maps(tx, others)
    sums = _sums(database)
    assert len(sums) == len(made)
    for one in made:
        kept = sums[ids[one.study_instance_uid], 12]
        members, peak = _oracle(made, one, 12)
        assert sorted(kept.member_ids) == sorted(ids[member.study_instance_uid] for member in members)
        assert (kept.peak_skin_dose_gy is None) == (peak is None)
        if peak is not None:
            assert kept.peak_skin_dose_gy == pytest.approx(peak, rel=1e-12)
            assert kept.peak_bound_gy >= kept.peak_skin_dose_gy
        assert len(kept.unmapped_ids) == sum(member.equipment == EMPTY for member in members)


def test_fields_that_overlap_add_and_others_do_not(database: Database, keep: Keep) -> None:
    made = [
        _made(20, (0, 9, 0.0, 77.0, True)),
        _made(21, (7, 9, 0.0, 77.0, True)),
        _made(22, (14, 9, 180.0, 77.0, True)),
    ]
    ids = [keep(one) for one in made]
    for study_id, one in zip(ids, made, strict=True):
        _map_and_sum(database, study_id, one.study_instance_uid)
    first, second, third = (_sums(database)[study_id, 12] for study_id in ids)
    assert second.peak_skin_dose_gy == pytest.approx(2 * first.peak_skin_dose_gy)
    assert third.peak_skin_dose_gy == pytest.approx(
        max(second.peak_skin_dose_gy, third.provenance["parts"][2]["peak_gy"])
    )
    assert third.member_ids == ids
    doses = np.array(dose_of(third.dose_map, third.row_count, third.column_count))
    assert doses.max() == third.peak_skin_dose_gy
    parts = third.provenance["parts"]
    assert sum(part["at_peak_gy"] for part in parts) == pytest.approx(third.peak_skin_dose_gy)


def test_a_study_without_a_map_counts_in_the_bound_and_is_named(database: Database, keep: Keep) -> None:
    made = [_made(30, (0, 9, 0.0, 77.0, False)), _made(31, (1, 9, 0.0, 77.0, True))]
    ids = [keep(one) for one in made]
    for study_id, one in zip(ids, made, strict=True):
        _map_and_sum(database, study_id, one.study_instance_uid)
    kept = _sums(database)[ids[1], 12]
    with database.reading() as connection:
        bound = connection.execute(
            sa.select(dose.skin_map.c.peak_bound_gy).where(dose.skin_map.c.study_id == ids[0])
        ).scalar_one()
    assert kept.unmapped_ids == [ids[0]]
    assert kept.peak_bound_gy == pytest.approx(kept.peak_skin_dose_gy + bound)


def test_the_sum_is_on_one_body_of_the_latest_size(database: Database, keep: Keep) -> None:
    made = [_made(40, (0, 9, 0.0, 60.0, True)), _made(41, (1, 9, 0.0, 90.0, True))]
    ids = [keep(one) for one in made]
    for study_id, one in zip(ids, made, strict=True):
        _map_and_sum(database, study_id, one.study_instance_uid)
    first, second = (_sums(database)[study_id, 12] for study_id in ids)
    assert first.provenance["mass_kg"] == 60.0
    assert second.provenance["mass_kg"] == 90.0
    assert second.column_count > first.column_count


def test_every_study_whose_sum_is_another_now_is_told_once(database: Database, keep: Keep) -> None:
    late, early = _made(50, (7, 9, 0.0, 77.0, True)), _made(51, (0, 9, 0.0, 77.0, True))
    late_id = keep(late)
    assert _map_and_sum(database, late_id, late.study_instance_uid) == [late_id]
    early_id = keep(early)
    assert sorted(_map_and_sum(database, early_id, early.study_instance_uid)) == sorted([late_id, early_id])
    told = letters(database, SkinMapComputed.topic)
    with database.transaction() as tx:
        assert sum_maps(tx, [late_id, early_id]) == []
    assert letters(database, SkinMapComputed.topic) == told


def test_rules_decide_which_windows_there_are(database: Database, keep: Keep, postgres_url: str) -> None:
    web = Database(postgres_url, schema="web", service="web")
    rule = {
        "key": "skin-4", "title": "Peak skin dose of 4 weeks", "quantity": "peak_skin_dose_gy", "scope": "sum",
        "weeks": 4, "level": 2.0, "severity": "warning",
    }  # fmt: skip
    with web.transaction() as tx:
        tx.execute(sa.insert(config.alert_rule).values(rule))
    made = [_made(60, (0, 9, 0.0, 77.0, True)), _made(61, (40, 9, 0.0, 77.0, True))]
    ids = [keep(one) for one in made]
    for study_id, one in zip(ids, made, strict=True):
        _map_and_sum(database, study_id, one.study_instance_uid)
    sums = _sums(database)
    assert sums[ids[1], 4].member_ids == [ids[1]]
    assert sums[ids[1], 12].member_ids == ids
    with web.transaction() as tx:
        tx.execute(sa.delete(config.alert_rule).where(config.alert_rule.c.key == "skin-4"))
    web.close()
    with database.transaction() as tx:
        sum_maps(tx, ids)
    assert {weeks for _, weeks in _sums(database)} == {12}


def test_a_study_that_changes_its_patient_leaves_the_old_sums(database: Database, keep: Keep) -> None:
    made = [_made(70, (0, 9, 0.0, 77.0, True)), _made(71, (1, 9, 0.0, 77.0, True))]
    ids = [keep(one) for one in made]
    for study_id, one in zip(ids, made, strict=True):
        _map_and_sum(database, study_id, one.study_instance_uid)
    assert _sums(database)[ids[1], 12].member_ids == ids
    other = made[0].model_copy(update={"patient": Patient(patient_id="OTHER", patient_weight_kg=77.0)})
    keep(other)
    _map_and_sum(database, ids[0], other.study_instance_uid)
    sums = _sums(database)
    assert sums[ids[0], 12].member_ids == [ids[0]]
    assert sums[ids[1], 12].member_ids == [ids[1]]


def test_who_is_nobody_is_summed_with_nobody(database: Database, keep: Keep) -> None:
    nobody = Patient(patient_weight_kg=77.0)
    made = [
        _made(number, (0, 9, 0.0, 77.0, True)).model_copy(update={"patient": nobody}) for number in (80, 81)
    ]
    ids = [keep(one) for one in made]
    for study_id, one in zip(ids, made, strict=True):
        _map_and_sum(database, study_id, one.study_instance_uid)
    assert [_sums(database)[study_id, 12].member_ids for study_id in ids] == [[ids[0]], [ids[1]]]


def test_patients_that_are_put_together_have_their_sums_made_again(database: Database, keep: Keep) -> None:
    made = [_made(80, (0, 9, 0.0, 77.0, True)), _made(81, (1, 9, 0.0, 77.0, True))]
    apart = made[0].model_copy(update={"patient": Patient(patient_id="FORMER", patient_weight_kg=77.0)})
    ids = [keep(one) for one in (apart, made[1])]
    for study_id, one in zip(ids, made, strict=True):
        _map_and_sum(database, study_id, one.study_instance_uid)
    assert _sums(database)[ids[1], 12].member_ids == [ids[1]]
    changed = PatientIdentityChanged(study_instance_uids=(made[0].study_instance_uid,))
    for patient_id, members in (("SUMMED", ids), ("FORMER", ids[1:])):
        with database.transaction() as tx:
            tx.execute(sa.update(dose.study).where(dose.study.c.id == ids[0]).values(patient_id=patient_id))
        with database.transaction() as tx:
            sum_skin_dose_of_others(changed, tx)
        assert _sums(database)[ids[1], 12].member_ids == members
