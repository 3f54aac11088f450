"""Asks for skin dose maps where a study becomes another, and for sums where one goes away."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import sqlalchemy as sa

from dosebus.events.extract import SkinMapRequested, SkinSumsRequested
from dosebus.store.tables import dose
from dosebus.store.transaction import Transaction

Reason = Literal["arrival", "person", "patient_size", "device", "method"]
SYSTEM = "dosebus"
"""Who asks where no person does."""


def ask_for_map(
    tx: Transaction, study_instance_uid: str, modality_types: Collection[str], reason: Reason = "arrival"
) -> None:
    """Ask for the map of a study of fluoroscopy whose record is written in this transaction."""
    if "RF" in modality_types:
        tx.publish(
            SkinMapRequested(study_instance_uid=study_instance_uid, reason=reason, requested_by=SYSTEM),
            subject=study_instance_uid,
        )


def ask_for_sums_without(tx: Transaction, study_id: int) -> None:
    """Ask for the sums of the studies that have this one, which is about to be removed, in their window."""
    s = dose.skin_sum.c
    select = (
        sa.select(s.study_id)
        .distinct()
        .where(s.member_ids.contains([study_id]), s.study_id != study_id)
        .order_by(s.study_id)
    )
    others = tuple(tx.execute(select).scalars())
    if others:
        tx.publish(SkinSumsRequested(study_ids=others), subject=str(study_id))
