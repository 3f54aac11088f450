"""Alerts while levels and identities change, studies go, and the service dies between and within its batches."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from dosebus.events.people import PatientIdentityChanged
from dosebus.store.tables import dose
from dosebus.store.tables.alerts import alert, mail, study_sum
from dosebus_alerts import audit, consumers, recalculation
from dosebus_alerts.check import check_studies
from dosebus_alerts.recalculation import Recalculator
from dosebus_alerts.settings import AlertsSettings

DAY = date(2026, 5, 4)
SETTINGS = AlertsSettings(database_url="postgresql://unused", mail_sender="DoseBus <d@example.org>")


class PowerFailureError(Exception):
    """The process ends here, before the commit."""


uids = st.integers(0, 4).map(lambda number: f"1.2.{number}")
happenings = st.one_of(
    st.tuples(st.just("recorded"), uids, st.integers(0, 100), st.sampled_from([0.4, 0.9, 1.6, 2.4])),
    st.tuples(st.just("removed"), uids),
    st.tuples(st.just("heard"), uids),
    st.tuples(st.just("heard and died"), uids),
    st.tuples(st.just("level"), st.sampled_from([1.0, 2.0, 3.0]), st.sampled_from([4, 12])),
    st.tuples(st.just("recalculated a batch")),
    st.tuples(st.just("another identity"), st.sampled_from(["plain", "pseudonym", None])),
)


class History:
    """A hospital of one patient as things happen to it, and what is true of it in the end."""

    def __init__(self, hospital: Any) -> None:
        self.hospital = hospital
        self.standing: dict[str, tuple[date, float]] = {}
        self.identity: str | None = "plain"
        self.level, self.weeks = 2.0, 12
        self.worker = Recalculator(hospital.alerts, threading.Event(), "example.org", threading.Event())
        hospital.rule(level=self.level, weeks=self.weeks)
        hospital.recipient("Physicist", "physicist@example.org")

    def let(self, what: str, *facts: Any) -> None:
        """Let one thing happen."""
        getattr(self, f"_{what.replace(' ', '_')}")(*facts)

    def _recorded(self, uid: str, day: int, gray: float) -> None:
        self.standing[uid] = (DAY + timedelta(days=day), gray)
        self.hospital.study(
            uid, self.standing[uid][0], patient_id=self.identity, dose_rp_total_plane_a_gy=gray
        )

    def _removed(self, uid: str) -> None:
        self.standing.pop(uid, None)
        self.hospital.remove(uid)

    def _heard(self, uid: str) -> None:
        self.hospital.check(uid)

    def _heard_and_died(self, uid: str) -> None:
        with pytest.raises(PowerFailureError):
            self._check_and_die(uid)

    def _check_and_die(self, uid: str) -> None:
        with self.hospital.alerts.transaction() as tx:
            check_studies(tx, (uid,), "arrival", "example.org")
            raise PowerFailureError

    def _level(self, level: float, weeks: int) -> None:
        self.level, self.weeks = level, weeks
        self.hospital.rule(level=level, weeks=weeks)
        with self.hospital.alerts.transaction() as tx:
            recalculation.ask_for(tx, "settings_changed", None)

    def _recalculated_a_batch(self) -> None:
        self.worker.work()

    def _another_identity(self, identity: str | None) -> None:
        self.identity = identity
        with self.hospital.owner.transaction() as tx:
            tx.execute(sa.update(dose.study).values(patient_id=identity))
        event = PatientIdentityChanged(study_instance_uids=tuple(self.standing))
        with self.hospital.alerts.transaction() as tx:
            consumers.follow_patients(event, tx, SETTINGS)

    def settle(self) -> None:
        """Let every news come through and every recalculation end."""
        for uid in [f"1.2.{number}" for number in range(5)]:
            self.hospital.check(uid)
        with self.hospital.alerts.transaction() as tx:
            recalculation.ask_for(tx, "requested", "admin")
        while self.worker.work():
            pass

    def sums(self) -> dict[str, float]:
        """The sums by the letter of the rule; without an ID nobody knows that studies are of one patient."""
        if self.identity is None:
            return {uid: gray for uid, (_, gray) in self.standing.items()}
        return {
            uid: sum(
                gray
                for other, gray in self.standing.values()
                if timedelta(0) <= day - other <= timedelta(weeks=self.weeks)
            )
            for uid, (day, _) in self.standing.items()
        }


@given(st.lists(happenings, max_size=16))
@settings(max_examples=12)
def test_whatever_changes_and_dies_the_alerts_in_force_are_those_of_what_stands(
    hospital: Any, told: list[tuple[Any, ...]]
) -> None:
    hospital.clear()
    history = History(hospital)
    for what, *facts in told:
        history.let(what, *facts)
    history.settle()
    expected = history.sums()
    sums = {row.study_instance_uid: row.total for row in hospital.rows(study_sum)}
    assert sums == {uid: pytest.approx(total) for uid, total in expected.items()}
    rows = hospital.rows(alert)
    open_alerts = {row.study_instance_uid: row.value for row in rows if row.withdrawn_at is None}
    assert open_alerts == {
        uid: pytest.approx(total) for uid, total in expected.items() if sums[uid] >= history.level
    }
    assert len({row.identity for row in rows}) == len(rows)
    assert len(hospital.published("alert.raised.v1")) == len(rows)
    mailed = [row.alert_id for row in hospital.rows(mail)]
    assert len(mailed) == len(set(mailed))
    assert set(mailed) == {row.id for row in rows if row.origin == "arrival"}
    with hospital.alerts.reading() as connection:
        assert audit.verify(connection).broken_at is None
