"""The `dosebus` command: verbs are imported when they are called, so that each starts fast."""

from __future__ import annotations

from importlib import import_module

import click

from dosebus.runtime.garbage import collect_seldom
from dosebus.version import VERSION

VERBS = {
    "up": ("dosebus_standalone.up", "up"),
    "demo": ("dosebus_standalone.demo", "demo"),
    "migrate": ("dosebus_standalone.migration", "migrate"),
    "read": ("dosebus_extract.cli", "read"),
    "skin": ("dosebus_extract.skin.cli", "skin"),
    "rederive": ("dosebus_extract.archive_cli", "rederive"),
    "sizes": ("dosebus_extract.sizes_cli", "sizes"),
    "send": ("dosebus_simulator.cli", "send"),
    "simulate": ("dosebus_simulator.cli", "simulate"),
    "import": ("dosebus_ingest.cli", "import_"),
    "user": ("dosebus_web.cli", "user"),
    "token": ("dosebus_web.cli", "token"),
    "audit": ("dosebus_alerts.cli", "audit"),
}


class LazyGroup(click.Group):
    """A group whose commands stand in `VERBS` and are imported on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module, name = VERBS[cmd_name]
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="dosebus")
def main() -> None:
    """DoseBus: radiation dose monitoring for hospitals."""
    collect_seldom()


if __name__ == "__main__":
    main()
