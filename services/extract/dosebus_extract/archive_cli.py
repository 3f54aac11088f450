"""`dosebus rederive`: derives records again from the archive, in shadow or for good."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from dosebus_extract.archive_rederive import Shadow


@click.command("rederive")
@click.option("--device", "device_id", type=int, help="Only studies of this device (its number).")
@click.option("--modality", help="Only studies of this modality type, such as CT or RF.")
@click.option("--outdated", is_flag=True, help="Only studies that another version of the extractor recorded.")
@click.option("--apply", is_flag=True, help="Put the new records in the place of the old ones, all at once.")
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar="DOSEBUS_DATA",
    help="Data folder of a standalone DoseBus; else the settings in the environment, or the one started here.",
)
def rederive(
    device_id: int | None, modality: str | None, outdated: bool, apply: bool, data: Path | None
) -> None:
    """Read the archived objects again and compare the records with those that stand.

    Without --apply nothing is changed: what would change is printed by field and device.
    """
    from dosebus.blobs.blobs import open_blobs
    from dosebus.store.engine import Database
    from dosebus_extract.archive_rederive import chosen_studies, shadow, swap
    from dosebus_extract.instance_settings import instance_settings
    from dosebus_extract.record import extractor_version

    settings = instance_settings(data)
    database = Database(
        settings.database_login("dosebus_extract"), schema="dose", service="extract", pool_size=1
    )
    blobs = open_blobs(settings.blobs_url)
    try:
        with database.transaction() as tx:
            studies = chosen_studies(
                tx,
                device_id=device_id,
                modality=modality,
                older_than=extractor_version() if outdated else None,
            )
        if apply:
            with database.transaction() as tx:
                done = swap(tx, blobs, settings, studies)
            click.echo(
                f"{done.studies} studies derived again, {done.changed} changed, {len(done.failed)} failed"
            )
            failed: Mapping[int, str] = done.failed
        else:
            with database.transaction() as tx:
                found = shadow(tx, blobs, settings, studies)
            _print(found)
            failed = found.failed
    finally:
        database.close()
    for study_id, reason in failed.items():
        click.echo(f"study {study_id}: {reason}", err=True)
    if failed:
        raise SystemExit(1)


def _print(found: Shadow) -> None:
    differing = {one.study_id for one in found.differences}
    click.echo(
        f"{found.studies} studies derived in shadow, {len(differing)} differ, {len(found.failed)} failed"
    )
    for (field, device_id), number in sorted(found.by_field_and_device().items(), key=lambda item: -item[1]):
        click.echo(f"{number:8}  device {device_id or '-'}  {field}")
