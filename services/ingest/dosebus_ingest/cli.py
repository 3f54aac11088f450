"""`dosebus import`: take files in, straight into the store of a running DoseBus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from dosebus.blobs.blobs import open_blobs
from dosebus.instance import NoInstance, adopt
from dosebus.store.engine import Database
from dosebus_ingest.admit import Admission, CannotKeepError, Origin
from dosebus_ingest.folder import admit_file
from dosebus_ingest.ledger import Ledger
from dosebus_ingest.settings import IngestSettings
from dosebus_ingest.spool import open_spool


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar="DOSEBUS_DATA",
    help="Data folder of a standalone DoseBus; without it, the one that runs here.",
)
@click.option("--database-url", help="Database of the service ingest, instead of --data.")
@click.option("--blobs-url", help="Its blob store, instead of --data.")
def import_(
    paths: tuple[Path, ...], data: Path | None, database_url: str | None, blobs_url: str | None
) -> None:
    """Take in files and folders without the network; the running services read them at once.

    What cannot be kept is named on standard error, and the exit status is 1 then.
    """
    settings = _settings(data, database_url, blobs_url)
    database = Database(
        settings.database_login("dosebus_ingest"), schema="ingest", service="ingest", pool_size=1
    )
    blobs = open_blobs(settings.blobs_url)
    spool = open_spool(
        blobs,
        settings.spool_folder,
        max_object_bytes=settings.max_object_bytes,
        min_free_bytes=settings.min_free_bytes,
    )
    admission = Admission(blobs, Ledger(database), settings.arrival_rules)
    counts: dict[str, int] = {"stored": 0, "duplicate": 0, "unwanted": 0, "failed": 0}
    for path in files_in(paths):
        try:
            status: str = admit_file(path, spool, admission, Origin("import")).status
        except (OSError, CannotKeepError) as error:
            click.echo(f"{path}: {error}", err=True)
            status = "failed"
        counts[status] += 1
    database.close()
    click.echo(", ".join(f"{number} {status}" for status, number in counts.items()))
    if counts["failed"]:
        raise SystemExit(1)


def files_in(paths: tuple[Path, ...]) -> Iterator[Path]:
    """Every file among and below the paths, in the order of their names."""
    for path in paths:
        if path.is_dir():
            yield from sorted(below for below in path.rglob("*") if below.is_file())
        else:
            yield path


def _settings(data: Path | None, database_url: str | None, blobs_url: str | None) -> IngestSettings:
    """The settings of what was named, else of the environment, else of the standalone that runs here.

    Raises click.UsageError when there is none.
    """
    if database_url is None:
        try:
            adopt(data)
        except NoInstance as error:
            raise click.UsageError(str(error)) from error
    settings = IngestSettings()
    named = {"database_url": database_url, "blobs_url": blobs_url}
    return settings.model_copy(update={name: url for name, url in named.items() if url is not None})
