"""Rules on reading count for the next object; what is deleted is gone, and says so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from dosebus.bus.message import Reject
from dosebus.domain.reading import DELETE_SETTING, IGNORED_OBSERVER_MODELS_SETTING
from dosebus.events.extract import (
    DeviceNamingRequested,
    KeptObjectsDeletionRequested,
    ObjectRereadRequested,
)
from dosebus.events.ingest import ObjectStored
from dosebus.store.engine import Database
from dosebus.store.tables import config, dose
from dosebus.store.tables.dose_imports import blob_to_delete
from dosebus_extract.archive_rederive import derive
from dosebus_extract.blobs_given_up import delete_given_up
from dosebus_extract.consumers import delete_kept_objects, name_known_devices, reread_object
from dosebus_extract.reading_rules import ReadingCache
from dosebus_simulator.kinds import make
from dosebus_simulator.simulated import SimulatedStudy
from tests.integration.extract.conftest import Arrivals

pytestmark = pytest.mark.services
DAY = date(2026, 3, 2)
NUMBERS = count()
"""Of studies that are each another, and the same in each run."""


class Rules:
    """The rules as web writes them."""

    def __init__(self, url: str) -> None:
        self.database = Database(url, schema="web", service="web", pool_size=1)

    def ignore(self, **values: Any) -> None:
        with self.database.transaction() as tx:
            tx.execute(sa.insert(config.ignore_rule).values(values))

    def set(self, key: str, value: object) -> None:
        with self.database.transaction() as tx:
            tx.execute(sa.insert(config.setting).values(key=key, value=value))

    def name(self, uid: str, name: str) -> None:
        with self.database.transaction() as tx:
            row = {"device_observer_uid": uid, "display_name": name}
            tx.execute(sa.insert(config.device_name_rule).values(row))

    def clear(self) -> None:
        keys = (DELETE_SETTING, IGNORED_OBSERVER_MODELS_SETTING)
        with self.database.transaction() as tx:
            tx.execute(sa.delete(config.ignore_rule))
            tx.execute(sa.delete(config.device_name_rule))
            tx.execute(sa.delete(config.setting).where(config.setting.c.key.in_(keys)))


@pytest.fixture
def rules(postgres_url: str) -> Iterator[Rules]:
    found = Rules(postgres_url)
    yield found
    found.clear()
    found.database.close()


def _made(kind: str = "ct", **tags: str) -> SimulatedStudy:
    made = make(kind, "rules", next(NUMBERS), day=DAY)
    for one in made.objects:
        for keyword, value in tags.items():
            setattr(one.dataset, keyword, value)
    return made


def _reread(arrivals: Arrivals, event: ObjectStored) -> None:
    wish = ObjectRereadRequested(object_id=event.object_id, requested_by="anna")
    with arrivals.database.transaction() as tx:
        reread_object(wish, tx, arrivals.blobs, arrivals.settings, arrivals.reading)


def test_objects_of_an_ignored_device_are_set_aside_until_the_rule_goes(
    arrivals: Arrivals, rules: Rules
) -> None:
    made = _made(StationName="PHYS7")
    rules.ignore(station_name="phys?", manufacturer="*")
    event = arrivals.send(made.objects[0])
    row = arrivals.object(event)
    assert (row["outcome"], row["reason_code"], row["kept_for_download"]) == (
        "ignored",
        "ignored_device",
        False,
    )
    assert arrivals.study(made.objects[0].study_instance_uid) is None
    other = _made(StationName="PHYS12")
    assert arrivals.object(arrivals.send(other.objects[0]))["outcome"] == "recorded"
    rules.clear()
    _reread(arrivals, event)
    assert arrivals.object(event)["outcome"] == "recorded"


def test_a_report_that_came_before_its_device_was_ignored_is_told_as_recorded(
    arrivals: Arrivals, rules: Rules
) -> None:
    made = _made(StationName="PHYS3")
    first = arrivals.send(made.objects[0])
    rules.ignore(station_name="PHYS3", keep_for_download=True)
    again = arrivals.object(arrivals.send(made.objects[0]))
    assert (again["reason_code"], again["kept_for_download"]) == ("already_recorded", False)
    assert arrivals.object(first)["outcome"] == "recorded"
    other = arrivals.object(arrivals.send(_made(StationName="PHYS3").objects[0]))
    assert (other["reason_code"], other["kept_for_download"]) == ("ignored_device", True)


def test_physics_objects_are_kept_for_download_and_deleted_when_asked(
    arrivals: Arrivals, rules: Rules
) -> None:
    rules.ignore(station_name="PHYS*", keep_for_download=True)
    rules.set(DELETE_SETTING, ["unmatched"])
    kept, again = (arrivals.send(_made(StationName="PHYS1").objects[0]) for _ in range(2))
    assert arrivals.object(kept)["kept_for_download"]
    assert arrivals.object(kept)["deleted_at"] is None
    rules.clear()
    _reread(arrivals, again)
    assert (arrivals.object(again)["outcome"], arrivals.object(again)["kept_for_download"]) == (
        "recorded",
        False,
    )
    wish = KeptObjectsDeletionRequested(received_until=datetime.now(UTC), requested_by="anna")
    with arrivals.database.transaction() as tx:
        delete_kept_objects(wish, tx)
    assert arrivals.object(kept)["deleted_at"] is not None
    assert arrivals.object(again)["blob_key"] is not None


@pytest.mark.parametrize(("kind", "chosen"), [("ct", "report"), ("mg-images", "mg"), ("dx-images", "dx")])
def test_what_the_policy_names_is_deleted_after_reading(
    arrivals: Arrivals, rules: Rules, kind: str, chosen: str
) -> None:
    made = _made(kind)
    staying = arrivals.send(_made(kind).objects[0])
    assert arrivals.object(staying)["blob_key"] is not None
    delete_given_up(arrivals.database, arrivals.blobs)
    rules.set(DELETE_SETTING, [chosen])
    event = arrivals.send(made.objects[0])
    row = arrivals.object(event)
    assert (row["outcome"], row["blob_key"]) == ("recorded", None)
    assert row["deleted_at"] is not None
    assert arrivals.study(made.objects[0].study_instance_uid) is not None
    assert arrivals.blobs.exists(event.blob_key)
    assert delete_given_up(arrivals.database, arrivals.blobs) == 1
    assert not arrivals.blobs.exists(event.blob_key)
    assert arrivals.blobs.exists(arrivals.object(staying)["blob_key"])
    with (
        arrivals.database.transaction() as tx,
        pytest.raises(LookupError, match="Deleted"),
    ):
        derive(tx, arrivals.blobs, arrivals.settings, row["study_id"])


def test_a_blob_that_two_objects_share_stays_until_neither_has_it(arrivals: Arrivals, rules: Rules) -> None:
    one = make("ct", "shared", day=DAY).objects[0]
    first = arrivals.send(one)
    rules.set(DELETE_SETTING, ["unmatched"])
    second = arrivals.take(first.model_copy(update={"object_id": uuid4()}))
    assert arrivals.object(second)["reason_code"] == "already_recorded"
    assert arrivals.object(second)["deleted_at"] is not None
    assert delete_given_up(arrivals.database, arrivals.blobs) == 0
    assert arrivals.blobs.exists(first.blob_key)
    # The key was forgotten, not kept for later: the next run has nothing to do.
    with arrivals.database.reading() as connection:
        assert not connection.execute(sa.select(blob_to_delete)).all()


def test_a_crash_between_the_commit_and_the_deletion_is_swept_later(
    arrivals: Arrivals, rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules.set(DELETE_SETTING, ["report"])
    event = arrivals.send(_made().objects[0])
    delete = type(arrivals.blobs).delete

    def broken(self: Any, key: str) -> None:
        delete(self, key)
        raise KeyboardInterrupt

    monkeypatch.setattr(type(arrivals.blobs), "delete", broken)
    with pytest.raises(KeyboardInterrupt):
        delete_given_up(arrivals.database, arrivals.blobs)
    monkeypatch.undo()
    assert not arrivals.blobs.exists(event.blob_key)
    assert delete_given_up(arrivals.database, arrivals.blobs) == 1
    assert delete_given_up(arrivals.database, arrivals.blobs) == 0


def test_reading_a_deleted_object_again_says_why_not(arrivals: Arrivals, rules: Rules) -> None:
    rules.set(DELETE_SETTING, ["unmatched"])
    rules.ignore(manufacturer="*", station_name="X*")
    event = arrivals.send(_made(StationName="X1").objects[0])
    with pytest.raises(Reject, match="deleted after reading"):
        _reread(arrivals, event)


def _device(arrivals: Arrivals, event: ObjectStored) -> Any:
    o, s = dose.dicom_object.c, dose.study.c
    with arrivals.database.reading() as connection:
        return connection.execute(
            sa.select(dose.device)
            .join(dose.study, s.device_id == dose.device.c.id)
            .join(dose.dicom_object, o.study_id == s.id)
            .where(o.object_id == event.object_id)
        ).one()


def _observer_uid(made: SimulatedStudy) -> str:
    """The Device Observer UID of a report (TID 1004)."""
    (found,) = {
        str(item.UID)
        for item in _items(made.objects[0].dataset)
        if "UID" in item and item.ConceptNameCodeSequence[0].CodeValue == "121012"
    }
    return found


def _items(dataset: Any) -> Iterator[Any]:
    for item in dataset.get("ContentSequence", ()):
        yield item
        yield from _items(item)


def test_a_known_uid_names_its_device_when_it_appears(arrivals: Arrivals, rules: Rules) -> None:
    made = _made("rf", DeviceSerialNumber="S-77")
    rules.name(_observer_uid(made), "Angio two")
    assert _device(arrivals, arrivals.send(made.objects[0])).display_name == "Angio two"


def test_a_new_rule_names_known_devices_at_once(arrivals: Arrivals) -> None:
    event = arrivals.send(_made("rf", DeviceSerialNumber="S-78").objects[0])
    uid = _device(arrivals, event).device_observer_uid
    wish = DeviceNamingRequested(device_observer_uid=uid, display_name="Angio  1", requested_by="anna")
    with arrivals.database.transaction() as tx:
        name_known_devices(wish, tx)
    assert _device(arrivals, event).display_name == "Angio 1"


def test_a_model_whose_uid_says_nothing_is_read_without_it(arrivals: Arrivals, rules: Rules) -> None:
    made = _made("rf", ManufacturerModelName="Wanderer", DeviceSerialNumber="W-1")
    model = _device(arrivals, arrivals.send(made.objects[0])).model
    rules.set(IGNORED_OBSERVER_MODELS_SETTING, [model.upper()])
    one = _made("rf", DeviceSerialNumber="W-2").objects[0]
    one.dataset.ManufacturerModelName = model
    assert _device(arrivals, arrivals.send(one)).device_observer_uid is None


def test_rules_are_not_asked_for_with_every_object(arrivals: Arrivals, rules: Rules) -> None:
    cache = ReadingCache(fresh_s=3600)
    with arrivals.database.transaction() as tx:
        before = cache.rules(tx)
        rules.ignore(model="*x")
        assert cache.rules(tx) is before
        assert ReadingCache(fresh_s=0).rules(tx).ignore
