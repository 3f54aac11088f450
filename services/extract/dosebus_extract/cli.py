"""`dosebus read`: what the given DICOM objects tell, without a database."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from dosebus.domain.contribution import Contribution
    from dosebus.domain.study import Study

_NOT_RECORDED = 1
_REPEATED = "repeated"


@click.command("read")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the dose record as one JSON document.")
def read(files: tuple[Path, ...], as_json: bool) -> None:
    """Read the dose out of DICOM FILES, merged by study as if they had arrived in this order.

    Exit code 0 where every object was recorded, 1 where one was not: missing, unreadable, or no dose in it.
    """
    from dosebus_extract.merge import combine

    objects: list[dict[str, Any]] = []
    by_study: dict[str, list[Contribution]] = {}
    seen: set[str] = set()
    for path in files:
        outcome, contribution = _outcome(path)
        objects.append(outcome)
        if contribution is not None and contribution.sop_instance_uid in seen:
            outcome.update(outcome="ignored", reason_code=_REPEATED, reason="it was read before")
        if contribution is not None:
            seen.add(contribution.sop_instance_uid)
            by_study.setdefault(contribution.study_instance_uid, []).append(contribution)
    studies = [combine(contributions) for contributions in by_study.values()]
    if as_json:
        document = {"objects": objects, "studies": [study.model_dump(mode="json") for study in studies]}
        click.echo(json.dumps(document, ensure_ascii=False, indent=1))
    else:
        _summary(objects, studies)
    if any(outcome.get("reason_code", _REPEATED) != _REPEATED for outcome in objects):
        sys.exit(_NOT_RECORDED)


def _outcome(path: Path) -> tuple[dict[str, Any], Contribution | None]:
    from dosebus_extract.outcome import Ignored, NotRecorded
    from dosebus_extract.read import read_object

    try:
        contribution = read_object(path)
    except OSError as error:
        reason = f"cannot be opened: {error.strerror}"
        return {"file": str(path), "outcome": "rejected", "reason_code": "missing", "reason": reason}, None
    except NotRecorded as kept_out:
        outcome = "ignored" if isinstance(kept_out, Ignored) else "rejected"
        told = {"reason_code": kept_out.code, "reason": kept_out.reason}
        return {"file": str(path), "outcome": outcome, **told}, None
    uid = contribution.sop_instance_uid
    return {"file": str(path), "sop_instance_uid": uid, "outcome": "recorded"}, contribution


def _summary(objects: list[dict[str, Any]], studies: list[Study]) -> None:
    for outcome in objects:
        reason = f": {outcome['reason']}" if "reason" in outcome else ""
        click.echo(f"{outcome['outcome']:9} {outcome['file']}{reason}")
    for study in studies:
        totals = study.totals.model_dump()
        click.echo(
            f"\n{study.modality_type or '?'}  {study.study_date or 'no date'}  {study.study_instance_uid}"
        )
        click.echo(f"  {study.equipment.manufacturer or '?'} {study.equipment.model or '?'}")
        for key, value in totals.items():
            click.echo(f"  {key:40} {value}")
        for finding in study.findings:
            click.echo(f"  {finding.severity}: {finding.message}")


if __name__ == "__main__":
    click.Group(commands=[read])()
