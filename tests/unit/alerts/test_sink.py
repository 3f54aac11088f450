"""What the built-in mail sink tells of a message."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage, Message

import pytest

from dosebus_alerts.sink import first_link, subject_of

SUBJECTS = ("DoseBus warning: Dose-area product (23,150 cGy·cm²)", "Dosiswarnung: Mädchen, 2 Gy", "plain", "")


def as_received(subject: str, text: str = "") -> Message:
    message = EmailMessage()
    message["Subject"] = subject
    message.set_content(text)
    return message_from_bytes(message.as_bytes())


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_subject_is_told_as_it_is_read(subject: str) -> None:
    assert subject_of(as_received(subject)) == subject


def test_the_first_link_of_the_text_is_told() -> None:
    text = "Look at\nhttps://dose.example/alerts/1 and\nhttps://dose.example/2"
    assert first_link(as_received("x", text)) == "https://dose.example/alerts/1"
    assert first_link(as_received("x", "no link")) is None
