"""`dosebus demo`: a running DoseBus with demonstration studies in it."""

from __future__ import annotations

import subprocess
import sys

import click
import sqlalchemy as sa

from dosebus.runtime.ending import Ending
from dosebus_standalone.folder import DataFolder, FolderInUse
from dosebus_standalone.up import UP_OPTIONS, options_of, running, say_where

RECIPIENT = "physicist@hospital.example"
SENT_MARK = "demonstration studies were sent\n"


def send_demonstration(dicom_port: int) -> bool:
    """Send the demonstration set by C-STORE from a process of its own; tells whether all was taken."""
    command = [
        sys.executable,
        "-m",
        "dosebus_standalone",
        "simulate",
        "--demo",
        "--retry",
        "--to",
        f"127.0.0.1:{dicom_port}",
    ]
    return subprocess.run(command, check=False).returncode == 0  # noqa: S603 - our own command


def name_a_recipient() -> None:
    """Give the alert mails of the demonstration somebody to go to."""
    from dosebus.settings import ServiceSettings
    from dosebus.store.engine import Database
    from dosebus.store.tables.config import alert_recipient

    database = Database(
        ServiceSettings().database_login("dosebus_web"), schema="web", service="web", pool_size=1
    )
    with database.transaction() as tx:
        if tx.execute(sa.select(alert_recipient.c.id)).first() is None:
            tx.execute(sa.insert(alert_recipient).values(name="Demonstration physicist", email=RECIPIENT))
    database.close()


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
                name_a_recipient()
                click.echo("sending the demonstration studies by C-STORE ...")
                if send_demonstration(options.dicom_port):
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
