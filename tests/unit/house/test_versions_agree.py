"""All packages bear the one version of DoseBus."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from dosebus.version import VERSION

PROJECTS = sorted(
    path for path in Path(__file__).parents[3].glob("*/**/pyproject.toml") if ".venv" not in path.parts
)


@pytest.mark.parametrize("path", PROJECTS, ids=lambda path: path.parent.name)
def test_a_package_has_the_version_of_dosebus(path: Path) -> None:
    assert tomllib.loads(path.read_text(encoding="utf-8"))["project"]["version"] == VERSION
