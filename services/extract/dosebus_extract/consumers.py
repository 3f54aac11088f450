"""What extract does with events."""

from __future__ import annotations

import threading

import sqlalchemy as sa
from opentelemetry import trace

from dosebus.blobs.blobs import Blobs
from dosebus.bus.consumers import Consumers
from dosebus.bus.message import Message, Reject
from dosebus.domain.reading import DELETED_OBJECT
from dosebus.events.extract import (
    DeviceChangeRequested,
    DeviceNamingRequested,
    DeviceRecombinationRequested,
    DeviceRemovalRequested,
    DeviceStudiesRemovalRequested,
    KeptObjectsDeletionRequested,
    ObjectRereadRequested,
    SizeImportCancelRequested,
    SizeImportRequested,
    StudyRemovalRequested,
)
from dosebus.events.ingest import ObjectStored
from dosebus.store.tables import dose
from dosebus.store.transaction import Transaction
from dosebus_extract import sizes_jobs
from dosebus_extract.archive import keeps_pixels, object_in, slim_image
from dosebus_extract.archive_rederive import rederive_study
from dosebus_extract.arrivals import may_join, record_later
from dosebus_extract.deletion import delete_after_reading, delete_kept, forget_for_download
from dosebus_extract.device_changes import change_device, name_devices, recombine_some
from dosebus_extract.reading_rules import ReadingCache, ReadingRules
from dosebus_extract.record import already_recorded, record, set_aside
from dosebus_extract.removal import latest_study, remove_by_uid, remove_some_of_device
from dosebus_extract.settings import ExtractSettings
from dosebus_extract.store_object import Incoming, is_recorded

consumers = Consumers("extract")


@consumers.on(ObjectStored, retry=(5, 60, 600), workers=2, together=16, joins=may_join)
def record_dose(
    event: ObjectStored, tx: Transaction, blobs: Blobs, settings: ExtractSettings, reading: ReadingCache
) -> None:
    """Read the dose out of a stored object and record it."""
    rules = reading.rules(tx)
    span = trace.get_current_span()
    span.set_attribute("dicom.sop_class_uid", event.sop_class_uid)
    incoming = Incoming(
        event.object_id, event.sop_instance_uid, event.sop_class_uid, event.blob_key, event.received_at
    )
    if _may_have_left(event, rules) and is_recorded(
        tx, event.sop_instance_uid, event.study_instance_uid or "", but=event.object_id
    ):
        set_aside(tx, incoming, already_recorded())
        delete_after_reading(tx, event.object_id, rules.deletes)
        return
    with object_in(blobs, event.blob_key) as data:
        if tx.is_shared and not rules.deletes:
            record_later(tx, incoming, data, settings, rules)
            return
        recorded = record(tx, incoming, data, settings, rules)
    deleted = delete_after_reading(tx, event.object_id, rules.deletes)
    if recorded is None or deleted or settings.keep_pixel_data:
        return
    if not keeps_pixels(recorded.sop_class_uid):
        slim_image(tx, blobs, event.object_id)


def _may_have_left(event: ObjectStored, rules: ReadingRules) -> bool:
    """Whether the blob may be gone, as that of an image that was recorded before and has left its pixels."""
    return bool(rules.deletes) or not keeps_pixels(event.sop_class_uid)


@consumers.on(StudyRemovalRequested)
def remove_recorded_study(event: StudyRemovalRequested, tx: Transaction) -> None:
    """Remove a study's record; its objects may be sent and recorded again."""
    remove_by_uid(tx, event.study_instance_uid)


@consumers.on(DeviceRemovalRequested)
def remove_device(event: DeviceRemovalRequested, tx: Transaction) -> None:
    """Begin to remove all that is recorded of a device."""
    first = DeviceStudiesRemovalRequested(
        device_id=event.device_id,
        up_to_study_id=latest_study(tx, event.device_id),
        requested_by=event.requested_by,
    )
    tx.publish(first, subject=str(event.device_id))


@consumers.on(DeviceStudiesRemovalRequested)
def remove_device_studies(event: DeviceStudiesRemovalRequested, tx: Transaction) -> None:
    """Remove the next studies of a device."""
    remove_some_of_device(tx, event)


@consumers.on(ObjectRereadRequested)
def reread_object(
    event: ObjectRereadRequested,
    tx: Transaction,
    blobs: Blobs,
    settings: ExtractSettings,
    reading: ReadingCache,
) -> None:
    """Read an archived object again; with it, all others of its study, since they are weighed against each other."""
    o = dose.dicom_object.c
    row = tx.execute(sa.select(dose.dicom_object).where(o.object_id == event.object_id)).mappings().first()
    if row is None:
        raise Reject("unknown_object", "No object of this id came in.")
    if row["study_id"] is not None:
        rederive_study(tx, blobs, settings, row["study_id"])
        return
    if row["blob_key"] is None:
        raise Reject(DELETED_OBJECT, "The object was deleted after reading: there is nothing to read again.")
    incoming = Incoming(
        row["object_id"], row["sop_instance_uid"], row["sop_class_uid"], row["blob_key"], row["received_at"]
    )
    rules = reading.rules(tx)
    forget_for_download(tx, event.object_id)
    with object_in(blobs, row["blob_key"]) as data:
        record(tx, incoming, data, settings, rules)
    delete_after_reading(tx, event.object_id, rules.deletes)


@consumers.on(DeviceChangeRequested)
def administer_device(event: DeviceChangeRequested, tx: Transaction) -> None:
    """Name a device, or decide the modality of its studies, as a person asks."""
    change_device(tx, event)


@consumers.on(DeviceRecombinationRequested)
def recombine_studies(event: DeviceRecombinationRequested, tx: Transaction) -> None:
    """Put the next studies of a device together again after its modality was decided otherwise."""
    recombine_some(tx, event)


@consumers.on(DeviceNamingRequested)
def name_known_devices(event: DeviceNamingRequested, tx: Transaction) -> None:
    """Name the known devices of a Device Observer UID, as a rule says."""
    name_devices(tx, event)


@consumers.on(KeptObjectsDeletionRequested)
def delete_kept_objects(event: KeptObjectsDeletionRequested, tx: Transaction) -> None:
    """Delete objects that were kept for download."""
    delete_kept(tx, event)


@consumers.on(SizeImportRequested)
def queue_size_import(
    event: SizeImportRequested, tx: Transaction, message: Message, size_bell: threading.Event
) -> None:
    """Queue an import of patient sizes."""
    sizes_jobs.add(tx, event, message.traceparent)
    tx.after_commit(size_bell.set)


@consumers.on(SizeImportCancelRequested, retry=(1, 5, 60))
def cancel_size_import(event: SizeImportCancelRequested, tx: Transaction) -> None:
    """Stop an import of patient sizes: at once if it waits, else after the lines at hand.

    Raises LookupError when the import is not there yet; the message then comes again.
    """
    job = sizes_jobs.get(tx, event.import_id)
    if job is None:
        raise LookupError(f"there is no size import {event.import_id}")
    if job.state == "queued" and not job.rows_done:
        sizes_jobs.end(tx, job, "cancelled")
    elif job.state in sizes_jobs.WAITING:
        sizes_jobs.change(tx, event.import_id, cancel_requested=True)
