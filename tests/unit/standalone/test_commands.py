"""The `dosebus` command knows its verbs and imports them when they are called."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from dosebus_standalone.command import VERBS, main


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_has_a_help(verb: str) -> None:
    answer = CliRunner().invoke(main, [verb, "--help"])
    assert answer.exit_code == 0, answer.output
    assert "Usage:" in answer.output


def test_an_unknown_verb_is_refused() -> None:
    answer = CliRunner().invoke(main, ["undo-everything"])
    assert answer.exit_code != 0
    assert "No such command" in answer.output


def test_the_help_of_the_group_names_every_verb() -> None:
    assert set(main.list_commands(click.Context(main))) == set(VERBS)


def test_reading_a_file_loads_no_web_and_no_broker() -> None:
    """`dosebus read` is called per file by scripts: it must start fast."""
    program = (
        "import sys\n"
        "from dosebus_standalone.command import main\n"
        "import click\n"
        "main.get_command(click.Context(main), 'read')\n"
        "print(sorted(name for name in sys.modules if name in {'fastapi', 'aio_pika', 'sqlalchemy', 'pynetdicom'}))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
