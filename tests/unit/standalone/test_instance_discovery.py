"""How commands find the standalone that runs on this machine."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from dosebus.instance import Instance, NoInstance, adopt, announce, find


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    data = tmp_path / "data"
    data.mkdir()
    return Instance(
        str(data), "postgresql:///dosebus", "secret", "file:///blobs", "http://127.0.0.1:8080", 11112
    )


def test_without_a_running_instance_the_error_says_what_to_give(running: Instance) -> None:
    with pytest.raises(NoInstance, match="--data"):
        find()


def test_the_last_announced_instance_is_found(running: Instance) -> None:
    announce(running)
    assert find() == running
    assert find(Path(running.data)) == running
    assert stat.S_IMODE((Path(running.data) / "instance.json").stat().st_mode) == 0o600


def test_the_environment_wins_over_a_noted_instance(
    running: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce(running)
    monkeypatch.setenv("DOSEBUS_DATABASE_URL", "postgresql://elsewhere/dosebus")
    adopt()
    assert os.environ["DOSEBUS_DATABASE_URL"] == "postgresql://elsewhere/dosebus"


def test_a_named_folder_wins_over_the_environment(running: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    announce(running)
    for name in running.environment():
        monkeypatch.setenv(name, "before")
    adopt(Path(running.data))
    assert os.environ["DOSEBUS_DATABASE_URL"] == running.database_url


def test_an_account_without_a_home_is_found_by_its_folder(
    running: Instance, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file" / "state"))
    announce(running)
    assert find(Path(running.data)) == running
