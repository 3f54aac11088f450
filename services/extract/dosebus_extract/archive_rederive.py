"""Derives records again from the archive: first in shadow, to be compared; then over what stands, atomically."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from dosebus.blobs.blobs import Blobs
from dosebus.domain.contribution import Contribution
from dosebus.domain.study import Study
from dosebus.store.packed import pack, unpack
from dosebus.store.tables import dose
from dosebus.store.transaction import Transaction
from dosebus_extract.outcome import NotRecorded
from dosebus_extract.record import (
    Combined,
    extractor_version,
    publish_recorded,
    put_together,
    read_contribution,
    write_combined,
)
from dosebus_extract.settings import ExtractSettings
from dosebus_extract.store_history import keep_history
from dosebus_extract.store_object import Incoming, settle_contributions
from dosebus_extract.store_study import lock_all_studies, lock_study, standing

S = dose.study.c
O = dose.dicom_object.c  # noqa: E741 - the table's columns


@dataclass(frozen=True, slots=True)
class Difference:
    """One place of a record that a newer extractor reads otherwise."""

    study_id: int
    device_id: int | None
    place: str
    before: Any
    after: Any


@dataclass(slots=True)
class Shadow:
    """What a re-derivation would change: differences, and studies that cannot be derived again with the reason."""

    studies: int = 0
    differences: list[Difference] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)

    def by_field_and_device(self) -> Mapping[tuple[str, int | None], int]:
        """How often each field differs, by device."""
        return Counter((field_of(one.place), one.device_id) for one in self.differences)


@dataclass(slots=True)
class Swapped:
    """What a swap did: studies derived again, those whose record changed, and those that failed with the reason."""

    studies: int = 0
    changed: int = 0
    failed: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Derived:
    """A study derived again, with the objects whose contributions make it."""

    combined: Combined
    contributions: Mapping[UUID, Contribution]


def shadow(tx: Transaction, blobs: Blobs, settings: ExtractSettings, study_ids: Iterable[int]) -> Shadow:
    """Derive studies again without writing anything, and say what would change."""
    found = Shadow()
    for study_id in study_ids:
        found.studies += 1
        row = tx.execute(sa.select(S.record, S.device_id).where(S.id == study_id)).one()
        attempt = tx.connection.begin_nested()
        try:
            derived = derive(tx, blobs, settings, study_id)
        except (NotRecorded, LookupError) as error:
            found.failed[study_id] = str(error)
            continue
        finally:
            attempt.rollback()
        before = unpack(Study, row.record)
        for place, old, new in differences(before, derived.combined.study):
            found.differences.append(Difference(study_id, row.device_id, place, old, new))
    return found


def rederive_study(
    tx: Transaction, blobs: Blobs, settings: ExtractSettings, study_id: int, *, locked: bool = False
) -> bool:
    """Derive a study again and put it in the place of what stands; says whether the record changed.

    What stood goes into the study's history. Raises NotRecorded when an object cannot be read any more, and
    BlobMissingError when the archive has lost it: then nothing is changed. `locked` says that the caller holds
    the lock of all studies.
    """
    uid = tx.execute(sa.select(S.study_instance_uid).where(S.id == study_id)).scalar_one_or_none()
    if uid is None:
        raise LookupError(f"study {study_id} is gone")
    if not locked:
        lock_study(tx, uid)
    before = standing(tx, uid)
    if before is None:
        raise LookupError(f"study {study_id} is gone")
    old = tx.execute(sa.select(dose.study).where(S.id == study_id)).mappings().one()
    derived = derive(tx, blobs, settings, study_id)
    changed = bool(list(differences(unpack(Study, old["record"]), derived.combined.study)))
    if changed:
        keep_history(tx, old, f"derived again by extractor {extractor_version()}")
    write_combined(tx, derived.combined, before, old["first_received_at"], with_entries=changed)
    _keep_contributions(tx, study_id, derived)
    if changed:
        object_id, contribution = next(iter(derived.contributions.items()))
        incoming = Incoming(object_id, contribution.sop_instance_uid, None, "", old["first_received_at"])
        publish_recorded(
            tx,
            study_id,
            derived.combined,
            incoming,
            sop_instance_uid=contribution.sop_instance_uid,
            change="replaced",
        )
    return changed


def swap(tx: Transaction, blobs: Blobs, settings: ExtractSettings, study_ids: Iterable[int]) -> Swapped:
    """Derive studies again and put all of them in the place of what stands, or none: the caller commits `tx`.

    A study that cannot be derived again stays as it is, with the reason told.
    """
    done = Swapped()
    lock_all_studies(tx)
    for study_id in study_ids:
        try:
            with tx.connection.begin_nested():
                done.changed += rederive_study(tx, blobs, settings, study_id, locked=True)
                done.studies += 1
        except (NotRecorded, LookupError) as error:
            done.failed[study_id] = str(error)
    return done


def derive(tx: Transaction, blobs: Blobs, settings: ExtractSettings, study_id: int) -> Derived:
    """Read all of a study's archived objects and put them together. Raises NotRecorded, BlobMissingError."""
    rows = tx.execute(
        sa.select(O.object_id, O.blob_key, O.received_at)
        .where(O.study_id == study_id, O.outcome == "recorded")
        .order_by(O.sop_instance_uid)
    ).all()
    if not rows:
        raise LookupError("no object of the study is archived")
    contributions = {row.object_id: read_contribution(tx, blobs.read(row.blob_key), settings) for row in rows}
    received_at = max(row.received_at for row in rows)
    return Derived(put_together(tx, list(contributions.values()), received_at), contributions)


def differences(before: Study, after: Study) -> Iterator[tuple[str, Any, Any]]:
    """Every place where two records differ, as `path, before, after`; None where there is nothing."""
    old, new = dict(_leaves(before.model_dump(mode="json"))), dict(_leaves(after.model_dump(mode="json")))
    for place in sorted(old.keys() | new.keys()):
        if old.get(place) != new.get(place):
            yield place, old.get(place), new.get(place)


def field_of(place: str) -> str:
    """A place without its list positions: `ct_reports[0].events[3].dlp_mgycm` is `ct_reports[].events[].dlp_mgycm`."""
    return "".join("" if part.isdigit() else part for part in _parts(place))


def chosen_studies(
    tx: Transaction,
    *,
    device_id: int | None = None,
    modality: str | None = None,
    older_than: str | None = None,
) -> list[int]:
    """Ids of studies: all, or of a device, of a modality, or recorded by another version than `older_than`."""
    select = sa.select(S.id).order_by(S.id)
    if device_id is not None:
        select = select.where(S.device_id == device_id)
    if modality is not None:
        select = select.where(S.modality_types.contains([modality]))
    if older_than is not None:
        select = select.where(S.extractor_version != older_than)
    return [int(one) for one in tx.execute(select).scalars()]


def _parts(place: str) -> list[str]:
    return place.replace("[", "\0[\0").replace("]", "\0]").split("\0")


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{place}.{key}" if place else key)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{place}[{index}]")
    else:
        yield place, value


def _keep_contributions(tx: Transaction, study_id: int, derived: Derived) -> None:
    for object_id, contribution in derived.contributions.items():
        tx.execute(
            sa.update(dose.dicom_object)
            .where(O.object_id == object_id)
            .values(
                contribution=pack(contribution),
                kind=contribution.kind,
                extractor_version=extractor_version(),
                reason_code=None,
                reason=None,
            )
        )
    settle_contributions(tx, study_id, derived.contributions.values(), derived.combined.kept)
