"""`dosebus sizes`: looks at a table of patient sizes, and imports it."""

from __future__ import annotations

import getpass
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from types import FrameType

    from dosebus.sizes.rows import HeightUnit, KeyKind, SizeRow
    from dosebus.sizes.table import Table
    from dosebus_extract.sizes_import import ImportOptions

PREVIEWED = 5
TOLD_EVERY = 500
ABORTED = 130
"""Exit status after Ctrl-C, as shells give it."""
UNUSED = ("partly", "invalid", "unmatched", "failed")
"""Outcomes of lines that a person should look at."""
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}
FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
SEPARATOR = click.option("--separator", type=click.Choice(sorted(SEPARATORS)), help="Found out by itself.")


@click.group("sizes")
def sizes() -> None:
    """Heights and weights of patients from a table (CSV), as a RIS exports it."""


@sizes.command("preview")
@FILE
@SEPARATOR
def preview(file: Path, separator: str | None) -> None:
    """Show how FILE is read: its columns with their first values, and what they would be taken for."""
    from dosebus.sizes.rows import guess_columns

    table = _table(file, separator)
    guessed = {place: what for what, place in guess_columns(table.headings).items()}
    named = next(name for name, one in [*SEPARATORS.items(), (table.separator, table.separator)]
                 if one == table.separator)  # fmt: skip
    click.echo(f"{len(table.lines)} lines, {table.encoding}, separated by {named}")
    for place, heading in enumerate(table.headings):
        values = [line.cells[place].strip() for line in table.lines[:PREVIEWED] if place < len(line.cells)]
        what = f"  -> {guessed[place]}" if place in guessed else ""
        click.echo(f"{place + 1:3}  {heading}: {' | '.join(values)}{what}")


@sizes.command("import")
@FILE
@SEPARATOR
@click.option("--column-key", help="Heading or number of the column with the key.")
@click.option("--key", "key_kind", type=click.Choice(["accession", "study-uid"]), help="What the key is.")
@click.option("--column-height", help="Heading or number of the column with the height.")
@click.option("--column-weight", help="Heading or number of the column with the weight in kg.")
@click.option("--height-unit", type=click.Choice(["auto", "cm", "m"]), default="auto", show_default=True)
@click.option("--overwrite", is_flag=True, help="Let the file win over sizes that a study has.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@click.option(
    "--log", "log_path", type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write what happened to each line; beside FILE, if not given.",
)  # fmt: skip
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar="DOSEBUS_DATA",
    help="Data folder of a standalone DoseBus; else the settings in the environment, or the one started here.",
)
def import_sizes(
    *,
    file: Path,
    separator: str | None,
    column_key: str | None,
    key_kind: KeyKind | None,
    column_height: str | None,
    column_weight: str | None,
    height_unit: HeightUnit,
    overwrite: bool,
    dry_run: bool,
    log_path: Path | None,
    data: Path | None,
) -> None:
    """Enter the sizes of FILE into the studies that its lines name.

    Columns that are not named are found by their headings. Exit status 1 where a line could not be used, 130 after
    Ctrl-C: then the lines in the log are done, and the others untouched.
    """
    from dosebus.sizes.rows import choose_columns, size_rows
    from dosebus.sizes.table import BadTable
    from dosebus_extract.instance_settings import instance_settings
    from dosebus_extract.sizes_import import ImportOptions

    table = _table(file, separator)
    try:
        columns = choose_columns(
            table.headings,
            key=column_key,
            key_kind=key_kind,
            height=column_height,
            weight=column_weight,
            height_unit=height_unit,
        )
    except BadTable as error:
        raise click.ClickException(str(error)) from error
    for what, place in (("key", columns.key), ("height", columns.height), ("weight", columns.weight)):
        click.echo(f"{what}: {'not read' if place is None else table.headings[place]}")
    settings = instance_settings(data)
    options = ImportOptions(
        key_kind=columns.key_kind,
        imported_by=getpass.getuser(),
        pseudonym_key=settings.pseudonym_key.get_secret_value().encode(),
        overwrite=overwrite,
        dry_run=dry_run,
    )
    log = log_path or file.with_name(f"{file.stem}.log.csv")
    login = settings.database_login("dosebus_extract")
    counts, aborted = _run(login, list(size_rows(table.lines, len(table.headings), columns)), options, log)
    click.echo(("nothing was changed; it would be: " if dry_run else "") + _told(counts))
    click.echo(f"what happened to each line: {log}")
    if aborted:
        click.echo("stopped; what is in the log is done, the rest is untouched", err=True)
        raise SystemExit(ABORTED)
    if any(counts[code] for code in UNUSED):
        raise SystemExit(1)


def _run(login: str, rows: list[SizeRow], options: ImportOptions, log: Path) -> tuple[Counter[str], bool]:
    """Import the rows and log each; says how often each outcome came, and whether Ctrl-C ended it."""
    from dosebus.store.engine import Database
    from dosebus_extract.sizes_import import import_rows
    from dosebus_extract.sizes_log import SizeLog

    counts: Counter[str] = Counter()
    database = Database(login, schema="dose", service="extract", pool_size=1)
    try:
        with _interruption() as stop, SizeLog(log) as written:
            for outcome in import_rows(database, rows, options):
                written.enter(outcome)
                counts[outcome.code] += 1
                if counts.total() % TOLD_EVERY == 0:
                    click.echo(f"line {outcome.line} of {rows[-1].line}: {_told(counts)}")
                if stop.is_set():
                    return counts, outcome.line != rows[-1].line
    finally:
        database.close()
    return counts, False


@contextmanager
def _interruption() -> Iterator[Event]:
    """An event that the first Ctrl-C sets, so that the line at hand is finished; a second one ends at once."""
    stop = Event()

    def ask(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's parameters
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def _table(file: Path, separator: str | None) -> Table:
    from dosebus.sizes.table import BadTable, read_table

    try:
        return read_table(file.read_bytes(), separator=SEPARATORS[separator] if separator else None)
    except BadTable as error:
        raise click.ClickException(f"{file.name}: {error}") from error


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {code}" for code, number in sorted(counts.items())) or "no lines"
