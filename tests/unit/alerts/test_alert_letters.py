"""The mails: what they say, how they look on the wire, when they are tried again."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from dosebus_alerts.letter import AlertFacts, Delivery, SumRow, compose, sealed
from dosebus_alerts.retry import RetrySchedule
from dosebus_alerts.speech import speech

FACTS = AlertFacts(
    title="Dose at reference point over 12 weeks",
    severity="warning",
    quantity="Dose at reference point",
    value="2.35 Gy",
    level="2 Gy",
    share="118%",
    scope="sum",
    weeks=12,
    number_of_studies=3,
    modality="Fluoroscopy",
    device="Room <3> & annex",
    told=(),
    sums=(SumRow("Dose at reference point", "0.4 Gy", 12, "2.35 Gy", 3, "2 Gy", passed=True),),
    study_link="https://dose.example/studies/1.2.3",
    alert_link="https://dose.example/alerts/0190",
)
DELIVERY = Delivery(
    sender="DoseBus <dosebus@example.org>",
    address="physicist@example.org",
    message_id="<0190@example.org>",
    written_at=datetime(2026, 5, 4, 12, tzinfo=UTC),
    kind="alert",
    alert_id="0190",
)
BEGUN = datetime(2026, 5, 4, tzinfo=UTC)


def test_a_bound_is_told_as_one() -> None:
    bound = replace(FACTS, value=speech("en").value("peak_skin_dose_gy", None, 3.1), at_most=True)
    letter = compose("en", "alert", asdict(bound))
    assert "(at most 3.1 Gy)" in letter.subject
    for part in (letter.text, letter.html):
        assert "at most 3.1 Gy" in part
        assert "cannot be excluded" in part
    assert "cannot be excluded" not in compose("en", "alert", asdict(FACTS)).text
    assert speech("en").value("peak_skin_dose_gy", 1.9, 2.1) == "1.9 Gy, at most 2.1 Gy"


def test_the_mail_of_an_alert_tells_the_sum_the_level_and_where_to_look() -> None:
    letter = compose("en", "alert", asdict(FACTS))
    assert letter.subject == "DoseBus warning: Dose at reference point over 12 weeks (2.35 Gy)"
    for part in (letter.text, letter.html):
        for told in (
            "2.35 Gy",
            "2 Gy",
            "118%",
            "3 studies",
            "12 weeks",
            "https://dose.example/studies/1.2.3",
        ):
            assert told in part
    assert "Room <3> & annex" in letter.text
    assert "Room &lt;3&gt; &amp; annex" in letter.html


def test_a_fact_that_is_missing_is_an_error_rather_than_a_gap() -> None:
    facts = asdict(FACTS)
    del facts["level"]
    with pytest.raises(UndefinedError):
        compose("en", "alert", facts)


def test_the_message_on_the_wire_is_whole_and_always_the_same() -> None:
    letter = compose("en", "alert", asdict(FACTS))
    wire = sealed(letter, DELIVERY)
    assert wire == sealed(letter, DELIVERY)
    assert all(len(line) <= 998 for line in wire.split(b"\r\n"))
    assert b"\n" not in wire.replace(b"\r\n", b"")
    message = message_from_bytes(wire, policy=default)
    assert message["Message-ID"] == "<0190@example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    parts = {
        part.get_content_type(): part.get_content() for part in message.walk() if not part.is_multipart()
    }
    assert parts["text/plain"].splitlines() == letter.text.splitlines()
    assert parts["text/html"].splitlines() == letter.html.splitlines()


def test_the_test_mail_says_that_nothing_has_happened() -> None:
    letter = compose("en", "test", {"public_url": "https://dose.example"})
    assert "Nothing has happened" in letter.text
    assert "https://dose.example" in letter.html


@given(st.integers(1, 200), st.text())
def test_delays_double_up_to_the_longest_and_spread_by_a_tenth(attempt: int, key: str) -> None:
    schedule = RetrySchedule(15, 3600, 5 * 86400)
    plain = min(15 * 2 ** (attempt - 1), 3600)
    delay = schedule.delay(attempt, key)
    assert timedelta(seconds=plain) <= delay <= timedelta(seconds=plain * 1.1)
    assert delay == schedule.delay(attempt, key)


def test_it_is_time_to_give_up_when_the_next_try_would_be_too_late() -> None:
    schedule = RetrySchedule(10, 10, 60)
    assert schedule.next_attempt(BEGUN + timedelta(seconds=40), BEGUN, 4, "m") is not None
    assert schedule.next_attempt(BEGUN + timedelta(seconds=55), BEGUN, 5, "m") is None
