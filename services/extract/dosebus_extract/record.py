"""Records objects: reads one, puts its study together again, and writes what became of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import structlog
from orjson import JSONEncodeError
from psycopg import DataError
from sqlalchemy.exc import DataError as SqlDataError

from dosebus.blobs.blobs import BlobMissingError
from dosebus.bus.fault import describe
from dosebus.domain.contribution import Contribution
from dosebus.domain.study import Study
from dosebus.events.extract import ObjectSetAside, StudyRecorded
from dosebus.store.packed import as_json
from dosebus.store.prepared import Prepared
from dosebus.store.transaction import Transaction
from dosebus.version import VERSION
from dosebus_extract.deletion import keep_for_download
from dosebus_extract.devices import Device, Seen, see_device, see_software
from dosebus_extract.merge import MergeOptions, combine, prune
from dosebus_extract.outcome import Ignored, IgnoredDevice, NotRecorded, Rejected
from dosebus_extract.people import SAID, PeoplePolicy, apply_policy, changed_policy
from dosebus_extract.read import ReadOptions, read_object
from dosebus_extract.reading_rules import ReadingRules, derivation_rules
from dosebus_extract.record_metrics import RECORDED
from dosebus_extract.record_rows import study_at
from dosebus_extract.settings import ExtractSettings
from dosebus_extract.skin_requests import ask_for_map
from dosebus_extract.store_object import (
    Incoming,
    Recorded,
    contributions_of,
    is_recorded,
    settle_contributions,
    write_recorded,
    write_set_aside,
)
from dosebus_extract.store_sizes import with_imported_sizes
from dosebus_extract.store_study import Standing, lock_study, write_study
from dosebus_extract.surroundings import surroundings_of

Change = Literal["added", "extended", "replaced", "unchanged"]
NUL = b"\\u0000"
POLICY = Prepared(SAID)


@dataclass(frozen=True, slots=True)
class Combined:
    """A study put together: the record, its device, and the contributions that make it."""

    study: Study
    device: Device
    kept: tuple[Contribution, ...]
    wrote_device: bool = False
    """Whether anything of the device was written, so that what was found of it before is no longer true."""


def extractor_version() -> str:
    """The version that is kept with everything this extractor records."""
    return VERSION


def read_contribution(
    tx: Transaction, data: bytes | Path, settings: ExtractSettings, rules: ReadingRules | None = None
) -> Contribution:
    """Read an object and apply the people policy. Raises Ignored or Rejected, and nothing else for a bad object.

    Without `rules` it is read as what is recorded already is read again.
    """
    contribution = read_plain(data, (rules or derivation_rules(tx)).options(settings))
    return protected(contribution, people_policy(tx, settings), settings)


def read_plain(data: bytes | Path, options: ReadOptions) -> Contribution:
    """Read an object as it is, people and all. Raises Ignored or Rejected, and nothing else for a bad object."""
    try:
        contribution = read_object(data, options)
    except NotRecorded:
        raise
    except Exception as error:
        if isinstance(data, Path) and not data.exists():
            raise BlobMissingError(data.name) from error
        # Reading is pure: what fails once fails always, so a retry would only hide the object.
        structlog.get_logger("dosebus.extract").error("reader failed", error=describe(error))
        raise Rejected("reader_failed", f"The reader failed: {describe(error)}") from error
    return without_nul(contribution)


def protected(contribution: Contribution, policy: PeoplePolicy, settings: ExtractSettings) -> Contribution:
    """The same contribution with its people kept as the policy says."""
    return apply_policy(contribution, policy, settings.pseudonym_key.get_secret_value().encode())


def without_nul(contribution: Contribution) -> Contribution:
    """The same contribution without NUL characters in its texts, which PostgreSQL does not take."""
    document = as_json(contribution)
    if NUL not in document:
        return contribution
    return Contribution.model_validate_json(document.replace(NUL, b""))


def people_policy(tx: Transaction, settings: ExtractSettings) -> PeoplePolicy:
    """The policy of the settings, changed by what the published configuration says."""
    return changed_policy(settings.people_policy(), next((value for (value,) in tx.run(POLICY)), None))


def record(
    tx: Transaction,
    incoming: Incoming,
    data: bytes | Path,
    settings: ExtractSettings,
    rules: ReadingRules | None = None,
) -> Contribution | None:
    """Record one object, and give what it contributes; whatever is wrong with it becomes its outcome with a reason.

    Raises only for what a retry may mend (the database, a blob that went away, a bug in writing).
    """
    try:
        contribution = read_plain(data, (rules or derivation_rules(tx)).options(settings))
    except NotRecorded as outcome:
        set_aside(tx, incoming, outcome)
        return None
    return contribution if record_read(tx, incoming, contribution, settings) else None


def record_read(
    tx: Transaction, incoming: Incoming, contribution: Contribution, settings: ExtractSettings
) -> bool:
    """Record an object that was read; says whether it is recorded, and not set aside."""
    try:
        with tx.attempt():
            record_contribution(tx, incoming, contribution, settings)
    except NotRecorded as outcome:
        set_aside(tx, incoming, outcome)
    except (DataError, SqlDataError, UnicodeEncodeError, JSONEncodeError) as error:
        set_aside(tx, incoming, Rejected("unstorable", f"A value cannot be stored: {describe(error)}"))
    else:
        return True
    return False


def record_contribution(
    tx: Transaction, incoming: Incoming, read: Contribution, settings: ExtractSettings
) -> None:
    """Add what was read to its study. Raises Ignored when an object of its SOP Instance UID is recorded already."""
    lock_study(tx, read.study_instance_uid)
    (around,) = surroundings_of(tx, [read])
    contribution = protected(read, changed_policy(settings.people_policy(), around.policy), settings)
    uid, before = contribution.sop_instance_uid, around.standing
    if before and is_recorded(tx, uid, contribution.study_instance_uid, but=incoming.object_id):
        raise already_recorded()
    earlier = contributions_of(tx, before.id) if before else []
    others = [one for one in earlier if one.sop_instance_uid != contribution.sop_instance_uid]
    combined = put_together(
        tx, [*others, contribution], incoming.received_at, around.device, has_sizes=before is not None
    )
    change = change_of(contribution, others, combined.kept, before)
    study_id = write_combined(tx, combined, before, incoming.received_at, with_entries=change != "unchanged")
    write_recorded(tx, [Recorded(incoming, contribution, study_id)], extractor_version())
    settle_contributions(tx, study_id, [*others, contribution], combined.kept)
    publish_recorded(
        tx, study_id, combined, incoming, sop_instance_uid=contribution.sop_instance_uid, change=change
    )


def already_recorded() -> Ignored:
    """The outcome of an object that came again."""
    return Ignored("already_recorded", "The study holds an object with this SOP Instance UID already.")


def put_together(
    tx: Transaction,
    contributions: Sequence[Contribution],
    received_at: datetime,
    seen: Seen | None = None,
    *,
    has_sizes: bool = True,
) -> Combined:
    """Combine a study's contributions as its device's settings ask, with the patient sizes that were imported.

    `seen`: what was found of the newest object's device. A study that is new has no sizes.
    """
    kept = prune(contributions)
    study = combine(kept)
    device = see_device(tx, study.equipment, received_at, seen)
    if device.modality_override is not None:
        study = combine(kept, MergeOptions(modality_override=device.modality_override))
    at = study_at(study) or received_at.replace(tzinfo=None)
    wrote = see_software(tx, device, study.equipment.software_version, at, seen) or device.is_changed
    return Combined(with_imported_sizes(tx, study) if has_sizes else study, device, kept, wrote)


def change_of(
    new: Contribution, others: Sequence[Contribution], kept: Sequence[Contribution], before: Standing | None
) -> Change:
    """What a contribution does to its study."""
    if before is None:
        return "added"
    staying = {one.sop_instance_uid for one in kept}
    if new.sop_instance_uid not in staying:
        return "unchanged"
    return "extended" if all(one.sop_instance_uid in staying for one in others) else "replaced"


def write_combined(
    tx: Transaction,
    combined: Combined,
    before: Standing | None,
    received_at: datetime,
    *,
    with_entries: bool = True,
) -> int:
    """Write a study that was put together; gives its id."""
    return write_study(
        tx,
        combined.study,
        before,
        device_id=combined.device.id,
        extractor_version=extractor_version(),
        received_at=received_at,
        with_entries=with_entries,
    )


def publish_recorded(
    tx: Transaction,
    study_id: int,
    combined: Combined,
    incoming: Incoming,
    *,
    sop_instance_uid: str,
    change: Change,
) -> None:
    """Tell that an object is recorded, and count it once the transaction has committed."""
    uid = combined.study.study_instance_uid
    event = StudyRecorded(
        study_id=study_id,
        study_instance_uid=uid,
        modality_types=combined.study.modality_types,
        device_id=combined.device.id,
        sop_instance_uid=sop_instance_uid,
        object_id=incoming.object_id,
        change=change,
        recorded_at=datetime.now(UTC),
    )
    tx.publish(event, subject=uid)
    ask_for_map(tx, uid, combined.study.modality_types)
    tx.after_commit(RECORDED.labels("recorded").inc)


def _stands(tx: Transaction, incoming: Incoming, study_instance_uid: str | None) -> bool:
    uid = incoming.sop_instance_uid
    if uid is None or study_instance_uid is None:
        return False
    return is_recorded(tx, uid, study_instance_uid, but=incoming.object_id)


def set_aside(tx: Transaction, incoming: Incoming, outcome: NotRecorded) -> None:
    """Enter an object as ignored or rejected, and tell so."""
    if isinstance(outcome, IgnoredDevice) and _stands(tx, incoming, outcome.study_instance_uid):
        outcome = already_recorded()  # sent again after its device came on the list: its study keeps it
    kind: Literal["ignored", "rejected"] = "ignored" if isinstance(outcome, Ignored) else "rejected"
    write_set_aside(
        tx,
        incoming,
        outcome=kind,
        code=outcome.code,
        reason=outcome.reason,
        extractor_version=extractor_version(),
    )
    tx.publish(
        ObjectSetAside(
            object_id=incoming.object_id,
            sop_instance_uid=incoming.sop_instance_uid,
            outcome=kind,
            reason_code=outcome.code,
        ),
        subject=str(incoming.object_id),
    )
    if isinstance(outcome, IgnoredDevice) and outcome.keep:
        keep_for_download(tx, incoming.object_id)
    tx.after_commit(RECORDED.labels(kind).inc)
