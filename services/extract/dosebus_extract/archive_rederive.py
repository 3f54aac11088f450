"""Derives a study again from the archive, and puts what came of it in the place of what stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import sqlalchemy as sa

from dosebus.blobs.blobs import BlobMissingError, Blobs
from dosebus.domain.contribution import Contribution
from dosebus.domain.study import Study
from dosebus.store.packed import pack, unpack
from dosebus.store.tables import dose
from dosebus.store.transaction import Transaction
from dosebus_extract.archive import object_in
from dosebus_extract.record import (
    Combined,
    extractor_version,
    put_together,
    read_contribution,
    write_combined,
)
from dosebus_extract.rederivation_difference import differences
from dosebus_extract.settings import ExtractSettings
from dosebus_extract.store_history import keep_history, publish_changed
from dosebus_extract.store_object import settle_contributions
from dosebus_extract.store_study import Standing, lock_study, standing

S = dose.study.c
O = dose.dicom_object.c  # noqa: E741 - the table's columns

GONE: Mapping[Literal["deleted", "missing"], str] = {
    "deleted": "Deleted from the archive by policy: {uids}",
    "missing": "No longer in the archive: {uids}",
}


class ArchiveGoneError(LookupError):
    """Objects that made a study are in the archive no more, so it cannot be derived again."""

    def __init__(self, code: Literal["deleted", "missing"], sop_instance_uids: tuple[str, ...]) -> None:
        super().__init__(GONE[code].format(uids=", ".join(sop_instance_uids)))
        self.code = f"archive_{code}"
        self.sop_instance_uids = sop_instance_uids


@dataclass(frozen=True, slots=True)
class Derived:
    """A study derived again, with the objects whose contributions make it."""

    combined: Combined
    contributions: Mapping[UUID, Contribution]


def derive(tx: Transaction, blobs: Blobs, settings: ExtractSettings, study_id: int) -> Derived:
    """Read all of a study's archived objects and put them together.

    Raises NotRecorded for an object that is not read any more, ArchiveGoneError where objects are not archived.
    """
    rows = tx.execute(
        sa.select(O.object_id, O.sop_instance_uid, O.blob_key, O.received_at)
        .where(O.study_id == study_id, O.outcome == "recorded")
        .order_by(O.sop_instance_uid)
    ).all()
    if not rows:
        raise LookupError("no object of the study is known")
    deleted = tuple(str(row.sop_instance_uid) for row in rows if row.blob_key is None)
    if deleted:
        raise ArchiveGoneError("deleted", deleted)
    contributions: dict[UUID, Contribution] = {}
    missing: list[str] = []
    for row in rows:
        try:
            with object_in(blobs, row.blob_key) as data:
                contributions[row.object_id] = read_contribution(tx, data, settings)
        except BlobMissingError:
            missing.append(str(row.sop_instance_uid))
    if missing:
        raise ArchiveGoneError("missing", tuple(missing))
    received_at = max(row.received_at for row in rows)
    return Derived(put_together(tx, list(contributions.values()), received_at), contributions)


def rederive_study(tx: Transaction, blobs: Blobs, settings: ExtractSettings, study_id: int) -> bool:
    """Derive a study again and put it in the place of what stands; says whether the record changed.

    What stood goes into the study's history. Raises NotRecorded and LookupError as `derive`: then nothing is changed.
    """
    before = locked(tx, study_id)
    return replace(tx, before, derive(tx, blobs, settings, study_id))


def locked(tx: Transaction, study_id: int) -> Standing:
    """What stands of a study that nobody else changes until `tx` ends. Raises LookupError when it is gone."""
    uid = tx.execute(sa.select(S.study_instance_uid).where(S.id == study_id)).scalar_one_or_none()
    if uid is not None:
        lock_study(tx, uid)
        before = standing(tx, uid)
        if before is not None and before.id == study_id:
            return before
    raise LookupError(f"study {study_id} is gone")


def replace(tx: Transaction, before: Standing, derived: Derived) -> bool:
    """Put a study that was derived again in the place of what stands of it; says whether its record changed.

    The caller holds the study's lock. One that reads the same keeps its revision and only learns the extractor.
    """
    old = tx.execute(sa.select(dose.study).where(S.id == before.id)).mappings().one()
    study = derived.combined.study
    changed = next(differences(unpack(Study, old["record"]), study), None) is not None
    if changed:
        keep_history(tx, old, f"derived again by extractor {extractor_version()}")
        write_combined(tx, derived.combined, before, old["first_received_at"])
    _keep_contributions(tx, before.id, derived)
    mark_derived(tx, before.id)
    if changed:
        publish_changed(tx, study, before.id, derived.combined.device.id)
    return changed


def mark_derived(tx: Transaction, study_id: int) -> None:
    """Note that this extractor reads a study and its objects as they stand."""
    version = {"extractor_version": extractor_version()}
    tx.execute(sa.update(dose.study).where(S.id == study_id).values(version))
    of_study = sa.and_(O.study_id == study_id, O.outcome == "recorded")
    tx.execute(sa.update(dose.dicom_object).where(of_study).values(version))


def _keep_contributions(tx: Transaction, study_id: int, derived: Derived) -> None:
    for object_id, contribution in derived.contributions.items():
        tx.execute(
            sa.update(dose.dicom_object)
            .where(O.object_id == object_id)
            .values(contribution=pack(contribution), kind=contribution.kind, reason_code=None, reason=None)
        )
    settle_contributions(tx, study_id, derived.contributions.values(), derived.combined.kept)
