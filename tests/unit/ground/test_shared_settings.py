"""Settings and where they come from."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from dosebus.settings import ServiceSettings


def test_a_password_comes_from_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "password"
    secret.write_text("p@ss/word\n")
    monkeypatch.setenv("DOSEBUS_DATABASE_PASSWORD_FILE", str(secret))
    monkeypatch.setenv("DOSEBUS_DATABASE_URL", "postgresql://db.example:5432/dosebus")
    login = ServiceSettings().database_login("dosebus_alerts")
    assert login == "postgresql://dosebus_alerts:p%40ss%2Fword@db.example:5432/dosebus"


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "password"
    secret.write_text("from file")
    monkeypatch.setenv("DOSEBUS_BUS_PASSWORD_FILE", str(secret))
    monkeypatch.setenv("DOSEBUS_BUS_PASSWORD", "from environment")
    monkeypatch.setenv("DOSEBUS_BUS_URL", "amqp://dosebus@broker:5672/")
    assert ServiceSettings().bus_login() == "amqp://dosebus:from environment@broker:5672/"


def test_a_missing_secret_file_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSEBUS_DATABASE_PASSWORD_FILE", "/nowhere/password")
    with pytest.raises(FileNotFoundError, match="/nowhere/password"):
        ServiceSettings()


def test_the_user_of_a_url_is_kept() -> None:
    settings = ServiceSettings(database_url="postgresql://admin@/dosebus?host=/run/pg")
    assert settings.database_login("dosebus_web") == "postgresql://admin@/dosebus?host=%2Frun%2Fpg"


def test_a_bus_without_a_host_needs_no_password() -> None:
    assert ServiceSettings(bus_url="local:", bus_password="x").bus_login() == "local:"


def test_settings_are_frozen_and_secrets_not_shown() -> None:
    settings = ServiceSettings(database_password="secret")
    assert "secret'" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.http_port = 1  # type: ignore[misc]


def test_services_listen_on_loopback_unless_told_otherwise() -> None:
    assert ServiceSettings().http_host == "127.0.0.1"
