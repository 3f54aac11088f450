"""`dosebus send` and `dosebus simulate`."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from dosebus_simulator.sender import AssociationLost, Target, files_under, read_parcel, send_files


def target_from(address: str, called_ae: str, calling_ae: str) -> Target:
    """The target of the options.

    Raises:
        click.BadParameter: the address is not HOST:PORT.
    """
    try:
        return Target.parse(address, called_ae, calling_ae)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--to") from error


def quiet_library() -> None:
    """The library logs every refusal again; the command tells them itself."""
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)


@click.command("send")
@click.option("--to", "address", required=True, metavar="HOST:PORT", help="Where to send.")
@click.option("--calling-ae", default="DOSEBUSSEND", show_default=True, help="Our AE title.")
@click.option("--called-ae", default="DOSEBUS", show_default=True, help="The receiver's AE title.")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="FILE..."
)
def send(address: str, calling_ae: str, called_ae: str, paths: tuple[Path, ...]) -> None:
    """Send DICOM files, or all files in folders, by C-STORE.

    Says which file was not stored and why; ends with status 1 if there was one.
    """
    quiet_library()
    target = target_from(address, called_ae, calling_ae)
    parcels, failed, stored = [], 0, 0
    for path in files_under(paths):
        try:
            parcels.append(read_parcel(path))
        except ValueError as error:
            failed += 1
            click.echo(f"not sent  {error}", err=True)
    try:
        for receipt in send_files(target, parcels):
            if receipt.acknowledged:
                stored += 1
            else:
                failed += 1
                click.echo(f"not stored  {receipt.parcel.path}: {receipt.reason}", err=True)
    except AssociationLost as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{stored} stored, {failed} failed")
    if failed:
        raise SystemExit(1)
