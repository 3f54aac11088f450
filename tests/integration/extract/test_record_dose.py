"""Objects that arrive once, again, out of order and all at once: the same study stands at the end."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
import sqlalchemy as sa

from dosebus.domain.study import Study
from dosebus.events.extract import ObjectRereadRequested, StudyRemovalRequested
from dosebus.events.ingest import ObjectStored
from dosebus.store.packed import pack
from dosebus.store.tables import dose
from dosebus_extract.consumers import remove_recorded_study, reread_object
from dosebus_simulator.kinds import make
from dosebus_simulator.simulated import SimulatedObject, SimulatedStudy
from tests.integration.extract.conftest import Arrivals

pytestmark = pytest.mark.services
DAY = date(2026, 3, 2)
ENTRIES = (dose.ct_event, dose.ct_source, dose.projection_event, dose.projection_accumulated, dose.finding)


def _uid(made: SimulatedStudy) -> str:
    uid = made.objects[0].study_instance_uid
    assert uid is not None
    return uid


def _different(made: SimulatedStudy) -> list[SimulatedObject]:
    """The study's objects without those that are sent again."""
    return list({one.sop_instance_uid: one for one in made.objects}.values())


def _end_state(arrivals: Arrivals, uid: str) -> tuple[Study, dict[str, int]]:
    row = arrivals.study(uid)
    assert row is not None
    with arrivals.database.reading() as connection:
        counts = {
            table.name: connection.execute(
                sa.select(sa.func.count()).select_from(table).where(table.c.study_id == row["id"])
            ).scalar_one()
            for table in ENTRIES
        }
    return row["study"], counts


def _forget(arrivals: Arrivals, uid: str) -> None:
    with arrivals.database.transaction() as tx:
        remove_recorded_study(StudyRemovalRequested(study_instance_uid=uid, requested_by="test"), tx)


@pytest.mark.parametrize("kind", ["ct", "rf", "dual-source"])
def test_a_report_becomes_a_study_with_its_events(arrivals: Arrivals, kind: str) -> None:
    made = make(kind, "recorded", kind, day=DAY)
    event = arrivals.send(made.objects[0])
    row = arrivals.object(event)
    assert (row["outcome"], row["reason_code"]) == ("recorded", None)
    study, counts = _end_state(arrivals, _uid(made))
    assert made.truth is not None
    assert study.totals.number_of_events == made.truth.totals.number_of_events
    assert counts["ct_event"] + counts["projection_event"] == study.totals.number_of_events
    told = [
        one for one in arrivals.letters("dose.study.recorded.v1") if one["object_id"] == str(event.object_id)
    ]
    assert [one["change"] for one in told] == ["added"]


def test_a_repeated_object_is_ignored_with_its_reason(arrivals: Arrivals) -> None:
    made = make("ct", "repeated", day=DAY)
    arrivals.send(made.objects[0])
    before = arrivals.study(_uid(made))
    again = arrivals.send(made.objects[0])
    row = arrivals.object(again)
    assert (row["outcome"], row["reason_code"]) == ("ignored", "already_recorded")
    assert arrivals.study(_uid(made)) == before


@pytest.mark.parametrize("kind", ["cumulative", "continued", "pet-ct"])
def test_every_order_of_arrival_ends_in_the_same_study(arrivals: Arrivals, kind: str) -> None:
    made = make(kind, "orders", kind, day=DAY)
    objects = _different(made)[:3]
    ends = []
    for order in itertools.permutations(objects):
        for one in (*order, order[0]):
            arrivals.send(one)
        ends.append(_end_state(arrivals, _uid(made)))
        _forget(arrivals, _uid(made))
    assert len(objects) > 1
    assert all(end == ends[0] for end in ends)
    reports = {one.sop_instance_uid for one in objects if "88" in one.dataset.SOPClassUID}
    assert reports <= set(ends[0][0].sop_instance_uids_processed)


@pytest.mark.parametrize("kind", ["cumulative", "continued"])
def test_simultaneous_arrival_ends_in_the_same_study(arrivals: Arrivals, kind: str) -> None:
    made = make(kind, "at once", kind, day=DAY)
    for one in made.objects:
        arrivals.send(one)
    expected = _end_state(arrivals, _uid(made))
    everyone = [*_different(made), *_different(made)]
    for _ in range(3):
        _forget(arrivals, _uid(made))
        barrier = Barrier(len(everyone))

        def arrive(one: SimulatedObject, barrier: Barrier = barrier) -> ObjectStored:
            barrier.wait()
            return arrivals.send(one)

        with ThreadPoolExecutor(len(everyone)) as pool:
            events = list(pool.map(arrive, everyone))
        assert _end_state(arrivals, _uid(made)) == expected
        outcomes = [arrivals.object(event)["outcome"] for event in events]
        assert outcomes.count("recorded") == len(_different(made))


def test_a_contained_report_keeps_no_contribution(arrivals: Arrivals) -> None:
    made = make("cumulative", "contained", day=DAY)
    events = [arrivals.send(one) for one in reversed(_different(made))]
    kept = [arrivals.object(event) for event in events]
    assert kept[0]["contribution"] is not None
    assert {(row["outcome"], row["reason_code"], row["contribution"]) for row in kept[1:]} == {
        ("recorded", "contained", None)
    }
    changes = {one["object_id"]: one["change"] for one in arrivals.letters("dose.study.recorded.v1")}
    assert changes[str(events[-1].object_id)] == "unchanged"


@pytest.mark.parametrize("kind", ["truncated", "random", "without-study", "non-dose"])
def test_what_cannot_be_recorded_is_set_aside_with_a_reason(arrivals: Arrivals, kind: str) -> None:
    made = make(kind, "odd", kind, day=DAY)
    event = arrivals.send(made.objects[0])
    row = arrivals.object(event)
    assert row["outcome"] in ("ignored", "rejected")
    assert row["reason_code"]
    assert len(row["reason"]) > 10
    assert row["blob_key"] == event.blob_key
    (told,) = [
        o for o in arrivals.letters("dicom.object.set_aside.v1") if o["object_id"] == str(event.object_id)
    ]
    assert told["reason_code"] == row["reason_code"]


def test_a_removed_study_is_gone_and_may_come_again(arrivals: Arrivals) -> None:
    made = make("ct", "removed", day=DAY)
    event = arrivals.send(made.objects[0])
    _forget(arrivals, _uid(made))
    assert arrivals.study(_uid(made)) is None
    assert arrivals.object(event)["reason_code"] == "study_removed"
    assert [o["study_instance_uid"] for o in arrivals.letters("dose.study.removed.v1")].count(_uid(made)) == 1
    arrivals.send(made.objects[0])
    assert arrivals.study(_uid(made)) is not None


def test_rereading_changes_nothing_and_heals_a_damaged_record(arrivals: Arrivals) -> None:
    made = make("cumulative", "reread", day=DAY)
    events = [arrivals.send(one) for one in made.objects]
    expected = _end_state(arrivals, _uid(made))

    def reread() -> None:
        request = ObjectRereadRequested(object_id=events[0].object_id, requested_by="test")
        with arrivals.database.transaction() as tx:
            reread_object(request, tx, arrivals.blobs, arrivals.settings, arrivals.reading)

    reread()
    assert _end_state(arrivals, _uid(made)) == expected
    row = arrivals.study(_uid(made))
    assert row is not None
    with arrivals.database.transaction() as tx:
        damaged = row["study"].model_copy(update={"study_description": "something else"})
        tx.execute(sa.update(dose.study).where(dose.study.c.id == row["id"]).values(record=pack(damaged)))
    reread()
    assert _end_state(arrivals, _uid(made)) == expected
    with arrivals.database.reading() as connection:
        history = connection.execute(
            sa.select(dose.study_history).where(dose.study_history.c.study_id == row["id"])
        ).all()
    assert len(history) == 1


def test_a_rejected_object_can_be_read_again(arrivals: Arrivals) -> None:
    made = make("truncated", "reread", day=DAY)
    event = arrivals.send(made.objects[0])
    with arrivals.database.transaction() as tx:
        request = ObjectRereadRequested(object_id=event.object_id, requested_by="test")
        reread_object(request, tx, arrivals.blobs, arrivals.settings, arrivals.reading)
    assert arrivals.object(event)["outcome"] == "rejected"


def test_identifiers_are_kept_as_the_policy_says(arrivals: Arrivals) -> None:
    made = make("ct", "policy", day=DAY)
    arrivals.send(made.objects[0])
    row = arrivals.study(_uid(made))
    assert row is not None
    assert (row["patient_name"], row["patient_birth_date"]) == (None, None)
    assert row["patient_id_is_hashed"] is True
    assert len(row["patient_id"]) == 64


def test_images_leave_their_pixels_and_stay_readable(arrivals: Arrivals) -> None:
    made = make("dx-images", "pixels", day=DAY)
    one = made.objects[0]
    one.dataset.Rows, one.dataset.Columns = 64, 64
    one.dataset.SamplesPerPixel, one.dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    one.dataset.BitsAllocated = one.dataset.BitsStored = 16
    one.dataset.HighBit, one.dataset.PixelRepresentation = 15, 0
    one.dataset.PixelData = bytes(8192)
    event = arrivals.send(one)
    row = arrivals.object(event)
    assert row["outcome"] == "recorded"
    assert row["blob_key"] != event.blob_key
    assert not arrivals.blobs.exists(event.blob_key)
    assert arrivals.blobs.size(row["blob_key"]) < event.size_bytes - 8000
    before = _end_state(arrivals, _uid(made))
    with arrivals.database.transaction() as tx:
        request = ObjectRereadRequested(object_id=event.object_id, requested_by="test")
        reread_object(request, tx, arrivals.blobs, arrivals.settings, arrivals.reading)
    assert _end_state(arrivals, _uid(made)) == before
