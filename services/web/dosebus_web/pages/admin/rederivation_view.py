"""Re-derivations as the pages show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from dosebus.store.tables import dose
from dosebus.store.tables.dose_changes import (
    NO_DEVICE,
    rederivation,
    rederivation_difference,
    rederivation_study,
)
from dosebus_web.language import gettext as _
from dosebus_web.language import marked

J = rederivation.c
R = rederivation_study.c
D = rederivation_difference.c
RUNS = 50
FIELDS = 300
STUDIES = 25
SHOWN_PLACES = 4

STATES: Mapping[str, tuple[str, str]] = {
    "queued": (marked("waits"), "brand"),
    "running": (marked("in shadow"), "brand"),
    "ready": (marked("ready"), "warn"),
    "applying": (marked("being applied"), "brand"),
    "done": (marked("applied"), "good"),
    "failed": (marked("failed"), "bad"),
    "cancelled": (marked("cancelled"), ""),
}
"""By the state of a run: its word, and the colour of its badge."""

STUDY_STATES: Mapping[str, tuple[str, str]] = {
    "differs": (marked("differs"), "warn"),
    "failed": (marked("not derived"), "bad"),
    "swapped": (marked("replaced"), "good"),
    "same": (marked("reads the same"), ""),
    "waiting": (marked("waits"), "brand"),
}
"""By the state of a study within a run."""

REASONS: Mapping[str, str] = {
    "archive_deleted": marked("Its archived object was deleted by policy."),
    "archive_missing": marked("Its archived object is missing from the archive."),
    "study_gone": marked("The study was removed."),
    "error": marked("The extractor failed; its log says where."),
}
"""Why a study could not be derived again; other codes bring their own text."""


@dataclass(frozen=True)
class Summary:
    """One line of the summary: a field that differs, and the device whose studies it differs in."""

    field: str
    device_id: int | None
    device: str
    studies: int
    places: int
    largest_relative: float | None
    examples: tuple[int, ...]

    @property
    def name(self) -> str:
        """The last word of the field."""
        return self.field.rpartition(".")[2].replace("[]", "").replace("_", " ")


def runs(connection: sa.Connection) -> Sequence[Any]:
    """The latest runs, newest first."""
    wanted = sa.select(rederivation).order_by(J.requested_at.desc()).limit(RUNS)
    return connection.execute(wanted).all()


def run(connection: sa.Connection, rederivation_id: UUID) -> Any:
    """One run; None where there is none."""
    return connection.execute(sa.select(rederivation).where(J.id == rederivation_id)).first()


def selected(selection: Mapping[str, Any], devices: Mapping[int, str]) -> list[str]:
    """What was chosen, in words."""
    words = []
    if "device_id" in selection:
        name = devices.get(selection["device_id"], str(selection["device_id"]))
        words.append(_("device %(name)s", name=name))
    if "modality_type" in selection:
        words.append(_("modality %(name)s", name=selection["modality_type"]))
    if "date_from" in selection:
        words.append(_("from %(day)s", day=selection["date_from"]))
    if "date_to" in selection:
        words.append(_("up to %(day)s", day=selection["date_to"]))
    if "extractor_below" in selection:
        words.append(_("recorded before version %(version)s", version=selection["extractor_below"]))
    return words or [_("all studies")]


def device_names(connection: sa.Connection) -> dict[int, str]:
    """The names of all devices by number, in the order of names."""
    device = dose.device.c
    rows = connection.execute(
        sa.select(device.id, device.display_name).order_by(sa.func.lower(device.display_name), device.id)
    )
    return {int(row.id): str(row.display_name) for row in rows}


def summary(connection: sa.Connection, rederivation_id: UUID, devices: Mapping[int, str]) -> list[Summary]:
    """The differences by field and device, those of most studies first."""
    rows = connection.execute(
        sa.select(rederivation_difference)
        .where(D.rederivation_id == rederivation_id)
        .order_by(D.studies.desc(), D.field, D.device_id)
        .limit(FIELDS)
    )
    return [
        Summary(
            field=row.field,
            device_id=None if row.device_id == NO_DEVICE else row.device_id,
            device=devices.get(row.device_id, "–"),
            studies=row.studies,
            places=row.places,
            largest_relative=row.largest_relative,
            examples=tuple(row.examples),
        )
        for row in rows
    ]


def studies(
    connection: sa.Connection, rederivation_id: UUID, *, state: str, device_id: int | None, after: int
) -> tuple[Sequence[Any], int | None]:
    """A page of studies in a state, and the id after which the next page begins."""
    study = dose.study.c
    wanted = (
        sa.select(
            R.study_id, R.device_id, R.state, R.differing_places, R.differences, R.reason_code, R.reason,
            study.study_at, study.modality_types, study.study_description,
        )
        .select_from(rederivation_study.outerjoin(dose.study, study.id == R.study_id))
        .where(R.rederivation_id == rederivation_id, R.state == state, R.study_id > after)
        .order_by(R.study_id)
        .limit(STUDIES + 1)
    )  # fmt: skip
    if device_id is not None:
        wanted = wanted.where(R.device_id == device_id)
    rows = connection.execute(wanted).all()
    return rows[:STUDIES], rows[STUDIES - 1].study_id if len(rows) > STUDIES else None
