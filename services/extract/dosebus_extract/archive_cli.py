"""`dosebus rederive`: derives records again from the archive, in shadow or for good."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

if TYPE_CHECKING:
    from dosebus.events.rederivation import Selection
    from dosebus.store.engine import Database
    from dosebus_extract.rederivation_command import Followed

DAY = click.DateTime(["%Y-%m-%d"])


@click.command("rederive")
@click.option("--device", "device_id", type=int, help="Only studies of this device (its number).")
@click.option("--modality", help="Only studies of this modality type, such as CT or RF.")
@click.option("--from", "date_from", type=DAY, help="Only studies of this day and later.")
@click.option("--to", "date_to", type=DAY, help="Only studies up to this day.")
@click.option("--below", metavar="VERSION", help="Only studies that an extractor older than this recorded.")
@click.option("--outdated", is_flag=True, help="Only studies that an older extractor than this one recorded.")
@click.option("--apply", is_flag=True, help="Put the new records in the place of the old ones.")
@click.option("--job", "job_id", type=click.UUID, help="Go on with this re-derivation instead of a new one.")
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar="DOSEBUS_DATA",
    help="Data folder of a standalone DoseBus; else the settings in the environment, or the one started here.",
)
def rederive(apply: bool, job_id: UUID | None, data: Path | None, **chosen: Any) -> None:
    """Read the archived objects again and compare the records with those that stand.

    Without --apply nothing is changed: what would change is printed by field and device, and kept as a job that
    --job ID --apply, or the page Re-derivation, puts in place later. It may be interrupted at any time and goes on
    from there.
    """
    from dosebus.blobs.blobs import open_blobs
    from dosebus.store.engine import Database
    from dosebus_extract.instance_settings import instance_settings
    from dosebus_extract.rederivation_command import Command

    settings = instance_settings(data)
    login = settings.database_login("dosebus_extract")
    database = Database(login, schema="dose", service="extract", pool_size=2)
    try:
        command = Command(database, open_blobs(settings.blobs_url), settings, say=_say)
        followed = command.run(job_id, _selection(chosen), apply=apply)
        _print(database, followed)
    except LookupError as error:
        raise click.UsageError(str(error)) from error
    finally:
        database.close()
    if followed.failed:
        raise SystemExit(1)


def _selection(chosen: dict[str, Any]) -> Selection:
    from dosebus.events.rederivation import Selection
    from dosebus_extract.record import extractor_version

    def day(moment: datetime | None) -> Any:
        return moment.date() if moment else None

    return Selection(
        device_id=chosen["device_id"],
        modality_type=chosen["modality"],
        date_from=day(chosen["date_from"]),
        date_to=day(chosen["date_to"]),
        extractor_below=extractor_version() if chosen["outdated"] else chosen["below"],
    )


def _say(text: str) -> None:
    click.echo(text, err=True)


def _print(database: Database, followed: Followed) -> None:
    from dosebus_extract.rederivation_command import failures, summary

    job = followed.job
    if job.state == "done":
        click.echo(
            f"{job.studies_total - job.studies_failed} studies derived again, {job.studies_swapped} changed, "
            f"{job.studies_failed} failed"
        )
    else:
        click.echo(
            f"{job.studies_total or 0} studies derived in shadow, {job.studies_differing} differ, "
            f"{job.studies_failed} failed"
        )
        for row in summary(database, job.id):
            largest = "" if row.largest_relative is None else f", by up to {row.largest_relative:.2%}"
            click.echo(f"{row.studies:8}  device {row.device_id or '-'}  {row.field}{largest}")
    if job.state == "ready":
        click.echo(f"Nothing is changed yet. To put it in place: dosebus rederive --job {job.id} --apply")
    elif job.state != "done":
        click.echo(f"{job.id} is {job.state}. {job.reason or ''}")
    for row in failures(database, job.id):
        click.echo(f"study {row.study_id}: {row.reason}", err=True)
