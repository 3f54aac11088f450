"""The script that holds the house limits finds what breaks them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "house_limits.py"


@pytest.fixture(scope="module")
def limits() -> ModuleType:
    spec = importlib.util.spec_from_file_location("house_limits", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("long.py", "x = 1\n" * 401, "401 lines"),
        ("utils.py", "x = 1\n", "named after its noun"),
        ("deep.py", "def f():\n" + "    x = 1\n" * 51, "f has 51 lines"),
        ("note.py", "# " + "TO" + "DO later\n", "unfinished mark"),
        ("package-lock.json", '{"resolved": "https://registry.invalid/x"}\n', "names an address"),
    ],
)
def test_a_fault_is_named(limits: ModuleType, tmp_path: Path, name: str, text: str, fault: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert any(fault in line for line in limits.faults_of(path))


def test_a_docstring_does_not_count(limits: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "told.py"
    body = '    """' + "Told.\n" * 30 + '    """\n' + "    x = 1\n" * 50
    path.write_text("def f():\n" + body, encoding="utf-8")
    assert list(limits.faults_of(path)) == []
