"""`dosebus audit`."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy.exc import OperationalError

from dosebus.instance import NoInstance, adopt
from dosebus.store.engine import Database
from dosebus_alerts.audit import Verdict
from dosebus_alerts.audit import verify as verify_chain
from dosebus_alerts.settings import AlertsSettings


@click.group()
def audit() -> None:
    """The audit chain of the alerts."""


@audit.command()
@click.option(
    "--data",
    envvar="DOSEBUS_DATA",
    type=click.Path(path_type=Path, file_okay=False),
    help="Data folder of the running standalone.",
)
@click.option("--expect-head", help="A head that was noted earlier; it must still be in the chain.")
def verify(data: Path | None, expect_head: str | None) -> None:
    """Recompute every hash; ends with 1 where an entry was changed, removed or added."""
    verdict = checked(data, expect_head)
    if verdict.broken_at is not None:
        raise click.ClickException(f"The chain is broken at entry {verdict.broken_at}: {verdict.reason}.")
    if expect_head is not None and not verdict.head_found:
        raise click.ClickException("The expected head is not in the chain: entries at the end were removed.")
    click.echo(f"{verdict.entries} entries, all sound. Head: {verdict.head}")


def checked(data: Path | None, expect_head: str | None) -> Verdict:
    """The verdict on the chain of the DoseBus that runs here. Raises ClickException."""
    try:
        adopt(data)
    except NoInstance as error:
        raise click.ClickException(str(error)) from error
    database = Database(
        AlertsSettings().database_login("dosebus_alerts"), schema="alerts", service="alerts", pool_size=1
    )
    try:
        with database.reading() as connection:
            return verify_chain(connection, expect_head)
    except OperationalError as error:
        raise click.ClickException(f"the database cannot be reached: {error.orig}") from error
    finally:
        database.close()
