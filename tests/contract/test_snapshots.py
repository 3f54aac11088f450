"""What services have promised each other stays promised."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from dosebus.events.ingest import ObjectStored
from dosebus.events.registry import EVENTS
from dosebus.events.snapshots import SCHEMAS, breaking_changes, breaks_of, expected, schema_of


def test_snapshots_are_up_to_date() -> None:
    stale = [
        path.name for path, text in expected().items() if not path.exists() or path.read_text("utf-8") != text
    ]
    assert stale == [], "run python -m dosebus.events.snapshots --write"
    assert {path.name for path in SCHEMAS.glob("*.json")} == {f"{event.topic}.json" for event in EVENTS}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.topic)
def test_no_change_breaks_a_reader(event: type) -> None:
    assert breaks_of(event) == []


@pytest.fixture
def schema() -> dict[str, Any]:
    return schema_of(ObjectStored)


def test_a_further_field_is_no_break(schema: dict[str, Any]) -> None:
    newer = deepcopy(schema)
    newer["properties"]["colour"] = {"type": "string"}
    assert breaking_changes(schema, newer) == []


def test_a_further_choice_is_no_break(schema: dict[str, Any]) -> None:
    newer = deepcopy(schema)
    newer["properties"]["door"]["enum"].append("fax")
    assert breaking_changes(schema, newer) == []


def test_a_field_that_is_gone_breaks(schema: dict[str, Any]) -> None:
    newer = deepcopy(schema)
    del newer["properties"]["blob_key"]
    newer["required"].remove("blob_key")
    assert len(breaking_changes(schema, newer)) == 2


def test_another_type_breaks(schema: dict[str, Any]) -> None:
    newer = deepcopy(schema)
    newer["properties"]["size_bytes"]["type"] = "string"
    assert breaking_changes(schema, newer) == ["size_bytes: type was integer, is string"]
