"""The data folder of a standalone DoseBus."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from dosebus_standalone.folder import DataFolder, FolderInUse


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "data")
    made.make()
    return made


def test_a_secret_is_made_once_and_only_its_owner_reads_it(folder: DataFolder) -> None:
    first = folder.secret("role_password")
    assert folder.secret("role_password") == first
    assert len(first) >= 24
    mode = stat.S_IMODE((folder.root / "secrets" / "role_password").stat().st_mode)
    assert mode == 0o600


def test_two_secrets_differ(folder: DataFolder) -> None:
    assert folder.secret("one") != folder.secret("other")


def test_a_folder_is_held_by_one_process_at_a_time(folder: DataFolder) -> None:
    with folder.hold(), pytest.raises(FolderInUse, match="another dosebus"):
        folder.hold()
    folder.hold().close()


def test_blobs_and_secrets_are_the_owners_alone(folder: DataFolder) -> None:
    for path in (folder.blobs, folder.root / "secrets", folder.mail):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
