"""Write docs/contracts.md from the code: events, settings, verbs. `--check` tells whether it is current."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from pydantic.fields import FieldInfo

from dosebus.events.registry import EVENTS
from dosebus.settings import ServiceSettings
from dosebus_standalone.command import main as dosebus

PAGE = Path(__file__).parents[1] / "docs" / "contracts.md"
SERVICES = ("ingest", "extract", "alerts", "export", "qr", "web")
HEAD = """# Contracts

Made from the code by `make contracts`; do not edit. Events travel as CloudEvents 1.0 in JSON on the topic exchange
`dosebus.events`; their JSON schemas are in `shared/dosebus/events/schemas/`. No event carries a patient's name,
identifier, birth date or accession number.
"""


def type_name(field: FieldInfo) -> str:
    """A short, readable name of a field's type."""
    annotation: Any = field.annotation
    plain = (
        annotation.__name__
        if isinstance(annotation, type) and not hasattr(annotation, "__args__")
        else str(annotation)
    )
    for noise in ("typing.", "datetime.", "uuid.", "pathlib.", "pydantic.types."):
        plain = plain.replace(noise, "")
    return plain.replace("|", "or")


def event_lines() -> Iterator[str]:
    yield "## Events\n"
    for event in EVENTS:
        kind = "command" if event.command else "fact"
        yield f"### `{event.topic}`\n"
        told = (event.__doc__ or "").strip().splitlines()[0]
        yield f"{event.__name__}, {kind} published by **{event.owner}**. {told}\n"
        yield "| field | type |\n|---|---|"
        yield from (f"| `{name}` | {type_name(field)} |" for name, field in event.model_fields.items())
        yield ""


def setting_lines(title: str, settings: type[ServiceSettings], leave_out: frozenset[str]) -> Iterator[str]:
    yield f"### {title}\n"
    yield "| variable | type | default |\n|---|---|---|"
    for name, field in settings.model_fields.items():
        if name not in leave_out:
            default = "required" if field.is_required() else f"`{field.default!s}`"
            yield f"| `DOSEBUS_{name.upper()}` | {type_name(field)} | {default} |"
    yield ""


def settings_of(service: str) -> type[ServiceSettings]:
    """The settings class that a service declares."""
    declared = import_module(f"dosebus_{service}.service").SERVICE.settings
    if not issubclass(declared, ServiceSettings):
        raise TypeError(f"{service}: {declared} is no ServiceSettings")
    return declared


def verb_lines() -> Iterator[str]:
    yield "## Commands\n"
    yield "| command | what it does |\n|---|---|"
    context = click.Context(dosebus)
    for name in dosebus.list_commands(context):
        command = dosebus.get_command(context, name)
        if isinstance(command, click.Group):
            for inner, below in sorted(command.commands.items()):
                yield f"| `dosebus {name} {inner}` | {below.get_short_help_str(120)} |"
        elif command is not None:
            yield f"| `dosebus {name}` | {command.get_short_help_str(120)} |"
    yield ""


def page() -> str:
    """The whole page."""
    shared = frozenset(ServiceSettings.model_fields)
    lines = [HEAD, *event_lines(), "## Settings\n"]
    lines += ["A secret `DOSEBUS_X` may come from the file that `DOSEBUS_X_FILE` names.\n"]
    lines += setting_lines("All services", ServiceSettings, frozenset())
    for service in SERVICES:
        lines += setting_lines(service, settings_of(service), shared)
    return "\n".join([*lines, *verb_lines()]).rstrip() + "\n"


def main() -> int:
    wanted = page()
    if "--check" in sys.argv:
        current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == wanted
        print(
            "contracts page: current" if current else "docs/contracts.md is not current: run make contracts"
        )
        return 0 if current else 1
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
