"""Delivery reports of several mail servers, and messages that are none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dosebus_alerts.bounce_report import Failure, is_report, read_report, told
from tests.fixtures.bounces import REPORTS, delayed, nameless, report_of

IDENTITY = "<0190a1b2-0000-7000-8000-000000000001@hospital.example>"
ADDRESS = "physicist@clinic.example"
STATUS = {"Postfix": "5.1.1", "Exchange": "5.1.10", "Exim": "5.2.2"}


@pytest.mark.parametrize("server", REPORTS)
def test_each_servers_report_names_the_message_the_recipient_and_why(server: str) -> None:
    report = read_report(report_of(server, IDENTITY, ADDRESS))
    assert report is not None
    assert report.message_ids == {IDENTITY}
    (failure,) = report.failures
    assert failure.addresses == {ADDRESS}
    assert failure.status == STATUS[server]


def test_words_that_could_name_a_person_are_not_kept() -> None:
    exim = read_report(report_of("Exim", IDENTITY, ADDRESS))
    assert exim is not None
    words = told(exim.failures[0], with_words=True)
    assert words == "552-5.2.2 The mailbox of … is full; see …"
    postfix = read_report(report_of("Postfix", IDENTITY, ADDRESS))
    assert postfix is not None
    kept = told(postfix.failures[0], with_words=True)
    assert kept == "550 5.1.1 … : Recipient address rejected: User unknown in virtual mailbox table"
    quoting = Failure(
        "5.7.1", 'smtp; 554 5.7.1 rejected, subject Doe^Jane 1961-02-03 ID 123456789 "Doe"', frozenset()
    )
    assert told(quoting, with_words=True) == "554 5.7.1 rejected, …"


def test_only_the_code_is_kept_where_mails_may_tell_of_patients() -> None:
    failure = Failure("5.7.1", "smtp; 554 5.7.1 we do not take mail about Jane Doe", frozenset())
    assert told(failure, with_words=False) == "554"
    assert told(Failure("5.0.0", "x-unix; it broke", frozenset()), with_words=False) == ""


def test_a_delay_is_no_failure() -> None:
    report = read_report(report_of("Postfix", IDENTITY, ADDRESS, delayed))
    assert report is not None
    assert report.message_ids == {IDENTITY}
    assert report.failures == ()


def test_a_report_without_the_message_still_names_the_recipient() -> None:
    report = read_report(report_of("Postfix", IDENTITY, ADDRESS, nameless))
    assert report is not None
    assert report.message_ids == frozenset()
    assert report.addresses == {ADDRESS}


def test_one_of_several_recipients_can_fail() -> None:
    def second(text: str) -> str:
        return text.replace(
            "Final-Recipient: rfc822; physicist",
            "Final-Recipient: rfc822; other@clinic.example\nAction: delivered\nStatus: 2.0.0\n\n"
            "Final-Recipient: rfc822; physicist",
        )

    report = read_report(report_of("Postfix", IDENTITY, ADDRESS, second))
    assert report is not None
    assert report.addresses == {ADDRESS, "other@clinic.example"}
    assert [one.addresses for one in report.failures] == [{ADDRESS}]


def test_a_report_in_unicode_is_read() -> None:
    def unicode_report(text: str) -> str:
        return text.replace(
            "Content-Type: message/delivery-status", "Content-Type: message/global-delivery-status"
        )

    report = read_report(report_of("Postfix", IDENTITY, ADDRESS, unicode_report))
    assert report is not None
    assert [one.status for one in report.failures] == ["5.1.1"]


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("multipart/report; report-type=delivery-status; boundary=x", True),
        ("multipart/report; boundary=x", True),
        ('Multipart/Report; REPORT-TYPE="delivery-status"', True),
        ("multipart/report; report-type=disposition-notification", False),
        ("multipart/mixed; boundary=x", False),
        ("text/plain", False),
        ("", False),
    ],
)
def test_reports_are_told_by_their_content_type(content_type: str, expected: bool) -> None:
    assert is_report(content_type) is expected


def test_other_messages_are_no_reports() -> None:
    assert read_report(b"Subject: hello\r\n\r\nhello\r\n") is None
    assert read_report(b"Content-Type: multipart/report; boundary=x\r\n\r\nno parts\r\n") is None
    assert read_report(b"") is None


@given(st.data())
@settings(max_examples=100)
def test_a_damaged_report_is_read_or_left_but_never_raises(data: st.DataObject) -> None:
    whole = report_of(data.draw(st.sampled_from(sorted(REPORTS))), IDENTITY, ADDRESS)
    first = data.draw(st.integers(0, len(whole)))
    last = data.draw(st.integers(first, len(whole)))
    damaged = whole[:first] + data.draw(st.binary(max_size=20)) + whole[last:]
    report = read_report(damaged)
    if report is not None:
        for failure in report.failures:
            assert len(told(failure, with_words=True)) <= 160
