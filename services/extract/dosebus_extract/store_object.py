"""Writes what became of an object, and keeps what it contributes to its study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from dosebus.domain.contribution import Contribution
from dosebus.store.packed import pack, unpack
from dosebus.store.prepared import Prepared, insert_many
from dosebus.store.tables import dose
from dosebus.store.transaction import Transaction

O = dose.dicom_object.c  # noqa: E741 - the table's columns, as D and S elsewhere

ROW = (
    "object_id", "sop_instance_uid", "sop_class_uid", "study_id", "outcome", "reason_code", "reason", "kind",
    "extractor_version", "contribution", "blob_key", "received_at", "recorded_at",
)  # fmt: skip
_NEW = insert_many(dose.dicom_object, ROW)
WRITE = Prepared(
    _NEW.on_conflict_do_update(index_elements=["object_id"], set_={name: _NEW.excluded[name] for name in ROW})
)
IS_RECORDED = Prepared(
    sa.select(O.object_id)
    .join(dose.study, dose.study.c.id == O.study_id)
    .where(
        O.sop_instance_uid == sa.bindparam("sop_instance_uid"),
        O.outcome == "recorded",
        O.object_id != sa.bindparam("but"),
        dose.study.c.study_instance_uid == sa.bindparam("study_instance_uid"),
    )
)
CONTRIBUTIONS = Prepared(
    sa.select(O.contribution)
    .where(O.study_id == sa.bindparam("study_id"), O.contribution.is_not(None))
    .order_by(O.sop_instance_uid)
)


@dataclass(frozen=True, slots=True)
class Incoming:
    """An object as it came in: what the event, or an earlier row, tells of it."""

    object_id: UUID
    sop_instance_uid: str | None
    sop_class_uid: str | None
    blob_key: str
    received_at: datetime


def is_recorded(tx: Transaction, sop_instance_uid: str, study_instance_uid: str, *, but: UUID) -> bool:
    """Whether another object than `but` is recorded in this study under this SOP Instance UID."""
    asked = {"sop_instance_uid": sop_instance_uid, "study_instance_uid": study_instance_uid, "but": but}
    return bool(tx.run(IS_RECORDED, **asked))


def contributions_of(tx: Transaction, study_id: int) -> list[Contribution]:
    """What a study's objects contribute; those that add nothing any more are left out."""
    return [unpack(Contribution, packed) for (packed,) in tx.run(CONTRIBUTIONS, study_id=study_id)]


@dataclass(frozen=True, slots=True)
class Recorded:
    """An object that is recorded: what it contributes, and to which study."""

    incoming: Incoming
    contribution: Contribution
    study_id: int


def write_recorded(tx: Transaction, objects: Sequence[Recorded], extractor_version: str) -> None:
    """Enter objects as recorded, with their contributions."""
    _write(
        tx,
        [
            _own(one.incoming)
            | {
                "sop_instance_uid": one.contribution.sop_instance_uid,
                "sop_class_uid": one.contribution.sop_class_uid,
                "study_id": one.study_id,
                "outcome": "recorded",
                "kind": one.contribution.kind,
                "contribution": pack(one.contribution),
                "extractor_version": extractor_version,
                "reason_code": None,
                "reason": None,
            }
            for one in objects
        ],
    )


def write_set_aside(
    tx: Transaction, incoming: Incoming, *, outcome: str, code: str, reason: str, extractor_version: str
) -> None:
    """Enter an object as ignored or rejected, with the reason."""
    row = _own(incoming) | {
        "sop_instance_uid": _clean(incoming.sop_instance_uid),
        "sop_class_uid": _clean(incoming.sop_class_uid),
        "study_id": None,
        "outcome": outcome,
        "reason_code": code,
        "reason": _clean(reason),
        "kind": None,
        "contribution": None,
        "extractor_version": extractor_version,
    }
    _write(tx, [row])


def settle_contributions(
    tx: Transaction, study_id: int, all_of_it: Iterable[Contribution], kept: Iterable[Contribution]
) -> None:
    """Write back which contributions still add something; the others are dropped and said to be contained."""
    before = {one.sop_instance_uid: one for one in all_of_it}
    after = {one.sop_instance_uid: one for one in kept}
    of_study = O.study_id == study_id
    for uid, one in after.items():
        if before.get(uid) != one:
            where = sa.and_(of_study, O.sop_instance_uid == uid, O.outcome == "recorded")
            tx.execute(sa.update(dose.dicom_object).where(where).values(contribution=pack(one)))
    gone = sorted(before.keys() - after.keys())
    if gone:
        tx.execute(
            sa.update(dose.dicom_object)
            .where(of_study, O.sop_instance_uid.in_(gone))
            .values(
                contribution=None,
                reason_code="contained",
                reason="Another report of the study contains all its events.",
            )
        )


def _own(incoming: Incoming) -> dict[str, Any]:
    return {
        "object_id": incoming.object_id,
        "blob_key": incoming.blob_key,
        "received_at": incoming.received_at,
        "recorded_at": datetime.now(UTC),
    }


def _write(tx: Transaction, rows: Sequence[dict[str, Any]]) -> None:
    tx.run(WRITE, **{name: [row[name] for row in rows] for name in ROW})


def _clean(text: str | None) -> str | None:
    return text.replace("\0", "") if text else text
