"""`make lint` finds nothing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OF_THE_CALLING_MAKE = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES")


@pytest.mark.slow
def test_lint_finds_nothing() -> None:
    environment = {name: value for name, value in os.environ.items() if name not in OF_THE_CALLING_MAKE}
    done = subprocess.run(
        ["make", "lint"], capture_output=True, text=True, check=False, cwd=ROOT, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
