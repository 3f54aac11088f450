"""Patient sizes that did not come in an object: kept beside a study, so that they outlive its next combination."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from dosebus.domain.study import Patient, Study
from dosebus.sizes.rows import HEIGHT, NAMES, WEIGHT, Decision, SizeRow, decide
from dosebus.store.packed import unpack
from dosebus.store.prepared import Prepared
from dosebus.store.tables import dose, dose_imports
from dosebus.store.transaction import Transaction
from dosebus_extract.store_history import keep_history, publish_changed
from dosebus_extract.store_study import lock_study, standing, write_study

S = dose.study.c
P = dose_imports.patient_size.c
IMPORTED = Prepared(
    sa.select(P.quantity, P.value, P.wins).where(P.study_instance_uid == sa.bindparam("study_instance_uid"))
)


def with_imported_sizes(tx: Transaction, study: Study) -> Study:
    """The study with its imported sizes: over what its objects say where they win, else where those say nothing."""
    rows = tx.run(IMPORTED, study_instance_uid=study.study_instance_uid)
    sizes = {
        quantity: value for quantity, value, wins in rows if wins or getattr(study.patient, quantity) is None
    }
    return _sized(study, sizes) if sizes else study


def apply_row(
    tx: Transaction, study_id: int, row: SizeRow, *, overwrite: bool, imported_by: str, dry_run: bool = False
) -> tuple[Decision, ...]:
    """Enter a line's sizes into a study as far as they may be; what stood goes into its history.

    Raises LookupError when the study is gone.
    """
    uid = tx.execute(sa.select(S.study_instance_uid).where(S.id == study_id)).scalar_one_or_none()
    if uid is None:
        raise LookupError(f"study {study_id} is gone")
    lock_study(tx, uid)
    before = standing(tx, uid)
    if before is None:
        raise LookupError(f"study {study_id} is gone")
    old = tx.execute(sa.select(dose.study).where(S.id == before.id)).mappings().one()
    study = unpack(Study, old["record"])
    decisions = decide(row, sizes_of(study.patient), overwrite=overwrite)
    written = [one for one in decisions if one.writes]
    if dry_run or not written:
        return decisions
    _keep(tx, uid, written, wins=overwrite, imported_by=imported_by)
    changed = " and ".join(NAMES[one.quantity][0] for one in written)
    keep_history(tx, old, f"{changed} of the patient imported by {imported_by}")
    sized = _sized(study, {one.quantity: one.given for one in written})
    write_study(
        tx,
        sized,
        before,
        device_id=old["device_id"],
        extractor_version=old["extractor_version"],
        received_at=old["first_received_at"],
        with_entries=False,
    )
    publish_changed(tx, sized, before.id, old["device_id"], "patient_size")
    return decisions


def sizes_of(patient: Patient) -> dict[Any, float | None]:
    """A patient's sizes by quantity."""
    return {HEIGHT: patient.patient_height_m, WEIGHT: patient.patient_weight_kg}


def _sized(study: Study, sizes: dict[str, float]) -> Study:
    return study.model_copy(update={"patient": study.patient.model_copy(update=sizes)})


def _keep(tx: Transaction, uid: str, written: Sequence[Decision], *, wins: bool, imported_by: str) -> None:
    at = datetime.now(UTC)
    rows = [
        {
            "study_instance_uid": uid,
            "quantity": one.quantity,
            "value": one.given,
            "wins": wins,
            "imported_at": at,
            "imported_by": imported_by,
        }
        for one in written
    ]
    statement = insert(dose_imports.patient_size).values(rows)
    new = {name: statement.excluded[name] for name in ("value", "wins", "imported_at", "imported_by")}
    tx.execute(statement.on_conflict_do_update(index_elements=["study_instance_uid", "quantity"], set_=new))
