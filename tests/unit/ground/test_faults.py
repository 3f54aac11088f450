"""What is said of errors."""

from __future__ import annotations

import io
import json
import logging

import psycopg
import pytest
import structlog
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from dosebus.bus.fault import describe, is_outage
from dosebus.telemetry import logs

SECRET = "DOE^JANE"
NO_ONE: dict[str, int] = {}


class Person(BaseModel):
    age: int


def test_no_text_that_may_quote_data_is_told() -> None:
    errors: list[Exception] = []
    for cause in (
        lambda: Person.model_validate({"age": SECRET}),
        lambda: int(SECRET),
        lambda: NO_ONE[SECRET],
    ):
        try:
            cause()
        except (ValidationError, ValueError, KeyError) as error:
            errors.append(error)
    assert len(errors) == 3
    for raised in errors:
        assert SECRET not in describe(raised)
    assert "age: int_parsing" in describe(errors[0])


def test_a_full_disk_is_named() -> None:
    assert "No space left on device" in describe(OSError(28, "No space left on device"))


def test_an_outage_is_told_from_a_bad_statement() -> None:
    lost, stopped = psycopg.OperationalError(), psycopg.errors.AdminShutdown()
    assert is_outage(lost)
    assert is_outage(stopped)
    assert is_outage(OperationalError("SELECT 1", {}, lost))
    assert is_outage(PoolTimeoutError())
    assert not is_outage(psycopg.errors.DeadlockDetected())
    assert not is_outage(DataError("SELECT 1", {}, psycopg.errors.InvalidTextRepresentation()))
    assert not is_outage(ValueError())


def test_a_broken_constraint_is_named_by_its_state() -> None:
    assert describe(psycopg.errors.UniqueViolation(SECRET)).startswith("UniqueViolation (23505)")


def test_logs_are_json_without_the_text_of_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    before, level = root.handlers, root.level
    output = io.StringIO()
    monkeypatch.setattr("sys.stderr", output)
    try:
        logs.configure("extract")
        try:
            int(SECRET)
        except ValueError:
            structlog.get_logger("x").exception("failed", queue="extract.record_dose")
        line = json.loads(output.getvalue())
    finally:
        root.handlers = before
        root.setLevel(level)
        structlog.reset_defaults()
    assert SECRET not in output.getvalue()
    assert line["event"] == "failed"
    assert line["service"] == "extract"
    assert line["error"] == "ValueError"
    assert any("test_faults.py" in frame for frame in line["frames"])
