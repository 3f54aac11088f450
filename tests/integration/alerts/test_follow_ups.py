"""Reminders and further recipients, digests and quiet hours: each message once, and none lost."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from dosebus.events.alerts import AlertMailRequested, AlertStateRequested
from dosebus.store.tables.alerts import address, alert, audit, mail
from dosebus_alerts import consumers, outbound
from dosebus_alerts.bells import Bells
from dosebus_alerts.digest import make_digests
from dosebus_alerts.follow_up import take_steps

DAY = date(2026, 5, 4)
DOMAIN = "example.org"


def hours(count: float) -> datetime:
    return datetime.now(UTC) + timedelta(hours=count)


def raise_alert(hospital: Any, uid: str = "1.2.1", gray: float = 2.5, **rule: Any) -> Any:
    hospital.rule("rf-study", **({"title": "Dose of a study", "scope": "study", "weeks": None} | rule))
    hospital.study(uid, DAY, patient_id=f"p{uid}", dose_rp_total_plane_a_gy=gray)
    hospital.check(uid)
    return next(row.id for row in hospital.rows(alert, alert.c.study_instance_uid == uid))


def step(hospital: Any, now: datetime) -> int:
    with hospital.alerts.transaction() as tx:
        return take_steps(tx, DOMAIN, now)


def digest(hospital: Any, now: datetime) -> list[Any]:
    with hospital.alerts.transaction() as tx:
        return make_digests(tx, DOMAIN, now)


def send(hospital: Any, server: Any) -> None:
    sender = hospital.sender(server.server)
    for _ in range(30):
        if not sender.send_next():
            return


def received(server: Any) -> list[tuple[str, str]]:
    messages = [message_from_bytes(one.content, policy=default) for one in server.messages]
    return [(message["To"], message["X-DoseBus-Kind"]) for message in messages]


def test_who_was_told_is_reminded_and_then_others_are_told_each_once(hospital: Any, mail_server: Any) -> None:
    hospital.recipient("Physicist", "physicist@example.org", rules=["rf-study"])
    head = hospital.recipient("Head", "head@example.org", rules=[])
    hospital.rule("rf-study", scope="study", weeks=None)
    hospital.follow_up("rf-study", 2)
    hospital.follow_up("rf-study", 4, [head])
    hospital.study("1.2.1", DAY, dose_rp_total_plane_a_gy=2.5)
    hospital.check("1.2.1")
    send(hospital, mail_server)
    assert step(hospital, hours(1)) == 0
    assert step(hospital, hours(2.1)) == 1
    assert step(hospital, hours(2.2)) == 0
    send(hospital, mail_server)
    assert step(hospital, hours(5)) == 1
    assert step(hospital, hours(50)) == 0
    send(hospital, mail_server)
    assert received(mail_server) == [
        ("physicist@example.org", "alert"),
        ("physicist@example.org", "reminder"),
        ("head@example.org", "reminder"),
    ]
    reminder = message_from_bytes(mail_server.messages[1].content, policy=default)
    assert reminder["Subject"].startswith("DoseBus reminder, not acknowledged: ")
    entries = [row.details for row in hospital.rows(audit, audit.c.action == "followed_up")]
    assert [(one["step"], one["mails"]) for one in sorted(entries, key=lambda one: one["step"])] == [
        (1, 1),
        (2, 1),
    ]


def test_steps_that_fell_due_while_it_was_down_are_all_taken(hospital: Any, mail_server: Any) -> None:
    hospital.recipient("Physicist", "physicist@example.org", rules=["rf-study"])
    head = hospital.recipient("Head", "head@example.org", rules=[])
    hospital.follow_up(None, 1)
    hospital.follow_up(None, 2, [head])
    raise_alert(hospital)
    send(hospital, mail_server)
    assert step(hospital, hours(9)) == 2
    send(hospital, mail_server)
    assert received(mail_server)[1:] == [
        ("physicist@example.org", "reminder"),
        ("head@example.org", "reminder"),
    ]


@pytest.mark.parametrize("what", ["acknowledged", "withdrawn", "on trial", "found silently", "rule off"])
def test_nobody_is_reminded_of_what_needs_nobody(hospital: Any, what: str) -> None:
    hospital.recipient("Physicist", "physicist@example.org")
    hospital.rule("rf-study", scope="study", weeks=None, trial=what == "on trial")
    hospital.follow_up(None, 1)
    hospital.study("1.2.1", DAY, dose_rp_total_plane_a_gy=2.5)
    hospital.check("1.2.1", origin="recalculation" if what == "found silently" else "arrival")
    (row,) = hospital.rows(alert)
    if what == "acknowledged":
        event = AlertStateRequested(alert_id=row.id, state="acknowledged", requested_by="anna")
        hospital.ask(event)
    if what == "withdrawn":
        hospital.remove("1.2.1")
        hospital.check("1.2.1")
    if what == "rule off":
        hospital.rule("rf-study", scope="study", weeks=None, enabled=False)
    assert step(hospital, hours(5)) == 0


def test_one_whose_first_mail_still_waits_is_not_reminded(hospital: Any) -> None:
    hospital.recipient("Physicist", "physicist@example.org")
    hospital.follow_up(None, 1)
    raise_alert(hospital)
    assert step(hospital, hours(2)) == 1
    assert [row.kind for row in hospital.rows(mail)] == ["alert"]


def at(day: int, hour: float) -> datetime:
    """An instant of coming days: what is raised now lies before it."""
    start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return start + timedelta(days=day, hours=hour)


def test_a_digest_tells_of_all_alerts_once_a_day(hospital: Any, mail_server: Any) -> None:
    hospital.recipient("Physicist", "physicist@example.org", digest_hour=7)
    first, second = raise_alert(hospital), raise_alert(hospital, "1.2.2")
    send(hospital, mail_server)
    assert received(mail_server) == []
    assert {row.state for row in hospital.rows(mail)} == {"gathered"}
    assert len(digest(hospital, at(2, 8))) == 1
    assert digest(hospital, at(2, 9)) == []
    send(hospital, mail_server)
    assert received(mail_server) == [("physicist@example.org", "digest")]
    message = message_from_bytes(mail_server.messages[0].content, policy=default)
    text = message.get_body(("plain",)).get_content()
    assert f"https://dose.example/alerts/{first}" in text
    assert f"https://dose.example/alerts/{second}" in text
    assert message["Subject"].endswith(": 2 alerts")
    assert {row.state for row in hospital.rows(mail)} == {"sent"}
    assert {row.state for row in hospital.rows(alert)} == {"sent"}
    assert len(hospital.published("alert.mail.sent.v1")) == 2
    assert digest(hospital, at(3, 8)) == []


def test_a_digest_goes_by_the_clock_of_the_site(hospital: Any) -> None:
    hospital.setting("site.time_zone", "Asia/Tokyo")
    hospital.recipient("Physicist", "physicist@example.org", digest_hour=7)
    raise_alert(hospital)
    (digest_id,) = digest(hospital, at(2, 22.5))
    (row,) = hospital.rows(mail, mail.c.id == digest_id)
    assert row.digest_day == at(3, 0).date()


def test_what_is_critical_goes_at_once_unless_the_recipient_does_not_want_that(hospital: Any) -> None:
    hospital.recipient("At once", "a@example.org", digest_hour=7)
    hospital.recipient("Never singly", "b@example.org", digest_hour=7, digest_critical_at_once=False)
    raise_alert(hospital, severity="critical")
    assert {row.address: row.state for row in hospital.rows(mail)} == {
        "a@example.org": "queued",
        "b@example.org": "gathered",
    }


def test_a_withdrawn_alert_leaves_the_digest_and_an_empty_digest_is_not_sent(
    hospital: Any, mail_server: Any
) -> None:
    hospital.recipient("Physicist", "physicist@example.org", digest_hour=7)
    raise_alert(hospital)
    digest(hospital, at(2, 8))
    hospital.remove("1.2.1")
    hospital.check("1.2.1")
    send(hospital, mail_server)
    assert received(mail_server) == []
    assert {row.kind: row.state for row in hospital.rows(mail)} == {
        "alert": "cancelled",
        "digest": "cancelled",
    }
    hospital.study("1.2.1", DAY, patient_id="p1.2.1", dose_rp_total_plane_a_gy=2.5)
    assert hospital.check("1.2.1").reinstated == 1
    digest(hospital, at(3, 8))
    send(hospital, mail_server)
    assert received(mail_server) == [("physicist@example.org", "digest")]


def test_whoever_wants_no_digest_any_more_gets_the_rest_singly(hospital: Any, mail_server: Any) -> None:
    recipient = hospital.recipient("Physicist", "physicist@example.org", digest_hour=7)
    raise_alert(hospital)
    with hospital.web.transaction() as tx:
        tx.execute(
            sa.text("UPDATE config.alert_recipient SET digest_hour = NULL WHERE id = :id"), {"id": recipient}
        )
    assert digest(hospital, hours(0)) == []
    send(hospital, mail_server)
    assert received(mail_server) == [("physicist@example.org", "alert")]


def test_a_digest_in_doubt_is_doubt_of_all_it_tells_and_can_be_sent_again(
    hospital: Any, mail_server: Any
) -> None:
    hospital.recipient("Physicist", "physicist@example.org", digest_hour=7)
    raise_alert(hospital)
    raise_alert(hospital, "1.2.2")
    (digest_id,) = digest(hospital, at(2, 8))
    mail_server.at_message = lambda: "hang up"
    send(hospital, mail_server)
    assert {row.state for row in hospital.rows(mail)} == {"in_doubt"}
    assert {row.state for row in hospital.rows(alert)} == {"failed"}
    mail_server.at_message = lambda: None
    with hospital.alerts.transaction() as tx:
        again = AlertMailRequested(mail_id=digest_id, requested_by="anna")
        consumers.send_mail_again(again, tx, Bells())
    send(hospital, mail_server)
    assert {row.state for row in hospital.rows(mail)} == {"sent"}
    assert {row.state for row in hospital.rows(alert)} == {"sent"}
    assert len(hospital.rows(audit, audit.c.action == "mail_sent_again")) == 2


HAPPENINGS = (
    "alert",
    "withdraw",
    "digest",
    "send",
    "greylist",
    "die sending",
    "die handing over",
    "next day",
)


@given(st.lists(st.sampled_from(HAPPENINGS), max_size=14))
@settings(max_examples=15)
def test_whatever_happens_a_recipient_gets_one_digest_a_day_and_every_alert_in_one_of_them(
    hospital: Any, mail_server: Any, happenings: list[str]
) -> None:
    hospital.clear()
    mail_server.messages.clear()
    hospital.recipient("Physicist", "physicist@example.org", digest_hour=7)
    day, raised = 2, 0
    for happening in [*happenings, "next day", "digest", "send", "send"]:
        mail_server.at_recipient = lambda who, now=happening: "450 later" if now == "greylist" else None
        if happening == "alert":
            raised += 1
            raise_alert(hospital, f"1.2.{raised}")
        elif happening == "withdraw" and raised:
            hospital.remove(f"1.2.{raised}")
            hospital.check(f"1.2.{raised}")
        elif happening == "next day":
            day += 1
        elif happening == "digest":
            digest(hospital, at(day, 8))
        elif happening.startswith("die"):
            with hospital.alerts.transaction() as tx:
                row = outbound.claim(tx)
                if row is not None and happening == "die handing over":
                    outbound.hand_over(tx, row.id, row.claim)
            hospital.sender(mail_server.server)._recover()
        else:
            hospital.sender(mail_server.server).send_next()
    digests = hospital.rows(mail, mail.c.kind == "digest")
    assert len({row.digest_day for row in digests}) == len(digests)
    arrived = [one.message_id for one in mail_server.messages]
    assert len(arrived) == len(set(arrived))
    told = [one.content.decode() for one in mail_server.messages]
    states = {row.id: row.state for row in digests}
    for row in hospital.rows(mail, mail.c.kind == "alert"):
        link = f"https://dose.example/alerts/{row.alert_id}"
        times = sum(link in text.replace("=\r\n", "") for text in told)
        assert times == (1 if row.state == "sent" else 0)
        if row.state == "in_doubt":
            assert states[row.digest_id] == "in_doubt"
        else:
            assert row.state in {"sent", "cancelled", "gathered"}
        if row.state == "gathered" and row.digest_id is not None:
            assert states[row.digest_id] == "queued"


def quiet_now(**values: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    since, until = (now - timedelta(hours=2)).time(), (now + timedelta(hours=2)).time()
    return {"quiet_from": since, "quiet_until": until} | values


def test_quiet_hours_delay_a_mail_and_lose_none(hospital: Any, mail_server: Any) -> None:
    recipient = hospital.recipient("Physicist", "physicist@example.org", **quiet_now())
    raise_alert(hospital)
    send(hospital, mail_server)
    (row,) = hospital.rows(mail)
    assert (row.state, row.reason_code, row.attempts, received(mail_server)) == (
        "queued",
        "quiet_hours",
        0,
        [],
    )
    assert timedelta(hours=1.9) < row.next_attempt_at - datetime.now(UTC) < timedelta(hours=2.1)
    assert hospital.published("alert.mail.failed.v1") == []
    with hospital.web.transaction() as tx:
        tx.execute(
            sa.text("UPDATE config.alert_recipient SET quiet_from = NULL, quiet_until = NULL WHERE id = :id"),
            {"id": recipient},
        )
    with hospital.alerts.transaction() as tx:
        tx.execute(sa.update(mail).values(next_attempt_at=datetime.now(UTC)))
    send(hospital, mail_server)
    assert received(mail_server) == [("physicist@example.org", "alert")]


def test_what_is_critical_may_break_the_quiet(hospital: Any, mail_server: Any) -> None:
    hospital.recipient("Wakes", "a@example.org", **quiet_now())
    hospital.recipient("Sleeps", "b@example.org", **quiet_now(quiet_critical_at_once=False))
    raise_alert(hospital, severity="critical")
    send(hospital, mail_server)
    assert received(mail_server) == [("a@example.org", "alert")]


def test_an_address_that_refuses_is_noted_until_it_takes_a_message_again(
    hospital: Any, mail_server: Any
) -> None:
    hospital.recipient("Physicist", "Physicist@Example.org")
    mail_server.at_recipient = lambda who: "550 5.1.1 no such user"
    raise_alert(hospital)
    send(hospital, mail_server)
    (first,) = hospital.rows(address)
    assert (first.address, first.refusals, first.reason_code) == (
        "physicist@example.org",
        1,
        "recipient_refused_550",
    )
    raise_alert(hospital, "1.2.2")
    send(hospital, mail_server)
    (second,) = hospital.rows(address)
    assert (second.refusals, second.refused_since) == (2, first.refused_since)
    mail_server.at_recipient = lambda who: None
    raise_alert(hospital, "1.2.3")
    send(hospital, mail_server)
    (third,) = hospital.rows(address)
    assert (third.refused_since, third.refusals) == (None, 0)
    assert third.last_sent_at is not None


@pytest.mark.parametrize(
    ("since", "until", "clock", "expected"),
    [
        (time(22), time(6), time(23), "06:00 next day"),
        (time(22), time(6), time(5), "06:00"),
        (time(22), time(6), time(6), None),
        (time(12), time(13), time(12, 30), "13:00"),
        (time(12), time(13), time(11, 59), None),
    ],
)
def test_quiet_hours_reach_over_midnight(since: time, until: time, clock: time, expected: str | None) -> None:
    from zoneinfo import ZoneInfo

    from dosebus_alerts.recipients import Recipient

    zone = ZoneInfo("Europe/Berlin")
    sleeper = Recipient(1, "S", "s@example.org", "en", None, quiet_from=since, quiet_until=until)
    ends = sleeper.quiet_ends(datetime.combine(DAY, clock, zone), zone, "warning")
    told = None if ends is None else ends.astimezone(zone)
    day = "" if told is None or told.date() == DAY else " next day"
    assert (None if told is None else f"{told:%H:%M}{day}") == expected


def test_hours_without_acknowledgement_count_anew_when_an_alert_is_opened_again(hospital: Any) -> None:
    hospital.recipient("Physicist", "physicist@example.org")
    hospital.rule("rf-study", scope="study", weeks=None)
    hospital.follow_up(None, 1)
    hospital.study("1.2.1", DAY, dose_rp_total_plane_a_gy=2.5)
    hospital.check("1.2.1")
    (row,) = hospital.rows(alert)
    now = datetime.now(UTC)
    with hospital.alerts.transaction() as tx:
        tx.execute(
            sa.update(alert).values(
                state="sent", raised_at=now - timedelta(days=3), reopened_at=now - timedelta(minutes=30)
            )
        )
        tx.execute(sa.update(mail).values(state="sent", sent_at=now))
        assert take_steps(tx, DOMAIN, now) == 0
        assert take_steps(tx, DOMAIN, now + timedelta(minutes=40)) == 1
    assert {one.kind for one in hospital.rows(mail, mail.c.alert_id == row.id)} == {"alert", "reminder"}
