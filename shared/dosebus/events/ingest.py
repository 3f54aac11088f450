"""Events that ingest publishes."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from dosebus.events.base import Event

Door = Literal["c-store", "stow", "upload", "import", "folder"]


class ObjectStored(Event):
    """A DICOM object is durable in the blob store."""

    topic: ClassVar[str] = "dicom.object.stored.v1"
    owner: ClassVar[str] = "ingest"
    mandatory: ClassVar[bool] = True

    object_id: UUID
    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str | None
    transfer_syntax_uid: str
    blob_key: str
    size_bytes: int
    door: Door
    calling_ae_title: str | None = None
    called_ae_title: str | None = None
    peer_address: str | None = None
    received_at: datetime
