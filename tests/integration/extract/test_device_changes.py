"""A person names a device, or decides its modality, and its studies follow."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from datetime import date

import pytest
import sqlalchemy as sa

from dosebus.bus.message import Reject
from dosebus.events.extract import (
    DeviceChangeRequested,
    DeviceRecombinationRequested,
    DeviceRemovalRequested,
    DeviceStudiesRemovalRequested,
    StudyRemoved,
)
from dosebus.store.tables import dose
from dosebus_extract import device_changes, removal
from dosebus_extract.consumers import (
    administer_device,
    recombine_studies,
    remove_device,
    remove_device_studies,
)
from dosebus_simulator.kinds import make
from tests.integration.extract.conftest import Arrivals

pytestmark = pytest.mark.services
DAY = date(2026, 3, 2)


def _sent(arrivals: Arrivals, kind: str, *seed: str) -> str:
    made = make(kind, *seed, day=DAY)
    for one in made.objects:
        arrivals.send(one)
    return str(made.objects[0].study_instance_uid)


def _device(arrivals: Arrivals, device_id: int) -> sa.RowMapping:
    with arrivals.database.reading() as connection:
        select = sa.select(dose.device).where(dose.device.c.id == device_id)
        return connection.execute(select).mappings().one()


def _change(arrivals: Arrivals, **wish: object) -> None:
    """Handle the change as the runtime does, then every command that follows from it."""
    event = DeviceChangeRequested.model_validate({"requested_by": "anna", **wish})
    handled = len(arrivals.letters(DeviceRecombinationRequested.topic))
    with arrivals.database.transaction() as tx:
        administer_device(event, tx)
    while len(letters := arrivals.letters(DeviceRecombinationRequested.topic)) > handled:
        with arrivals.database.transaction() as tx:
            recombine_studies(DeviceRecombinationRequested.model_validate(letters[handled]), tx)
        handled += 1


def _remove(arrivals: Arrivals, device_id: int) -> None:
    """Handle the removal as the runtime does, then every command that follows from it."""
    handled = len(arrivals.letters(DeviceStudiesRemovalRequested.topic))
    with arrivals.database.transaction() as tx:
        remove_device(DeviceRemovalRequested(device_id=device_id, requested_by="anna"), tx)
    while len(letters := arrivals.letters(DeviceStudiesRemovalRequested.topic)) > handled:
        with arrivals.database.transaction() as tx:
            remove_device_studies(DeviceStudiesRemovalRequested.model_validate(letters[handled]), tx)
        handled += 1


def test_all_of_a_device_goes_piece_by_piece_and_others_stay(
    arrivals: Arrivals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "AT_A_TIME", 1)
    uids = [_sent(arrivals, "rf", "gone", str(number)) for number in range(3)]
    studies = [arrivals.study(uid) for uid in uids]
    other = _sent(arrivals, "ct", "stays")
    gone = studies[0]["device_id"]
    told = len(arrivals.letters(StudyRemoved.topic))
    of_it = [uid for uid, study in zip(uids, studies, strict=True) if study["device_id"] == gone]
    _remove(arrivals, gone)
    assert all(arrivals.study(uid) is None for uid in of_it)
    assert arrivals.study(other) is not None
    assert {one["study_instance_uid"] for one in arrivals.letters(StudyRemoved.topic)[told:]} >= set(of_it)
    with arrivals.database.reading() as connection:
        assert connection.execute(sa.select(dose.device).where(dose.device.c.id == gone)).first() is None


def test_a_study_that_came_after_the_question_stays_with_its_device(arrivals: Arrivals) -> None:
    uid = _sent(arrivals, "rf", "late")
    late = arrivals.study(uid)
    with arrivals.database.transaction() as tx:
        remove_device_studies(
            DeviceStudiesRemovalRequested(
                device_id=late["device_id"], up_to_study_id=late["id"] - 1, requested_by="anna"
            ),
            tx,
        )
    assert arrivals.study(uid) == late
    assert _device(arrivals, late["device_id"])


def test_a_device_takes_its_new_name_and_nothing_else(arrivals: Arrivals) -> None:
    uid = _sent(arrivals, "rf", "named")
    before = arrivals.study(uid)
    assert before is not None
    _change(arrivals, device_id=before["device_id"], display_name="  Angio   2 ")
    assert _device(arrivals, before["device_id"])["display_name"] == "Angio 2"
    assert arrivals.study(uid) == before


def test_studies_are_listed_under_the_modality_that_the_device_is_given(
    arrivals: Arrivals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_changes, "AT_A_TIME", 2)
    sent = {_sent(arrivals, "rf", "overridden", str(number)) for number in range(5)}
    rows = {uid: arrivals.study(uid) for uid in sent}
    devices = {row["device_id"] for row in rows.values() if row}
    told = len(arrivals.letters("dose.study.recorded.v1"))
    for device_id in devices:
        _change(arrivals, device_id=device_id, modality_override="DX")
    for uid, before in rows.items():
        after = arrivals.study(uid)
        assert after is not None
        assert before is not None
        assert (before["modality_types"], after["modality_types"]) == (["RF"], ["DX"])
        assert after["study"].modality_type == "DX"
        assert after["study"].totals == before["study"].totals
        assert after["revision"] == before["revision"] + 1
    letters = arrivals.letters("dose.study.recorded.v1")[told:]
    assert {one["change"] for one in letters} == {"replaced"}
    assert sent <= {one["study_instance_uid"] for one in letters}
    for device_id in devices:
        _change(arrivals, device_id=device_id, modality_override="none")
    assert all((row := arrivals.study(uid)) and row["modality_types"] == ["RF"] for uid in sent)
    with arrivals.database.reading() as connection:
        ids = [row["id"] for row in rows.values() if row]
        h = dose.study_history.c
        reasons = connection.execute(sa.select(h.reason).where(h.study_id.in_(ids))).scalars().all()
    assert len(reasons) == 2 * len(sent)
    assert "modality of the device set to DX by anna" in reasons


def test_what_comes_later_follows_the_device(arrivals: Arrivals) -> None:
    row = arrivals.study(_sent(arrivals, "rf", "followed"))
    assert row is not None
    _change(arrivals, device_id=row["device_id"], modality_override="DX")
    made = make("rf", "followed", day=date(2026, 3, 3))
    arrivals.send(made.objects[0])
    later = arrivals.study(str(made.objects[0].study_instance_uid))
    assert later is not None
    assert later["device_id"] == row["device_id"]
    assert later["modality_types"] == ["DX"]


def test_no_study_that_arrives_meanwhile_is_missed(arrivals: Arrivals) -> None:
    days = [date(2026, 4, number) for number in range(1, 25)]
    made = [make("rf", "meanwhile", day=day) for day in days]
    arrivals.send(made[0].objects[0])
    first = arrivals.study(str(made[0].objects[0].study_instance_uid))
    assert first is not None
    with ThreadPoolExecutor(4) as pool:
        sending = [pool.submit(arrivals.send, one.objects[0]) for one in made[1:]]
        wait(sending, return_when=FIRST_COMPLETED)
        _change(arrivals, device_id=first["device_id"], modality_override="DX")
        for one in sending:
            one.result()
    rows = [arrivals.study(str(one.objects[0].study_instance_uid)) for one in made]
    assert {row["device_id"] for row in rows if row} == {first["device_id"]}
    assert [row["modality_types"] for row in rows if row] == [["DX"]] * len(made)


def test_a_modality_that_changes_nothing_leaves_the_record_alone(arrivals: Arrivals) -> None:
    uid = _sent(arrivals, "rf", "dual")
    row = arrivals.study(uid)
    assert row is not None
    _change(arrivals, device_id=row["device_id"], modality_override="RF")
    assert arrivals.study(uid) == row


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"device_id": 10**9, "display_name": "x"}, "unknown_device"),
        ({"display_name": "  "}, "blank_name"),
        ({"display_name": "x" * 201}, "long_name"),
    ],
)
def test_what_cannot_be_done_is_rejected(arrivals: Arrivals, wish: dict[str, object], code: str) -> None:
    row = arrivals.study(_sent(arrivals, "rf", "rejected", code))
    assert row is not None
    with pytest.raises(Reject) as rejected:
        _change(arrivals, **({"device_id": row["device_id"]} | wish))
    assert rejected.value.reason_code == code
