"""What extract does with events about skin dose: on queues of their own, which a worker of their own can take."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from dosebus.bus.message import Message
from dosebus.events.extract import SkinMapRequested, SkinSettingsChanged, SkinSumsRequested
from dosebus.events.people import PatientIdentityChanged
from dosebus.store.tables import dose
from dosebus.store.transaction import Transaction
from dosebus_extract.consumers import consumers
from dosebus_extract.settings import ExtractSettings
from dosebus_extract.skin_store import map_study
from dosebus_extract.skin_sums import sum_maps
from dosebus_extract.skin_sweep import ask_for_stale

SWEEP: Final = "stale skin dose maps"
SKIN_WORK: Final = frozenset(
    {
        "extract.map_skin_dose",
        "extract.sum_skin_dose",
        "extract.sum_skin_dose_of_others",
        "extract.look_for_stale_skin_maps",
        SWEEP,
    }
)


@consumers.on(SkinMapRequested, retry=(5, 60, 600))
def map_skin_dose(
    event: SkinMapRequested, tx: Transaction, settings: ExtractSettings, message: Message
) -> None:
    """Map a study. Of several requests the first makes the newest revision's map; the others find it made."""
    asked_at = message.time if event.reason == "person" else None
    map_study(tx, event.study_instance_uid, seconds=settings.skin_seconds, asked_at=asked_at)


@consumers.on(SkinSumsRequested, retry=(5, 60, 600))
def sum_skin_dose(event: SkinSumsRequested, tx: Transaction) -> None:
    """Sum the maps of the windows these studies are in."""
    sum_maps(tx, event.study_ids)


@consumers.on(PatientIdentityChanged, retry=(5, 60, 600))
def sum_skin_dose_of_others(event: PatientIdentityChanged, tx: Transaction) -> None:
    """Sum again for patients who are told apart, or put together, in another way."""
    s = dose.study.c
    found = tx.execute(sa.select(s.id).where(s.study_instance_uid.in_(event.study_instance_uids)))
    sum_maps(tx, found.scalars().all())


@consumers.on(SkinSettingsChanged)
def look_for_stale_skin_maps(event: SkinSettingsChanged, tx: Transaction) -> None:  # noqa: ARG001 - only that it came
    """Ask at once for the newest maps that a change of the safelist made stale; the sweep does the rest."""
    ask_for_stale(tx)


def takes(settings: ExtractSettings, work: str) -> bool:
    """Whether a process of this role takes a queue, a task or a scheduled run."""
    if settings.extract_role == "all":
        return True
    return (work in SKIN_WORK) == (settings.extract_role == "skin")
