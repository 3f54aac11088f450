"""`dosebus send` and `dosebus simulate`."""

from __future__ import annotations

import logging
import time
from datetime import datetime
from pathlib import Path

import click

from dosebus_simulator.delivery import Books, Patience
from dosebus_simulator.history import DEMONSTRATION_STUDIES, demonstration, stream
from dosebus_simulator.kinds import events_for, makers
from dosebus_simulator.sender import Target, files_under, read_parcel, send_files
from dosebus_simulator.session import Session
from dosebus_simulator.styles import STYLES


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
    """The library logs every refusal again; the commands tell them themselves."""
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
    for receipt in send_files(target, parcels):
        if receipt.acknowledged:
            stored += 1
        else:
            failed += 1
            click.echo(f"not stored  {receipt.parcel.path}: {receipt.reason}", err=True)
    click.echo(f"{stored} stored, {failed} failed")
    if failed:
        raise SystemExit(1)


def _in_style(kinds: tuple[str, ...], style: str | None) -> tuple[str, ...]:
    """The kinds as they are named in a style; without kinds, all that the style has.

    Raises:
        click.BadParameter: there is no such style, or not for these kinds.
    """
    if style is None:
        return kinds
    if style not in STYLES:
        raise click.BadParameter(f"no style {style}; `--style list` shows all", param_hint="--style")
    able = [modality.lower() for modality in STYLES[style].modalities]
    if any(kind not in able for kind in kinds):
        raise click.BadParameter(f"style {style} is for {', '.join(able)}", param_hint="--style")
    return tuple(f"{kind}-{style}" for kind in kinds or able)


def _check_kinds(kinds: tuple[str, ...], size_bytes: int | None) -> None:
    unknown = [kind for kind in kinds if kind not in makers()]
    if unknown:
        raise click.BadParameter(
            f"no kind {', '.join(unknown)}; `--kind list` shows all", param_hint="--kind"
        )
    try:
        for kind in kinds if size_bytes else ():
            events_for(kind, size_bytes or 0)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--size") from error


def _summary(books: Books, studies: int, seconds: float, sent: bool) -> None:
    if not sent:
        click.echo(f"{studies} studies written, {seconds:.1f} s")
        return
    click.echo(
        f"{studies} studies: {books.acknowledged} objects acknowledged, {books.not_acknowledged} refused, "
        f"{books.resent} sent again, {seconds:.1f} s"
    )
    for reason, count in books.refused.most_common():
        click.echo(f"  {count} x {reason}", err=True)


@click.command("simulate")
@click.option("--to", "address", metavar="HOST:PORT", help="Send by C-STORE to this address.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Write the objects into this folder."
)
@click.option("--calling-ae", default="DOSEBUSSIM", show_default=True, help="Our AE title.")
@click.option("--called-ae", default="DOSEBUS", show_default=True, help="The receiver's AE title.")
@click.option(
    "--demo", is_flag=True, help="The demonstration: 150 studies, one alert. Overrides kind and count."
)
@click.option(
    "--kind", "kinds", multiple=True, help="What to make; may be repeated. `list` shows all. [ct, rf]"
)
@click.option(
    "--style", help="The vendor's way of writing, for ct, rf, mg and dx. `list` shows all. [the device's own]"
)
@click.option("--count", default=20, show_default=True, type=click.IntRange(min=1), help="Number of studies.")
@click.option(
    "--weeks", default=4.0, show_default=True, type=click.FloatRange(min=0.1), help="Length of the history."
)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day of the history. [today]")
@click.option("--seed", default=1, show_default=True, help="Equal seeds and days make equal objects.")
@click.option(
    "--size", "size_bytes", type=click.IntRange(min=10_000), help="Bytes of a ct or rf report, roughly."
)
@click.option(
    "--associations", default=1, show_default=True, type=click.IntRange(1, 200), help="Sent in parallel."
)
@click.option("--rate", type=click.FloatRange(min=0.01), help="At most so many studies a second.")
@click.option("--retry", is_flag=True, help="Send again until acknowledged, as a modality does.")
@click.option(
    "--retry-for", default=600.0, show_default=True, help="Give an object up after so many seconds."
)
@click.option(
    "--log", "log_path", type=click.Path(dir_okay=False, path_type=Path), help="JSON lines: acknowledged."
)
def simulate(
    *,
    address: str | None,
    out: Path | None,
    calling_ae: str,
    called_ae: str,
    demo: bool,
    kinds: tuple[str, ...],
    style: str | None,
    count: int,
    weeks: float,
    until: datetime | None,
    seed: int,
    size_bytes: int | None,
    associations: int,
    rate: float | None,
    retry: bool,
    retry_for: float,
    log_path: Path | None,
) -> None:
    """Make the dose objects of a simulated hospital, and send or save them.

    Ends with status 1 if an object was not acknowledged.
    """
    quiet_library()
    if "list" in kinds:
        click.echo("\n".join(makers()))
        return
    if style == "list":
        click.echo("\n".join(f"{one.name:18} {', '.join(one.modalities)}" for one in STYLES.values()))
        return
    kinds = _in_style(kinds, style)
    if address is None and out is None:
        raise click.UsageError("say where to send (--to HOST:PORT) or to write (--out FOLDER)")
    _check_kinds(kinds, size_bytes)
    last_day = until.date() if until else datetime.now().astimezone().date()
    target = target_from(address, called_ae, calling_ae) if address else None
    session = Session(target, out, log_path, associations, rate, Patience(retry, retry_for))
    started = time.monotonic()
    if demo:
        books, made = session.run(demonstration(last_day, seed), DEMONSTRATION_STUDIES)
    else:
        made_of = kinds or ("ct", "rf")
        books, made = session.run(
            stream(made_of, count, weeks, last_day, seed=seed, size_bytes=size_bytes), count
        )
    _summary(books, made, time.monotonic() - started, sent=target is not None)
    if books.not_acknowledged:
        raise SystemExit(1)
