"""`dosebus skin`: the skin dose map of one file."""

from __future__ import annotations

import json
from pathlib import Path

import click
from pydantic import ValidationError

from dosebus_extract.skin.calculation import skin_dose_map
from dosebus_extract.skin.device import DeviceProfile, read_safelist
from dosebus_extract.skin.method import CORRECTED, REFERENCE
from dosebus_extract.skin.result import SkinDoseMap
from dosebus_extract.skin.source import UnusableSource, study_in_file


@click.command()
@click.option("--mode", type=click.Choice(["reference", "corrected"]), default="corrected", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the map as JSON: its cells with dose, in Gy.")
@click.option("--details", is_flag=True, help="With --json: add where every figure came from.")
@click.option(
    "--safelist",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON list of accepted systems with their offsets and tables.",
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def skin(mode: str, as_json: bool, details: bool, safelist: Path | None, file: Path) -> None:
    """Map the skin dose of FILE: a fluoroscopy RDSR, or JSON with orientation, size and events."""
    try:
        study = study_in_file(file, _profiles(safelist))
    except UnusableSource as error:
        raise click.ClickException(f"{file.name}: {error}") from error
    made = skin_dose_map(study, REFERENCE if mode == "reference" else CORRECTED)
    if not as_json:
        click.echo(_summary(made))
        return
    record = made.as_record()
    if details:
        record["provenance"] = made.provenance()
    click.echo(json.dumps(record))


def _profiles(safelist: Path | None) -> tuple[DeviceProfile, ...]:
    if safelist is None:
        return ()
    try:
        return read_safelist(safelist.read_bytes())
    except ValidationError as error:
        raise click.ClickException(f"{safelist.name}: not a safelist: {error.errors()[0]['msg']}") from error


def _summary(made: SkinDoseMap) -> str:
    low, high = made.peak_interval_gy
    lines = [
        f"peak skin dose {made.peak_gy * 1e3:.3f} mGy (k = 2: {low * 1e3:.3f} to {high * 1e3:.3f})",
        f"events used {len(made.contributions)} of {made.events_total}, DAP on the patient {made.dap_fraction:.1%}",
        f"{made.method}; system {'accepted' if made.is_validated else 'not validated'}",
    ]
    lines += [
        f"not computed: {'event ' + str(one.event) if one.event is not None else 'study'}: {one.reason}"
        for one in made.not_computed
    ]
    return "\n".join(lines)
