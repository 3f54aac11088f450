"""What extract does with events."""

from __future__ import annotations

import sqlalchemy as sa
from opentelemetry import trace

from dosebus.blobs.blobs import Blobs
from dosebus.bus.consumers import Consumers
from dosebus.bus.message import Reject
from dosebus.events.extract import (
    DeviceChangeRequested,
    DeviceRecombinationRequested,
    ObjectRereadRequested,
    StudyRemovalRequested,
    StudyRemoved,
)
from dosebus.events.ingest import ObjectStored
from dosebus.store.tables import dose
from dosebus.store.transaction import Transaction
from dosebus_extract.archive import slim_image
from dosebus_extract.archive_rederive import rederive_study
from dosebus_extract.device_changes import change_device, recombine_some
from dosebus_extract.record import already_recorded, record, set_aside
from dosebus_extract.settings import ExtractSettings
from dosebus_extract.store_object import Incoming, is_recorded
from dosebus_extract.store_study import lock_study, remove_study, standing

consumers = Consumers("extract")


@consumers.on(ObjectStored, retry=(5, 60, 600), workers=2)
def record_dose(event: ObjectStored, tx: Transaction, blobs: Blobs, settings: ExtractSettings) -> None:
    """Read the dose out of a stored object and record it."""
    span = trace.get_current_span()
    span.set_attribute("dicom.sop_class_uid", event.sop_class_uid)
    incoming = Incoming(
        event.object_id, event.sop_instance_uid, event.sop_class_uid, event.blob_key, event.received_at
    )
    # Asked before the blob is read: an image that was recorded before may have left its pixels, and so its blob.
    study_uid = event.study_instance_uid
    if study_uid and is_recorded(tx, event.sop_instance_uid, study_uid, but=event.object_id):
        set_aside(tx, incoming, already_recorded())
        return
    record(tx, incoming, blobs.read(event.blob_key), settings)
    if not settings.keep_pixel_data:
        slim_image(tx, blobs, event.object_id)


@consumers.on(StudyRemovalRequested)
def remove_recorded_study(event: StudyRemovalRequested, tx: Transaction) -> None:
    """Remove a study's record; its objects may be sent and recorded again."""
    lock_study(tx, event.study_instance_uid)
    found = standing(tx, event.study_instance_uid)
    if found is None:
        return
    remove_study(tx, found.id)
    tx.publish(
        StudyRemoved(
            study_id=found.id,
            study_instance_uid=event.study_instance_uid,
            modality_types=found.modality_types,
        ),
        subject=event.study_instance_uid,
    )


@consumers.on(ObjectRereadRequested)
def reread_object(
    event: ObjectRereadRequested, tx: Transaction, blobs: Blobs, settings: ExtractSettings
) -> None:
    """Read an archived object again; with it, all others of its study, since they are weighed against each other."""
    o = dose.dicom_object.c
    row = tx.execute(sa.select(dose.dicom_object).where(o.object_id == event.object_id)).mappings().first()
    if row is None:
        raise Reject("unknown_object", "No object of this id came in.")
    if row["study_id"] is not None:
        rederive_study(tx, blobs, settings, row["study_id"])
        return
    incoming = Incoming(
        row["object_id"], row["sop_instance_uid"], row["sop_class_uid"], row["blob_key"], row["received_at"]
    )
    record(tx, incoming, blobs.read(row["blob_key"]), settings)


@consumers.on(DeviceChangeRequested)
def administer_device(event: DeviceChangeRequested, tx: Transaction) -> None:
    """Name a device, or decide the modality of its studies, as a person asks."""
    change_device(tx, event)


@consumers.on(DeviceRecombinationRequested)
def recombine_studies(event: DeviceRecombinationRequested, tx: Transaction) -> None:
    """Put the next studies of a device together again after its modality was decided otherwise."""
    recombine_some(tx, event)
