"""One study's patient in another form: in its record, its objects' contributions, its history and its shadows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from dosebus.blobs.blobs import BlobMissingError, Blobs
from dosebus.domain.contribution import Contribution
from dosebus.domain.study import Study
from dosebus.store.packed import pack, unpack
from dosebus.store.tables import dose
from dosebus.store.tables.dose_changes import rederivation_study
from dosebus.store.transaction import Transaction
from dosebus_extract.archive import object_in
from dosebus_extract.archive_rederive import ArchiveGoneError, locked
from dosebus_extract.merge import combine
from dosebus_extract.outcome import NotRecorded
from dosebus_extract.people_change import ITEMS, Choices, changed, identity, wants_archive, without_archive
from dosebus_extract.people_store import pseudonym_key
from dosebus_extract.read import read_header
from dosebus_extract.record import people_policy, protected, without_nul
from dosebus_extract.settings import ExtractSettings

S = dose.study.c
O = dose.dicom_object.c  # noqa: E741 - the table's columns
H = dose.study_history.c


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a study. `reason_code` says why the archive could not tell, `moved` that sums have to follow."""

    study_instance_uid: str
    changed: bool
    moved: bool
    reason_code: str | None


def change_study(
    tx: Transaction, blobs: Blobs, settings: ExtractSettings, study_id: int, choices: Choices
) -> Outcome:
    """Keep a study's patient as chosen, everywhere. Doses, events and times stay; doing it again changes nothing.

    Raises LookupError when the study is gone, ValueError where a pseudonym has no key.
    """
    before = locked(tx, study_id)
    key, reason = pseudonym_key(settings), None
    standing = _contributions(tx, study_id)
    fresh: dict[UUID, Study] = {}
    if wants_archive(choices):
        try:
            fresh = _from_archive(tx, blobs, settings, study_id, standing)
        except (NotRecorded, ArchiveGoneError) as error:
            reason = error.code
            choices = without_archive(choices, people_policy(tx, settings))
    kept = {
        object_id: one.model_copy(update={"study": changed(one.study, choices, key, fresh.get(object_id))})
        for object_id, one in standing.items()
    }
    whole = combine(kept.values()) if fresh else None
    written = [_write_contribution(tx, one, kept[one]) for one in kept if kept[one] != standing[one]]
    row = tx.execute(sa.select(S.study_instance_uid, S.record).where(S.id == study_id)).one()
    old = unpack(Study, row.record)
    new = changed(old, choices, key, whole)
    if new != old:
        _write_study(tx, study_id, before.revision, new)
    past = _change_history(tx, study_id, choices, key, whole)
    _forget_shadows(tx, study_id)
    something = bool(written) or new != old or past
    return Outcome(row.study_instance_uid, something, identity(new) != identity(old), reason)


def _contributions(tx: Transaction, study_id: int) -> dict[UUID, Contribution]:
    rows = tx.execute(
        sa.select(O.object_id, O.contribution)
        .where(O.study_id == study_id, O.contribution.is_not(None))
        .order_by(O.sop_instance_uid)
    )
    return {row.object_id: unpack(Contribution, row.contribution) for row in rows}


def _from_archive(
    tx: Transaction,
    blobs: Blobs,
    settings: ExtractSettings,
    study_id: int,
    standing: dict[UUID, Contribution],
) -> dict[UUID, Study]:
    """What the headers of the archived objects tell of the patient under the policy in force."""
    policy = people_policy(tx, settings)
    keys = tx.execute(sa.select(O.object_id, O.blob_key).where(O.study_id == study_id)).all()
    found: dict[UUID, Study] = {}
    for row in keys:
        if row.object_id not in standing:
            continue
        one = standing[row.object_id]
        if row.blob_key is None:
            raise ArchiveGoneError("deleted", (one.sop_instance_uid,))
        try:
            with object_in(blobs, row.blob_key) as data:
                told = one.model_copy(update={"study": read_header(data)})
        except BlobMissingError as error:
            raise ArchiveGoneError("missing", (one.sop_instance_uid,)) from error
        found[row.object_id] = protected(without_nul(told), policy, settings).study
    return found


def _write_contribution(tx: Transaction, object_id: UUID, contribution: Contribution) -> UUID:
    where = O.object_id == object_id
    tx.execute(sa.update(dose.dicom_object).where(where).values(contribution=pack(contribution)))
    return object_id


def _write_study(tx: Transaction, study_id: int, revision: int, study: Study) -> None:
    """The record and its columns. When it was recorded, and by which extractor, stays: only the form is another."""
    values: dict[str, Any] = {"record": pack(study), "revision": revision + 1}
    for item in ITEMS:
        values[item.key], hashed = item.of(study)
        if item.hashed:
            values[item.hashed] = hashed
    tx.execute(sa.update(dose.study).where(S.id == study_id).values(values))


def _change_history(
    tx: Transaction, study_id: int, choices: Choices, key: bytes, whole: Study | None
) -> bool:
    something = False
    rows = tx.execute(sa.select(H.revision, H.record).where(H.study_id == study_id)).all()
    for row in rows:
        old = unpack(Study, row.record)
        new = changed(old, choices, key, whole)
        if new != old:
            where = sa.and_(H.study_id == study_id, H.revision == row.revision)
            tx.execute(sa.update(dose.study_history).where(where).values(record=pack(new)))
            something = True
    return something


def _forget_shadows(tx: Transaction, study_id: int) -> None:
    """Shadows of a re-derivation name the patient in the former form; the study is derived again when they are used."""
    r = rederivation_study.c
    where = sa.and_(r.study_id == study_id, r.contributions.is_not(None))
    empty = {"record": None, "contributions": None, "base_revision": None}
    tx.execute(sa.update(rederivation_study).where(where).values(empty))
