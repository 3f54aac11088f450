"""Mail through a real SMTP server that refuses, hangs, greylists and dies, and through a sender that dies."""

from __future__ import annotations

import threading
import time
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from dosebus.bus.message import Reject
from dosebus.events.alerts import AlertMailRequested
from dosebus.store.tables.alerts import alert, mail
from dosebus_alerts import consumers, outbound
from dosebus_alerts.audit import audit
from dosebus_alerts.bells import Bells
from dosebus_alerts.carriers import ByMail
from dosebus_alerts.courier import Server
from dosebus_alerts.recipients import Recipient
from dosebus_alerts.retry import RetrySchedule
from dosebus_alerts.sender import Sender
from dosebus_alerts.sink import Sink

DAY = date(2026, 5, 4)


class PowerFailureError(BaseException):
    """The process ends here."""


def raise_alerts(hospital: Any, count: int = 1, recipients: int = 1) -> None:
    hospital.rule("rf-study", title="Dose of a study", scope="study", weeks=None)
    for number in range(recipients):
        hospital.recipient(f"Physicist {number}", f"physicist{number}@example.org")
    for number in range(count):
        hospital.study(f"1.2.{number}", DAY, patient_id=f"p{number}", dose_rp_total_plane_a_gy=2.5)
        hospital.check(f"1.2.{number}")


def work_off(sender: Sender, limit: int = 20) -> None:
    for _ in range(limit):
        if not sender.send_next():
            return


def test_an_alert_is_mailed_once_to_every_recipient(hospital: Any, mail_server: Any) -> None:
    raise_alerts(hospital, count=2, recipients=2)
    work_off(hospital.sender(mail_server.server))
    work_off(hospital.sender(mail_server.server))
    assert len(mail_server.messages) == 4
    assert {row.state for row in hospital.rows(mail)} == {"sent"}
    assert {row.state for row in hospital.rows(alert)} == {"sent"}
    assert len(hospital.published("alert.mail.sent.v1")) == 4
    message = message_from_bytes(mail_server.messages[0].content, policy=default)
    assert message["Subject"] == "DoseBus warning: Dose of a study (2.5 Gy)"
    text = message.get_body(("plain",)).get_content()
    assert "https://dose.example/study/1.2.0" in text
    assert "p0" not in text.replace("https://dose.example", "")


def test_a_refusal_for_good_fails_at_once_and_the_others_get_theirs(hospital: Any, mail_server: Any) -> None:
    raise_alerts(hospital, recipients=2)
    mail_server.at_recipient = lambda address: (
        "550 no such user" if address.startswith("physicist0") else None
    )
    work_off(hospital.sender(mail_server.server))
    states = {row.address: (row.state, row.reason_code) for row in hospital.rows(mail)}
    assert states["physicist0@example.org"] == ("failed", "recipient_refused_550")
    assert states["physicist1@example.org"][0] == "sent"
    assert [row.state for row in hospital.rows(alert)] == ["failed"]
    (failed,) = hospital.published("alert.mail.failed.v1")
    assert failed["final"] is True


def test_greylisting_delays_a_mail(hospital: Any, mail_server: Any) -> None:
    raise_alerts(hospital)
    answers = iter(["450 come back later", "451 still busy", None])
    mail_server.at_recipient = lambda address: next(answers)
    work_off(hospital.sender(mail_server.server))
    (row,) = hospital.rows(mail)
    assert (row.state, row.attempts) == ("sent", 3)
    failures = hospital.published("alert.mail.failed.v1")
    assert [(one["attempt"], one["final"]) for one in failures] == [(1, False), (2, False)]


def test_an_outage_delays_mail_and_loses_none(hospital: Any, serve_mail: Any, mail_server: Any) -> None:
    raise_alerts(hospital, count=3)
    nowhere = Server("127.0.0.1", 1, "none", command_timeout_s=1)
    for _ in range(3):
        hospital.sender(nowhere).send_next()
    assert {row.state for row in hospital.rows(mail)} == {"queued"}
    assert {row.reason_code for row in hospital.rows(mail)} == {"no_connection"}
    work_off(hospital.sender(mail_server.server))
    assert len(mail_server.messages) == 3


def test_it_gives_up_in_the_end_and_a_person_can_send_it_again(hospital: Any, mail_server: Any) -> None:
    raise_alerts(hospital)
    mail_server.at_message = lambda: "452 disk full"
    hospital.sender(mail_server.server, schedule=RetrySchedule(60, 60, 1)).send_next()
    (row,) = hospital.rows(mail)
    assert (row.state, row.reason_code) == ("failed", "message_refused_452")
    mail_server.at_message = lambda: None
    with hospital.alerts.transaction() as tx:
        again = AlertMailRequested(mail_id=row.id, requested_by="admin")
        consumers.send_mail_again(again, tx, Bells())
    work_off(hospital.sender(mail_server.server))
    assert len(mail_server.messages) == 1
    assert [row.state for row in hospital.rows(alert)] == ["sent"]
    with hospital.alerts.transaction() as tx, pytest.raises(Reject):
        consumers.send_mail_again(again, tx, Bells())
    assert len(hospital.rows(audit, audit.c.action == "mail_sent_again")) == 1


@pytest.mark.parametrize("answer", ["hang up", "take and hang up"])
def test_a_server_that_dies_without_an_answer_leaves_the_mail_in_doubt(
    hospital: Any, mail_server: Any, answer: str
) -> None:
    raise_alerts(hospital)
    mail_server.at_message = lambda: answer
    work_off(hospital.sender(mail_server.server))
    (row,) = hospital.rows(mail)
    assert (row.state, row.reason_code) == ("in_doubt", "no_answer")
    assert [one.state for one in hospital.rows(alert)] == ["failed"]
    assert "mail_in_doubt" in [entry.action for entry in hospital.rows(audit)]
    mail_server.at_message = lambda: None
    work_off(hospital.sender(mail_server.server))
    assert len(mail_server.messages) == (1 if answer.startswith("take") else 0)


def test_a_server_that_hangs_is_left_in_time_and_tried_again(hospital: Any, mail_server: Any) -> None:
    raise_alerts(hospital)

    let_go = threading.Event()

    def hang(address: str) -> None:
        let_go.wait(60)

    mail_server.at_recipient = hang
    server = Server("127.0.0.1", mail_server.port, "none", command_timeout_s=1.5)
    hospital.sender(server).send_next()
    let_go.set()
    (row,) = hospital.rows(mail)
    assert (row.state, row.reason_code) == ("queued", "connection_lost")
    mail_server.at_recipient = lambda address: None
    work_off(hospital.sender(mail_server.server))
    assert len(mail_server.messages) == 1


@pytest.mark.parametrize("step", ["before the message", "before the last line", "after the answer"])
def test_a_sender_that_dies_never_sends_twice(
    hospital: Any, mail_server: Any, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    raise_alerts(hospital)
    dying = hospital.sender(mail_server.server)

    def die(*_: object, **__: object) -> None:
        raise PowerFailureError

    def die_once_noted(row: Any) -> bool:
        Sender._hand_over(dying, row)
        raise PowerFailureError

    if step == "before the message":
        monkeypatch.setattr(ByMail, "written", die)
    elif step == "before the last line":
        monkeypatch.setattr(dying, "_hand_over", die_once_noted)
    else:
        monkeypatch.setattr(dying, "_settle", die)
    with pytest.raises(PowerFailureError):
        dying.send_next()
    assert len(mail_server.messages) == (1 if step == "after the answer" else 0)

    monkeypatch.undo()
    heir = hospital.sender(mail_server.server)
    heir._recover()
    work_off(heir)
    (row,) = hospital.rows(mail)
    if step == "before the message":
        assert (row.state, len(mail_server.messages)) == ("sent", 1)
    else:
        assert (row.state, row.reason_code) == ("in_doubt", "crash")
        assert len(mail_server.messages) == (1 if step == "after the answer" else 0)
        assert len(hospital.published("alert.mail.failed.v1")) == 1


def test_the_built_in_sink_knows_what_arrived_so_nothing_stays_in_doubt(
    hospital: Any, tmp_path: Path
) -> None:
    raise_alerts(hospital, count=2)
    sink = Sink(tmp_path)
    try:
        server = Server("127.0.0.1", sink.port, "none")
        with hospital.alerts.transaction() as tx:
            first, second = outbound.claim(tx), outbound.claim(tx)
            assert outbound.hand_over(tx, first.id, first.claim)
            assert outbound.hand_over(tx, second.id, second.claim)
        # The first one arrived, the second one did not, and then everything stopped.
        (tmp_path / f"{first.id}.eml").write_text("arrived")
        heir = hospital.sender(server, arrived=sink.has)
        heir._recover()
        work_off(heir)
        assert {row.state for row in hospital.rows(mail)} == {"sent"}
        assert sorted(path.stem for path in tmp_path.glob("*.eml")) == sorted([str(first.id), str(second.id)])
        assert (tmp_path / f"{first.id}.eml").read_text() == "arrived"
    finally:
        sink.close()


def test_of_several_senders_one_sits_and_every_mail_goes_once(hospital: Any, mail_server: Any) -> None:
    raise_alerts(hospital, count=6)
    senders = [hospital.sender(mail_server.server) for _ in range(3)]
    threads = [threading.Thread(target=sender.run) for sender in senders]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 120
    while len(mail_server.messages) < 6 and time.monotonic() < deadline:
        time.sleep(0.02)
    for sender in senders:
        sender._stop.set()
    for thread in threads:
        thread.join(60)
    assert len({message.message_id for message in mail_server.messages}) == len(mail_server.messages) == 6


def test_who_lost_the_claim_stops_before_the_last_line(hospital: Any, mail_server: Any) -> None:
    raise_alerts(hospital)
    sender = hospital.sender(mail_server.server)

    def lose_claim(address: str) -> None:
        with hospital.alerts.transaction() as tx:
            outbound.recover(tx)

    mail_server.at_recipient = lose_claim
    assert sender.send_next()
    assert mail_server.messages == []
    assert [row.state for row in hospital.rows(mail)] == ["queued"]


def test_a_test_mail_goes_out_and_counts_as_no_alert(hospital: Any, mail_server: Any) -> None:
    with hospital.alerts.transaction() as tx:
        recipient = Recipient(7, "Physicist", "Physicist@Example.org", "en", None)
        notice = outbound.Notice("test", None, "notice", "example.org", requested_by="admin")
        outbound.queue(tx, notice, [recipient])
        outbound.queue(tx, notice, [recipient])
    work_off(hospital.sender(mail_server.server))
    assert len(mail_server.messages) == 2
    assert hospital.published("alert.mail.sent.v1") == []


ANSWERS = {
    "busy": "421 closing",
    "disk full": "452 full",
    "hang up": "hang up",
    "take and hang up": "take and hang up",
}
behaviours = st.lists(
    st.sampled_from(["take", "greylist", *ANSWERS, "die before", "die after"]),
    min_size=1,
    max_size=8,
)


@given(behaviours)
@settings(max_examples=25)
def test_whatever_happens_no_mail_arrives_twice_and_none_is_lost_unseen(
    hospital: Any, mail_server: Any, happenings: list[str]
) -> None:
    hospital.clear()
    mail_server.messages.clear()
    raise_alerts(hospital, count=2)
    for happening in [*happenings, "take", "take"]:
        mail_server.at_recipient = lambda address, now=happening: "450 later" if now == "greylist" else None
        mail_server.at_message = lambda now=happening: ANSWERS.get(now)
        sender = hospital.sender(mail_server.server)
        if happening.startswith("die"):
            with hospital.alerts.transaction() as tx:
                row = outbound.claim(tx)
            if row is not None and happening == "die after":
                with hospital.alerts.transaction() as tx:
                    outbound.hand_over(tx, row.id, row.claim)
            sender._recover()
        else:
            sender.send_next()
    arrived = [message.message_id for message in mail_server.messages]
    assert len(arrived) == len(set(arrived))
    for row in hospital.rows(mail):
        assert row.state in {"sent", "in_doubt", "queued"}
        if row.state == "sent":
            assert row.message_id in arrived
        if row.state == "queued":
            assert row.message_id not in arrived


def test_a_recalculation_finds_what_a_lower_level_catches_and_says_so(hospital: Any) -> None:
    from dosebus_alerts import recalculation
    from dosebus_alerts.recalculation import Recalculator

    hospital.rule(level=5.0)
    hospital.recipient("Physicist", "physicist@example.org")
    for number in range(3):
        day = DAY + timedelta(days=number)
        hospital.study(f"1.2.{number}", day, dose_rp_total_plane_a_gy=1.5)
        hospital.check(f"1.2.{number}")
    hospital.rule(level=3.0, version=2)
    with hospital.alerts.transaction() as tx:
        assert recalculation.ask_for(tx, "requested", "admin") is not None
        assert recalculation.ask_for(tx, "settings_changed", None) is None
    # Gone without a word: only the ledger still knows it.
    hospital.remove("1.2.0")
    worker = Recalculator(hospital.alerts, threading.Event(), "example.org", threading.Event())
    while worker.work():
        pass
    (run,) = hospital.rows(recalculation.recalculation)
    assert (run.state, run.studies_done, run.studies_total, run.raised) == ("done", 3, 3, 1)
    (found,) = hospital.rows(alert)
    assert (found.study_instance_uid, found.origin, found.mail_note) == (
        "1.2.2",
        "recalculation",
        "found_by_recalculation",
    )
    assert hospital.rows(mail) == []
    assert run.finished_at <= datetime.now(UTC)
    assert hospital.rows(alert, sa.not_(alert.c.state == "detected")) == []
