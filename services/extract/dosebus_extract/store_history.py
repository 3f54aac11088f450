"""Changes of a study that no new object brings: keeps what the record was, and tells that it is another now."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from dosebus.domain.study import Study
from dosebus.events.extract import StudyRecorded
from dosebus.store.tables import dose
from dosebus.store.transaction import Transaction
from dosebus_extract.skin_requests import Reason, ask_for_map


def keep_history(tx: Transaction, old: sa.RowMapping, reason: str) -> None:
    """Enter a study's row as it stands into its history, before it is written over. `reason` names no patient."""
    tx.execute(
        sa.insert(dose.study_history).values(
            study_id=old["id"],
            revision=old["revision"],
            record=bytes(old["record"]),
            extractor_version=old["extractor_version"],
            recorded_at=old["recorded_at"],
            replaced_at=datetime.now(UTC),
            reason=reason,
        )
    )


def publish_changed(
    tx: Transaction, study: Study, study_id: int, device_id: int | None, reason: Reason = "arrival"
) -> None:
    """Tell that a study's record was replaced. The event names the first of the objects that make the study.

    `reason`: why its skin dose map is asked for.

    Raises LookupError where none is known, as no object was recorded then.
    """
    o = dose.dicom_object.c
    row = tx.execute(
        sa.select(o.object_id, o.sop_instance_uid)
        .where(o.study_id == study_id, o.outcome == "recorded")
        .order_by(o.sop_instance_uid)
        .limit(1)
    ).first()
    if row is None:
        raise LookupError(f"study {study_id} has no recorded object")
    event = StudyRecorded(
        study_id=study_id,
        study_instance_uid=study.study_instance_uid,
        modality_types=study.modality_types,
        device_id=device_id,
        sop_instance_uid=row.sop_instance_uid,
        object_id=row.object_id,
        change="replaced",
        recorded_at=datetime.now(UTC),
    )
    tx.publish(event, subject=study.study_instance_uid)
    ask_for_map(tx, study.study_instance_uid, study.modality_types, reason)
