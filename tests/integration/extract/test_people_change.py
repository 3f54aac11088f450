"""How people are kept is changed in everything that is stored, in chunks, under a policy that counts at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from dosebus.domain.contribution import Contribution
from dosebus.domain.people import PEOPLE_SETTING
from dosebus.domain.study import Study
from dosebus.events.people import PeopleChangeCancelRequested, PeopleChangeRequested
from dosebus.store.engine import Database
from dosebus.store.packed import unpack
from dosebus.store.tables import dose
from dosebus.store.tables.config import setting
from dosebus.store.tables.dose_changes import people_change, people_change_study, people_default
from dosebus_extract import people_change_study as people_change_one
from dosebus_extract import people_change_worker
from dosebus_extract.archive_rederive import rederive_study
from dosebus_extract.people import pseudonym
from dosebus_extract.people_change_worker import PeopleChanger
from dosebus_extract.people_store import publish_default
from dosebus_extract.rederivation_consumers import cancel_people_change, queue_people_change
from dosebus_extract.store_history import keep_history
from dosebus_simulator.kinds import make
from tests.integration.extract.conftest import Arrivals

pytestmark = pytest.mark.services
DAY = date(2026, 3, 2)
KEY = b"a key for tests"
EVERYTHING = {
    "patient_name": "plain", "patient_id": "plain", "accession_number": "plain", "patient_birth_date": "plain",
}  # fmt: skip
Publish = Callable[..., None]


@pytest.fixture
def publish(arrivals: Arrivals, postgres_url: str) -> Iterator[Publish]:
    """Publishes a people policy as the page does; the store is empty before, and the policy is gone afterwards."""
    web = Database(postgres_url, schema="web", service="web", pool_size=1)

    def write(**policy: object) -> None:
        with web.transaction() as tx:
            tx.execute(sa.delete(setting).where(setting.c.key == PEOPLE_SETTING))
            if policy:
                tx.execute(sa.insert(setting).values(key=PEOPLE_SETTING, value=policy))

    with arrivals.database.transaction() as tx:
        tx.execute(sa.delete(people_change))
        tx.execute(sa.delete(dose.study))
    write()
    yield write
    write()
    web.close()


def _sent(arrivals: Arrivals, seed: str, patient: str | None = None) -> str:
    """Let a study arrive, of its own patient or of the one named; gives its UID."""
    (one, *_) = make("ct", "people", seed, day=DAY).objects
    if patient is not None:
        one.dataset.PatientID = patient
    arrivals.send(one)
    return str(one.study_instance_uid)


def _asked(arrivals: Arrivals, **choices: str) -> UUID:
    wish = PeopleChangeRequested.model_validate(
        {"people_change_id": uuid4(), "requested_by": "anna", **choices}
    )
    for _ in range(2):
        with arrivals.database.transaction() as tx:
            queue_people_change(wish, tx, threading.Event())
    return wish.people_change_id


def _worker(arrivals: Arrivals, **more: Any) -> PeopleChanger:
    return PeopleChanger(arrivals.database, arrivals.blobs, arrivals.settings, **more)


def _change(arrivals: Arrivals, **choices: str) -> Any:
    change_id = _asked(arrivals, **choices)
    assert _worker(arrivals).work()
    return _job(arrivals, change_id)


def _job(arrivals: Arrivals, change_id: UUID) -> Any:
    with arrivals.database.reading() as connection:
        return connection.execute(sa.select(people_change).where(people_change.c.id == change_id)).one()


def _everywhere(arrivals: Arrivals) -> bytes:
    """Everything that is stored of studies, unpacked, as one text."""
    found: list[str] = []
    with arrivals.database.reading() as connection:
        for row in connection.execute(sa.select(dose.study)).mappings():
            found += [str({key: value for key, value in row.items() if key != "record"})]
            found += [unpack(Study, row["record"]).model_dump_json()]
        history = sa.select(dose.study_history.c.record)
        found += [unpack(Study, one).model_dump_json() for one in connection.execute(history).scalars()]
        o = dose.dicom_object.c
        kept = sa.select(o.contribution).where(o.contribution.is_not(None))
        found += [unpack(Contribution, one).model_dump_json() for one in connection.execute(kept).scalars()]
    return "\n".join(found).encode()


def _patients(arrivals: Arrivals, uids: list[str]) -> list[Any]:
    return [row["study"].patient for uid in uids if (row := arrivals.study(uid)) is not None]


def test_plain_becomes_pseudonym_everywhere_and_is_found_by_its_exact_value(
    arrivals: Arrivals, publish: Publish
) -> None:
    publish(**EVERYTHING)
    uids = [_sent(arrivals, str(number)) for number in range(3)]
    plain = _patients(arrivals, uids)
    row = arrivals.study(uids[0])
    assert row is not None
    with arrivals.database.transaction() as tx:
        old = tx.execute(sa.select(dose.study).where(dose.study.c.id == row["id"])).mappings().one()
        keep_history(tx, old, "as in a test")
    publish(**(EVERYTHING | {"patient_id": "pseudonym", "patient_name": "none"}))
    job = _change(arrivals, patient_id="pseudonym", patient_name="remove")
    assert (job.state, job.studies_done, job.studies_changed, job.studies_failed) == ("done", 3, 3, 0)
    text = _everywhere(arrivals)
    for patient in plain:
        assert patient.patient_id.encode() not in text
        assert patient.patient_name.encode() not in text
        assert str(patient.patient_birth_date).encode() in text
    for uid, patient in zip(uids, plain, strict=True):
        with arrivals.database.reading() as connection:
            s = dose.study.c
            wanted = s.patient_id == pseudonym(patient.patient_id, KEY)
            found = connection.execute(sa.select(s.study_instance_uid).where(wanted)).scalars().all()
        assert uid in found
    after = arrivals.study(uids[0])
    assert after is not None
    assert (after["study"].totals, after["recorded_at"]) == (row["study"].totals, row["recorded_at"])
    assert after["revision"] == row["revision"] + 1
    assert after["patient_id_is_hashed"]
    again = _change(arrivals, patient_id="pseudonym", patient_name="remove")
    assert (again.studies_done, again.studies_changed) == (3, 0)


def test_a_new_object_and_a_mixed_store_agree_after_the_change(arrivals: Arrivals, publish: Publish) -> None:
    publish(**EVERYTHING)
    first = _sent(arrivals, "mixed 1", "Meier 1")
    publish(**(EVERYTHING | {"patient_id": "pseudonym"}))
    second = _sent(arrivals, "mixed 2", " MEIER 1")
    one, two = _patients(arrivals, [first, second])
    assert two.patient_id == pseudonym(one.patient_id, KEY)
    told = len(arrivals.letters("patient.identity.changed.v1"))
    job = _change(arrivals, patient_id="pseudonym")
    assert (job.studies_done, job.studies_changed) == (2, 1)
    one, two = _patients(arrivals, [first, second])
    assert one.patient_id == two.patient_id
    assert arrivals.letters("patient.identity.changed.v1")[told:] == [{"study_instance_uids": [first]}]
    with arrivals.database.transaction() as tx:
        row = arrivals.study(first)
        assert row is not None
        assert not rederive_study(tx, arrivals.blobs, arrivals.settings, row["id"])


def test_values_come_back_from_the_archive_where_it_holds_them(arrivals: Arrivals, publish: Publish) -> None:
    uids = [_sent(arrivals, f"back {number}") for number in range(3)]
    hidden = _patients(arrivals, uids)
    assert all(one.patient_name is None and one.patient_id_is_hashed for one in hidden)
    o = dose.dicom_object.c
    with arrivals.database.transaction() as tx:
        row = arrivals.study(uids[2])
        assert row is not None
        tx.execute(sa.update(dose.dicom_object).where(o.study_id == row["id"]).values(blob_key=None))
    publish(**EVERYTHING)
    job = _change(arrivals, patient_name="rederive", patient_id="rederive")
    assert (job.studies_changed, job.studies_failed) == (2, 1)
    back = _patients(arrivals, uids)
    assert all(one.patient_name and not one.patient_id_is_hashed for one in back[:2])
    assert [pseudonym(one.patient_id, KEY) for one in back[:2]] == [one.patient_id for one in hidden[:2]]
    assert back[2] == hidden[2]
    assert all(one.patient_birth_date is None for one in back)
    r = people_change_study.c
    with arrivals.database.reading() as connection:
        failed = connection.execute(sa.select(r.study_id, r.reason_code).where(r.state == "failed")).all()
    assert [tuple(one) for one in failed] == [(row["id"], "archive_deleted")]


def test_new_patterns_mark_what_is_stored(arrivals: Arrivals, publish: Publish) -> None:
    uid = _sent(arrivals, "phantom")
    row = arrivals.study(uid)
    assert row is not None
    assert row["not_patient_indicator"] is None
    publish(not_patient_id_patterns=["*"])
    job = _change(arrivals, not_patient_indicator="rederive")
    assert job.studies_changed == 1
    after = arrivals.study(uid)
    assert after is not None
    assert after["not_patient_indicator"] == "IDs: * | Names: "
    assert after["patient_id"] == row["patient_id"]
    assert arrivals.letters("patient.identity.changed.v1")[-1] == {"study_instance_uids": [uid]}


def test_studies_of_one_patient_change_together_and_a_crash_loses_nothing(
    arrivals: Arrivals, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(**EVERYTHING)
    for number in range(3):
        _sent(arrivals, f"crash {number}")
    pair = [_sent(arrivals, f"crash {name}", "one patient") for name in "ab"]
    monkeypatch.setattr(people_change_worker, "LEAST", 1)
    publish(**(EVERYTHING | {"patient_id": "pseudonym"}))
    change_id = _asked(arrivals, patient_id="pseudonym")
    real, done = people_change_one.change_study, []

    class KilledError(BaseException):
        pass

    def dying(tx: Any, blobs: Any, settings: Any, study_id: int, choices: Any) -> Any:
        done.append(study_id)
        if len(done) == 4:
            raise KilledError
        return real(tx, blobs, settings, study_id, choices)

    monkeypatch.setattr(people_change_worker, "change_study", dying)
    told = len(arrivals.letters("patient.identity.changed.v1"))
    with pytest.raises(KilledError):
        _worker(arrivals).work()
    job = _job(arrivals, change_id)
    assert job.state == "running"
    assert 0 < job.studies_done < 5
    assert _worker(arrivals).work()
    job = _job(arrivals, change_id)
    assert (job.state, job.studies_done, job.studies_changed) == ("done", 5, 5)
    letters = arrivals.letters("patient.identity.changed.v1")[told:]
    assert len(letters) == 4
    assert sorted(pair) in [one["study_instance_uids"] for one in letters]


def test_a_change_waits_for_whoever_may_still_record_under_the_old_policy(
    arrivals: Arrivals, publish: Publish
) -> None:
    publish(**EVERYTHING)
    late = Database(arrivals.database.url, schema="dose", service="extract", pool_size=1)
    with late.transaction() as tx:
        # As a delivery begins: its message is entered before anything is read.
        tx.execute(sa.select(sa.func.pg_current_xact_id()))
        publish(**(EVERYTHING | {"patient_id": "none"}))
        change_id = _asked(arrivals, patient_id="remove")
        assert not _worker(arrivals).work()
        assert _job(arrivals, change_id).state == "queued"
    late.close()
    assert _worker(arrivals).work()
    assert _job(arrivals, change_id).state == "done"


def test_a_change_may_be_cancelled(arrivals: Arrivals, publish: Publish) -> None:
    publish(**EVERYTHING)
    uid = _sent(arrivals, "cancelled")
    change_id = _asked(arrivals, patient_id="remove")
    with arrivals.database.transaction() as tx:
        wish = PeopleChangeCancelRequested(people_change_id=change_id, requested_by="anna")
        cancel_people_change(wish, tx)
    assert not _worker(arrivals).work()
    assert _job(arrivals, change_id).state == "cancelled"
    assert _patients(arrivals, [uid])[0].patient_id


def test_objects_that_arrive_during_a_change_follow_the_policy(arrivals: Arrivals, publish: Publish) -> None:
    publish(**EVERYTHING)
    for number in range(4):
        _sent(arrivals, f"before {number}", f"during {number}")
    publish(**(EVERYTHING | {"patient_id": "pseudonym"}))
    _asked(arrivals, patient_id="pseudonym")
    sender = threading.Thread(
        target=lambda: [_sent(arrivals, f"during {one}", f"during {one}") for one in range(4)]
    )
    sender.start()
    while not _worker(arrivals).work():
        pass
    sender.join()
    s = dose.study.c
    with arrivals.database.reading() as connection:
        rows = connection.execute(sa.select(s.patient_id, s.patient_id_is_hashed)).all()
    assert len(rows) == 8
    assert all(row.patient_id_is_hashed for row in rows)
    assert len({row.patient_id for row in rows}) == 4


def test_pages_see_the_default_and_never_the_key(arrivals: Arrivals) -> None:
    with arrivals.database.transaction() as tx:
        publish_default(tx, arrivals.settings)
        publish_default(tx, arrivals.settings)
        row = tx.execute(sa.select(people_default)).one()
    assert row.has_pseudonym_key
    assert row.policy["patient_id"] == "pseudonym"
    assert KEY.decode() not in str(row)
