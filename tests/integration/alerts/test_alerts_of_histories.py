"""Alerts over random histories of a hospital, against a plain reading of all that is known at the end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from dosebus.store.tables.alerts import alert, mail, study_dose, study_sum
from dosebus_alerts import audit

DAY = date(2026, 5, 4)


@dataclass(frozen=True)
class Told:
    """A study as the hospital tells of it, or that it is gone."""

    uid: str
    patient: str | None
    day: date | None
    at: time | None
    gray: float
    gone: bool = False


studies = st.builds(
    Told,
    uid=st.integers(1, 6).map(lambda number: f"1.2.{number}"),
    patient=st.sampled_from(["p1", "p2", None]),
    day=st.none() | st.integers(0, 120).map(lambda offset: DAY + timedelta(days=offset)),
    at=st.none() | st.integers(0, 23).map(time),
    gray=st.sampled_from([0.0, 0.3, 0.7, 1.1, 1.9, 2.0, 2.5]),
    gone=st.sampled_from([False, False, False, True]),
)


def expected_sum(one: Told, standing: list[Told], weeks: int) -> tuple[float, int]:
    """The sum by the letter of the rule, and the number of studies in it."""
    counted = [
        other
        for other in standing
        if other is one
        or (
            other.patient is not None
            and other.patient == one.patient
            and other.day is not None
            and one.day is not None
            and timedelta(0) <= one.day - other.day <= timedelta(weeks=weeks)
            and (other.day != one.day or other.at is None or one.at is None or other.at <= one.at)
        )
    ]
    return sum(other.gray for other in counted), len(counted)


def live_through(hospital: Any, told: list[Told], random: Any) -> tuple[dict[str, Told], set[str]]:
    """Let all this happen, with news that come late, twice, or in another order than what they tell of.

    Gives the studies that stand in the end, and the alerts that there ever were.
    """
    ever: set[str] = set()
    news: list[str] = []
    standing: dict[str, Told] = {}
    for one in told:
        if one.gone:
            hospital.remove(one.uid)
            standing.pop(one.uid, None)
        else:
            hospital.study(
                one.uid, one.day, one.at, patient_id=one.patient, dose_rp_total_plane_a_gy=one.gray
            )
            standing[one.uid] = one
        news.append(one.uid)
        for uid in random.sample(news, random.randint(0, len(news))):
            hospital.check(uid)
        ever |= {row.identity for row in hospital.rows(alert)}
    random.shuffle(news)
    for uid in news:
        hospital.check(uid)
    return standing, ever


def check_that_each_alert_exists_once(hospital: Any, standing: dict[str, Told], ever: set[str]) -> None:
    """One row, one event and one mail an alert; none has vanished; the chain is whole."""
    rows = hospital.rows(alert)
    assert {row.identity for row in rows} >= ever
    mails = hospital.rows(mail)
    assert len({(row.alert_id, row.address) for row in mails}) == len(mails) == len(rows)
    assert len(hospital.published("alert.raised.v1")) == len(rows)
    with hospital.alerts.reading() as connection:
        verdict = audit.verify(connection)
    assert verdict.broken_at is None
    assert verdict.entries >= len(rows)
    assert hospital.rows(study_dose, study_dose.c.study_instance_uid.not_in(standing)) == []


@given(st.lists(studies, max_size=12), st.randoms(use_true_random=False))
@settings(max_examples=20)
def test_whatever_the_order_sums_and_alerts_are_those_of_what_stands(
    hospital: Any, told: list[Told], random: Any
) -> None:
    hospital.clear()
    hospital.rule()
    hospital.rule("rf-study", scope="study", weeks=None, level=2.0)
    hospital.recipient("Physicist", "physicist@example.org")
    standing, ever = live_through(hospital, told, random)
    known = list(standing.values())
    sums = {row.study_instance_uid: row for row in hospital.rows(study_sum)}
    assert sums.keys() == standing.keys()
    open_alerts = {
        (row.rule_key, row.study_instance_uid): row.value
        for row in hospital.rows(alert)
        if row.withdrawn_at is None
    }
    passing: dict[tuple[str, str], float] = {}
    for one in known:
        total, count = expected_sum(one, known, 12)
        assert sums[one.uid].total == pytest.approx(total, abs=1e-12)
        assert sums[one.uid].number_of_studies == count
        if sums[one.uid].total >= 2.0:
            passing["rf-sum-dose-rp", one.uid] = total
        if one.gray >= 2.0:
            passing["rf-study", one.uid] = one.gray
    # A sum that one study alone passes is told by the rule for studies; one told before stays.
    alone = {("rf-sum-dose-rp", one.uid) for one in known if one.gray >= 2.0}
    assert open_alerts.keys() >= passing.keys() - alone
    assert open_alerts.keys() <= passing.keys()
    assert open_alerts == {key: pytest.approx(passing[key]) for key in open_alerts}
    check_that_each_alert_exists_once(hospital, standing, ever)


def test_an_older_study_that_comes_late_raises_the_alert_of_the_later_one(hospital: Any) -> None:
    hospital.rule()
    hospital.study("1.2.2", DAY, dose_rp_total_plane_a_gy=1.5)
    hospital.check("1.2.2")
    assert hospital.rows(alert) == []
    hospital.study("1.2.1", DAY - timedelta(weeks=12), dose_rp_total_plane_a_gy=0.5)
    assert hospital.check("1.2.1").raised == 1
    (row,) = hospital.rows(alert)
    assert row.study_instance_uid == "1.2.2"
    assert row.value == 2.0
    assert [one["study_instance_uid"] for one in row.evidence] == ["1.2.2", "1.2.1"]
    assert (row.state, row.mail_note) == ("detected", "no_recipient")


def test_a_removed_study_takes_its_alert_back_and_the_waiting_mail_with_it(hospital: Any) -> None:
    hospital.rule()
    hospital.recipient("Physicist", "physicist@example.org")
    hospital.study("1.2.1", DAY, dose_rp_total_plane_a_gy=1.5)
    hospital.study("1.2.2", DAY + timedelta(days=3), dose_rp_total_plane_a_gy=1.0)
    hospital.check("1.2.1", "1.2.2")
    assert [row.state for row in hospital.rows(mail)] == ["queued"]
    hospital.remove("1.2.1")
    assert hospital.check("1.2.1").withdrawn == 1
    (row,) = hospital.rows(alert)
    assert row.withdrawn_reason == "level_no_longer_reached"
    assert [row.state for row in hospital.rows(mail)] == ["cancelled"]
    hospital.study("1.2.1", DAY, dose_rp_total_plane_a_gy=1.5)
    assert hospital.check("1.2.1").reinstated == 1
    assert [row.state for row in hospital.rows(mail)] == ["queued"]
    actions = [row.action for row in sorted(hospital.rows(audit.audit), key=lambda row: row.seq)]
    assert actions == ["raised", "withdrawn", "reinstated"]


def test_both_planes_count_and_studies_that_are_no_patients_do_not(hospital: Any) -> None:
    hospital.rule("rf-study", scope="study", weeks=None)
    planes = {"dose_rp_total_plane_a_gy": 1.2, "dose_rp_total_plane_b_gy": 0.9}
    hospital.study("1.2.1", DAY, **planes)
    hospital.study("1.2.2", DAY, **planes, not_patient_indicator="IDs: *qa*")
    hospital.check("1.2.1", "1.2.2")
    assert [row.study_instance_uid for row in hospital.rows(alert)] == ["1.2.1"]


def test_recipients_without_address_are_named_and_rules_choose_their_recipients(hospital: Any) -> None:
    hospital.rule("rf-study", scope="study", weeks=None)
    hospital.recipient("Physicist", "physicist@example.org")
    hospital.recipient("Nobody's address", None)
    hospital.recipient("Only for sums", "sums@example.org", rules=["rf-sum-dose-rp"])
    hospital.study("1.2.1", DAY, dose_rp_total_plane_a_gy=2.5)
    hospital.check("1.2.1")
    (row,) = hospital.rows(alert)
    assert row.without_address == ["Nobody's address"]
    assert row.mail_note == "some_recipients_without_address"
    assert [one.address for one in hospital.rows(mail)] == ["physicist@example.org"]


def test_a_report_that_grows_warns_again_only_at_the_next_step(hospital: Any) -> None:
    hospital.rule("rf-steps", scope="study", weeks=None, level=3.0, step=1.0)
    for gray in (2.9, 3.2, 3.2, 3.8, 4.1, 6.5):
        hospital.study("1.2.1", DAY, dose_rp_total_plane_a_gy=gray)
        hospital.check("1.2.1")
    assert sorted(row.level for row in hospital.rows(alert)) == [3.0, 4.0, 6.0]
    hospital.study("1.2.1", DAY, dose_rp_total_plane_a_gy=4.5)
    hospital.check("1.2.1")
    assert {row.level for row in hospital.rows(alert) if row.withdrawn_at is not None} == {6.0}


def test_the_audit_chain_shows_a_changed_and_a_missing_entry(hospital: Any) -> None:
    hospital.rule("rf-study", scope="study", weeks=None)
    for number in (1, 2, 3):
        hospital.study(f"1.2.{number}", DAY, patient_id=f"p{number}", dose_rp_total_plane_a_gy=2.5)
        hospital.check(f"1.2.{number}")
    entry = audit.audit
    for forge, broken_at in (
        (sa.update(entry).where(entry.c.seq == 3).values(actor="somebody else"), 3),
        (sa.delete(entry).where(entry.c.seq == 2), 2),
    ):
        with hospital.alerts.transaction() as tx:
            tx.execute(forge)
            assert audit.verify(tx.connection).broken_at == broken_at
