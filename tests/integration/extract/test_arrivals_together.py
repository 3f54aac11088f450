"""Reports that are recorded in one transaction make the same records as reports that come one by one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from dosebus.bus.handling import Handling
from dosebus.bus.message import Delivery, Done
from dosebus.events.envelope import Envelope
from dosebus.events.extract import StudyRemovalRequested
from dosebus.events.ingest import ObjectStored
from dosebus.store.tables import dose
from dosebus_extract import record_rows, store_study
from dosebus_extract.arrivals import may_join
from dosebus_extract.consumers import consumers, remove_recorded_study
from dosebus_extract.record_rows import ENTRY_TABLES
from dosebus_simulator.kinds import make
from dosebus_simulator.simulated import SimulatedObject
from tests.integration.extract.conftest import Arrivals

pytestmark = pytest.mark.services
DAY = date(2026, 3, 2)
OF_THE_WRITING = ("id", "study_id", "recorded_at", "revision")


def _stored(arrivals: Arrivals, one: SimulatedObject) -> ObjectStored:
    return arrivals.stored(
        one.encoded(),
        sop_instance_uid=one.sop_instance_uid,
        sop_class_uid=str(one.dataset.file_meta.MediaStorageSOPClassUID),
        study_instance_uid=one.study_instance_uid,
    )


def _handling(arrivals: Arrivals) -> Handling:
    (consumer,) = (one for one in consumers if one.queue.handler == "record_dose")
    offered = {"blobs": arrivals.blobs, "settings": arrivals.settings, "reading": arrivals.reading}
    return Handling(consumer, arrivals.database, offered)


def _deliveries(events: Sequence[ObjectStored]) -> list[Delivery]:
    envelopes = [
        Envelope.of(event, traceparent=f"00-{n:032x}-{n:016x}-01") for n, event in enumerate(events, 1)
    ]
    return [Delivery(one.id, one.type, one.to_bytes(), "extract.record_dose", 1) for one in envelopes]


def _written(arrivals: Arrivals, events: Sequence[ObjectStored]) -> list[dict[str, Any]]:
    """All that is written of the events' studies and objects, but for what the writing itself tells."""
    o, s = dose.dicom_object.c, dose.study.c
    with arrivals.database.reading() as connection:

        def rows_of(table: sa.Table, where: sa.ColumnElement[bool]) -> list[dict[str, Any]]:
            rows = connection.execute(sa.select(table).where(where)).mappings()
            told = [{key: value for key, value in row.items() if key not in OF_THE_WRITING} for row in rows]
            return sorted(told, key=str)

        found = rows_of(dose.dicom_object, o.object_id.in_([event.object_id for event in events]))
        for uid in sorted({event.study_instance_uid or "" for event in events}):
            found += rows_of(dose.study, s.study_instance_uid == uid)
            study = sa.select(s.id).where(s.study_instance_uid == uid).scalar_subquery()
            for table in ENTRY_TABLES:
                found += rows_of(table, table.c.study_id == study)
    return found


def _forget(arrivals: Arrivals, events: Sequence[ObjectStored]) -> None:
    for uid in {event.study_instance_uid for event in events}:
        with arrivals.database.transaction() as tx:
            wish = StudyRemovalRequested(study_instance_uid=uid or "", requested_by="test")
            remove_recorded_study(wish, tx)


def _objects(*kinds: str, seed: str) -> list[SimulatedObject]:
    return [one for number, kind in enumerate(kinds) for one in make(kind, seed, number, day=DAY).objects]


@pytest.mark.parametrize(
    "kinds",
    [("ct",) * 5, ("mg", "dx", "nm", "dual-source", "ct"), ("cumulative", "ct", "continued")],
    ids=["scans", "mixed", "several of a study"],
)
def test_a_group_makes_the_records_that_single_ones_make(arrivals: Arrivals, kinds: tuple[str, ...]) -> None:
    events = [_stored(arrivals, one) for one in _objects(*kinds, seed="-".join(kinds))]
    handling = _handling(arrivals)
    assert all(may_join(event) for event in events)
    assert handling.together(_deliveries(events)) == [Done()] * len(events)
    together = _written(arrivals, events)
    _forget(arrivals, events)
    for event in events:
        arrivals.take(event)
    assert len(together) > 3 * len(kinds)
    assert together == _written(arrivals, events)


def test_a_group_tells_of_each_study_in_its_own_trace(arrivals: Arrivals) -> None:
    events = [_stored(arrivals, one) for one in _objects("ct", "dual-source", "ct", seed="told together")]
    assert _handling(arrivals).together(_deliveries(events)) == [Done()] * 3
    outbox = arrivals.database.outbox.c
    with arrivals.database.reading() as connection:
        wanted = outbox.topic == "dose.study.recorded.v1"
        told = {
            Envelope.parse(bytes(row.body)).data["object_id"]: row.traceparent.split("-")[1]
            for row in connection.execute(sa.select(outbox.body, outbox.traceparent).where(wanted))
            if row.traceparent
        }
    assert [told[str(event.object_id)] for event in events] == [f"{n:032x}" for n in (1, 2, 3)]


def test_what_cannot_be_recorded_does_not_hinder_the_others(arrivals: Arrivals) -> None:
    (sound, twin), (broken,) = _objects("ct", "ct", seed="sound"), _objects("truncated", seed="broken")
    events = [_stored(arrivals, one) for one in (sound, broken, sound, twin)]
    assert _handling(arrivals).together(_deliveries(events)) == [Done()] * 4
    outcomes = [arrivals.object(event) for event in events]
    assert [row["outcome"] for row in outcomes] == ["recorded", "rejected", "ignored", "recorded"]
    assert outcomes[2]["reason_code"] == "already_recorded"


def test_a_value_that_cannot_be_stored_costs_only_its_own_record(
    arrivals: Arrivals, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = _objects("ct", "ct", seed="unstorable")
    bad.dataset.StudyDescription = "out of range"
    events = [_stored(arrivals, one) for one in (good, bad)]
    real = record_rows.study_values

    def unstorable(study: Any) -> dict[str, Any]:
        odd = {"study_date": "no date"} if study.study_description == "out of range" else {}
        return real(study) | odd

    monkeypatch.setattr(store_study, "study_values", unstorable)
    assert _handling(arrivals).together(_deliveries(events)) == [Done()] * 2
    outcomes = [arrivals.object(event) for event in events]
    assert [(row["outcome"], row["reason_code"]) for row in outcomes] == [
        ("recorded", None),
        ("rejected", "unstorable"),
    ]
