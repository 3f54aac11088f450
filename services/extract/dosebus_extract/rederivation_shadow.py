"""One study in shadow: derived again, compared, and kept beside what stands; and later swapped in."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from pydantic import TypeAdapter
from sqlalchemy import Row

from dosebus.blobs.blobs import Blobs
from dosebus.bus.fault import describe, is_outage
from dosebus.domain.contribution import Contribution
from dosebus.domain.study import Study
from dosebus.store.packed import as_json, pack, unpack
from dosebus.store.tables import dose
from dosebus.store.tables.dose_changes import NO_DEVICE, rederivation_study
from dosebus.store.transaction import Transaction
from dosebus_extract import rederivation_jobs as jobs
from dosebus_extract.archive_rederive import ArchiveGoneError, Derived, derive, locked, mark_derived, replace
from dosebus_extract.devices import see_device
from dosebus_extract.merge import prune
from dosebus_extract.outcome import NotRecorded
from dosebus_extract.people_store import people_key
from dosebus_extract.record import Combined, extractor_version
from dosebus_extract.rederivation_difference import Difference, by_field, differences
from dosebus_extract.settings import ExtractSettings
from dosebus_extract.store_object import contributions_of
from dosebus_extract.store_study import Standing

S = dose.study.c
R = rederivation_study.c
MOST_PLACES = 200
"""Differences of a study that are kept by place; all of them are counted."""


def shadow_study(
    tx: Transaction, blobs: Blobs, settings: ExtractSettings, job_id: UUID, study_id: int
) -> None:
    """Derive a study again and note how it differs. Nothing that stands is changed."""
    row = tx.execute(
        sa.select(S.record, S.device_id, S.revision, S.first_received_at).where(S.id == study_id)
    ).first()
    if row is None:
        _fail(tx, job_id, study_id, code="study_gone", reason="The study was removed.")
        return
    attempt = tx.connection.begin_nested()
    try:
        derived = derive(tx, blobs, settings, study_id)
    except Exception as error:
        if is_outage(error):
            raise
        # What is seen of devices while deriving is taken back, so that the shadow leaves no trace.
        attempt.rollback()
        fail(tx, job_id, study_id, error)
        return
    attempt.rollback()
    found = list(differences(unpack(Study, row.record), derived.combined.study))
    _keep(tx, job_id, study_id, row=row, derived=derived, found=found)


def swap_study(
    tx: Transaction, blobs: Blobs, settings: ExtractSettings, job: Row[Any], study_id: int
) -> None:
    """Put a study's shadow in the place of what stands, whole and with its events, in this transaction.

    Where the study, the extractor or the people policy is another than when the shadow was made, the study is
    derived again first.
    """
    # A number makes this transaction one that a change of people waits for, before it reads their policy.
    tx.execute(sa.select(sa.func.pg_current_xact_id()))
    kept = tx.execute(
        sa.select(rederivation_study).where(R.rederivation_id == job.id, R.study_id == study_id)
    ).one()
    before = locked(tx, study_id)
    holds = (
        kept.base_revision == before.revision
        and job.extractor_version == extractor_version()
        and job.people_key == people_key(tx, settings)
        and (kept.state == "same" or kept.record is not None)
    )
    if not holds:
        changed = replace(tx, before, derive(tx, blobs, settings, study_id))
    elif kept.contributions is None:
        mark_derived(tx, study_id)
        changed = False
    else:
        changed = replace(tx, before, _as_kept(tx, before, kept))
    values = {"state": "swapped", "record": None, "contributions": None}
    _note(tx, job.id, study_id, values)
    jobs.count(tx, job.id, studies_swapped=int(changed), studies_derived_again=int(not holds), studies_done=1)


def fail(tx: Transaction, job_id: UUID, study_id: int, error: Exception) -> None:
    """Note why a study cannot be derived again; it stays as it stands."""
    if isinstance(error, ArchiveGoneError):
        _fail(tx, job_id, study_id, code=error.code, reason=str(error), gone=error.sop_instance_uids)
    elif isinstance(error, NotRecorded):
        _fail(tx, job_id, study_id, code=error.code, reason=error.reason)
    elif isinstance(error, LookupError):
        _fail(tx, job_id, study_id, code="study_gone", reason=str(error))
    else:
        structlog.get_logger("dosebus.extract").error(
            "study not derived again", study_id=study_id, error=describe(error)
        )
        _fail(tx, job_id, study_id, code="error", reason=describe(error))


def _as_kept(tx: Transaction, before: Standing, kept: Row[Any]) -> Derived:
    record = tx.execute(sa.select(S.record, S.first_received_at).where(S.id == before.id)).one()
    study = unpack(Study, kept.record if kept.record is not None else record.record)
    contributions = unpacked(kept.contributions)
    device = see_device(tx, study.equipment, record.first_received_at)
    return Derived(Combined(study, device, prune(contributions.values())), contributions)


def _keep(
    tx: Transaction,
    job_id: UUID,
    study_id: int,
    *,
    row: Row[Any],
    derived: Derived,
    found: list[Difference],
) -> None:
    standing = {one.sop_instance_uid: one for one in contributions_of(tx, study_id)}
    others = {one.sop_instance_uid: one for one in derived.combined.kept} != standing
    values = {
        "state": "differs" if found else "same",
        "device_id": row.device_id,
        "base_revision": row.revision,
        "differing_places": len(found),
        "differences": [one.told() for one in found[:MOST_PLACES]] or None,
        "record": pack(derived.combined.study) if found else None,
        "contributions": packed(derived.contributions) if found or others else None,
    }
    _note(tx, job_id, study_id, values)
    jobs.add_to_summary(tx, job_id, study_id, row.device_id or NO_DEVICE, by_field(found))
    jobs.count(tx, job_id, studies_done=1, studies_differing=int(bool(found)))


def packed(contributions: Mapping[UUID, Contribution]) -> bytes:
    """Contributions by object id as compressed JSON."""
    return zlib.compress(as_json({str(key): one for key, one in contributions.items()}), level=1)


def unpacked(kept: bytes) -> dict[UUID, Contribution]:
    """What `packed` packed."""
    return TypeAdapter(dict[UUID, Contribution]).validate_json(zlib.decompress(kept))


def _fail(
    tx: Transaction,
    job_id: UUID,
    study_id: int,
    *,
    code: str,
    reason: str,
    gone: tuple[str, ...] = (),
) -> None:
    values = {
        "state": "failed",
        "reason_code": code,
        "reason": reason,
        "objects_gone": list(gone) or None,
        "record": None,
        "contributions": None,
    }
    _note(tx, job_id, study_id, values)
    jobs.count(tx, job_id, studies_done=1, studies_failed=1, objects_gone=len(gone))


def _note(tx: Transaction, job_id: UUID, study_id: int, values: Mapping[str, object]) -> None:
    where = sa.and_(R.rederivation_id == job_id, R.study_id == study_id)
    tx.execute(sa.update(rederivation_study).where(where).values(values))
