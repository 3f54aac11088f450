"""`dosebus demo`: a running DoseBus with demonstration studies in it."""

from __future__ import annotations

import subprocess
import sys

import click

from dosebus.runtime.ending import Ending
from dosebus_standalone.folder import DataFolder, FolderInUse
from dosebus_standalone.up import UP_OPTIONS, options_of, running, say_where

SENT_MARK = "demonstration studies were sent\n"
UNREADABLE = ("without-study", "non-dose", "truncated")


def simulate(dicom_port: int, *what: str) -> bool:
    """Send what is simulated by C-STORE from a process of its own; tells whether all was taken."""
    to = ("--to", f"127.0.0.1:{dicom_port}")
    command = [sys.executable, "-m", "dosebus_standalone", "simulate", *what, *to]
    return subprocess.run(command, check=False).returncode == 0  # noqa: S603 - our own command


def fill(dicom_port: int) -> bool:
    """Send the demonstration and do what people would do with it; tells whether all studies were taken."""
    from dosebus_standalone.furnish import furnish, list_systems, name_a_recipient

    name_a_recipient()
    list_systems()
    click.echo("sending the demonstration studies by C-STORE ...")
    taken = simulate(dicom_port, "--demo", "--retry")
    # What cannot be read is part of a hospital's day; it stands on the page of objects set aside.
    simulate(
        dicom_port,
        *(part for kind in UNREADABLE for part in ("--kind", kind)),
        "--count",
        str(len(UNREADABLE)),
    )
    furnish()
    return taken


@click.command()
@click.pass_context
def demo(ctx: click.Context, /, **given: object) -> None:
    """Start DoseBus with the built-in mail sink, send the demonstration studies, and say where to look."""
    options = options_of({**given, "mail_sink": True})
    mark = DataFolder(options.data).root / "demonstration"
    ending = Ending()
    try:
        with running(options) as password:
            say_where(options, password)
            if not mark.exists():
                if fill(options.dicom_port):
                    mark.write_text(SENT_MARK, encoding="ascii")
                else:
                    click.echo("some demonstration studies were not taken; see the messages above", err=True)
            click.echo("")
            say_where(options, password)
            click.echo(
                f"Mails of the sink: {DataFolder(options.data).mail}   Stop with Ctrl-C; a new start goes on from here."
            )
            ending.wait()
    except FolderInUse as error:
        ctx.fail(str(error))


for option in reversed(UP_OPTIONS):
    demo = option(demo)
