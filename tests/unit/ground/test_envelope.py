"""The envelope and its identifiers."""

from __future__ import annotations

import json
from typing import Literal, get_origin
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from dosebus.events.envelope import Envelope
from dosebus.events.extract import ObjectSetAside, StudyRemoved
from dosebus.events.identity import uuid7
from dosebus.events.registry import BY_TOPIC, EVENTS, UnknownTopicError, event_class


def test_an_event_survives_the_journey() -> None:
    event = ObjectSetAside(object_id=uuid4(), sop_instance_uid=None, outcome="ignored", reason_code="no_dose")
    sent = Envelope.of(event, subject="x", traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01")
    parsed = Envelope.parse(sent.to_bytes())
    assert parsed == sent
    assert parsed.event() == event


def test_the_envelope_is_a_cloud_event() -> None:
    body = json.loads(
        Envelope.of(StudyRemoved(study_id=1, study_instance_uid="1.2", modality_types=("CT",))).to_bytes()
    )
    assert body["specversion"] == "1.0"
    assert body["type"] == "dose.study.removed.v1"
    assert body["source"] == "dosebus/extract"
    assert {"id", "time", "data", "datacontenttype"} <= set(body)
    assert "traceparent" not in body


def test_a_reader_ignores_fields_it_does_not_know() -> None:
    sent = Envelope.of(StudyRemoved(study_id=1, study_instance_uid="1.2", modality_types=()))
    body = json.loads(sent.to_bytes())
    body["data"]["later"] = 1
    assert Envelope.parse(json.dumps(body).encode()).event() == sent.event()


def test_what_is_no_envelope_is_refused() -> None:
    with pytest.raises(ValidationError):
        Envelope.parse(b"not json")


def test_an_unknown_topic_is_told() -> None:
    with pytest.raises(UnknownTopicError):
        event_class("nobody.knows.v1")


def test_uuid7_is_valid_and_ordered_by_time() -> None:
    made = [uuid7() for _ in range(50)]
    assert all(value.version == 7 and value.variant == UUID(int=0x8 << 60).variant for value in made)
    assert [value.int >> 80 for value in made] == sorted(value.int >> 80 for value in made)
    assert len(set(made)) == 50


def test_every_topic_is_named_once_and_after_the_rule() -> None:
    assert len(BY_TOPIC) == len(EVENTS)
    for topic, event in BY_TOPIC.items():
        assert topic.rpartition(".v")[2].isdigit()
        assert event.command == (".requested." in topic)
        assert not event.command or event.mandatory


DEVICE_WORDS = {"display_name"}
"""What a person calls a device."""
FORBIDDEN = ("name", "birth", "accession", "comment", "description", "patient_id")


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.topic)
def test_no_event_has_a_place_for_patient_data(event: type) -> None:
    fields = event.model_fields  # type: ignore[attr-defined]
    # A choice among fixed words holds nothing of a patient, whatever the choice is about.
    words = {
        name for name, field in fields.items() if get_origin(field.annotation) is not Literal
    } - DEVICE_WORDS
    assert not [name for name in words if any(word in name for word in FORBIDDEN)]
