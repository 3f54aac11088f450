"""Events that extract publishes, and the commands it takes."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from dosebus.events.base import Command, Event


class StudyRecorded(Event):
    """An object was read and its dose stands in the study's record."""

    topic: ClassVar[str] = "dose.study.recorded.v1"
    owner: ClassVar[str] = "extract"
    mandatory: ClassVar[bool] = True

    study_id: int
    study_instance_uid: str
    modality_types: tuple[str, ...]
    device_id: int | None
    sop_instance_uid: str
    object_id: UUID
    change: Literal["added", "extended", "replaced", "unchanged"]
    recorded_at: datetime


class StudyRemoved(Event):
    """A study's record was removed."""

    topic: ClassVar[str] = "dose.study.removed.v1"
    owner: ClassVar[str] = "extract"

    study_id: int
    study_instance_uid: str
    modality_types: tuple[str, ...]


class ObjectSetAside(Event):
    """An object gave no record: it carries no dose, or it cannot be read."""

    topic: ClassVar[str] = "dicom.object.set_aside.v1"
    owner: ClassVar[str] = "extract"

    object_id: UUID
    sop_instance_uid: str | None
    outcome: Literal["ignored", "rejected"]
    reason_code: str


class StudyRemovalRequested(Command):
    """Remove a study's record."""

    topic: ClassVar[str] = "dose.study.removal.requested.v1"
    owner: ClassVar[str] = "web"

    study_instance_uid: str
    requested_by: str


class ObjectRereadRequested(Command):
    """Read a stored object again, as after an upgrade of the extractor."""

    topic: ClassVar[str] = "dicom.object.reread.requested.v1"
    owner: ClassVar[str] = "web"

    object_id: UUID
    requested_by: str


class DeviceChangeRequested(Command):
    """Name a device, or decide the modality of its projection studies; what is None stays as it is."""

    topic: ClassVar[str] = "dose.device.change.requested.v1"
    owner: ClassVar[str] = "web"

    device_id: int
    display_name: str | None = None
    modality_override: Literal["RF", "DX", "dual", "none"] | None = None
    """`none` takes the decision back; as with `dual`, each study's content decides then."""
    requested_by: str


class DeviceRecombinationRequested(Command):
    """Put a device's projection studies together again, from the one after `after_study_id` on."""

    topic: ClassVar[str] = "dose.device.recombination.requested.v1"
    owner: ClassVar[str] = "extract"

    device_id: int
    after_study_id: int
    requested_by: str


class DeviceRemovalRequested(Command):
    """Remove every study that is recorded of a device now, and the device itself."""

    topic: ClassVar[str] = "dose.device.removal.requested.v1"
    owner: ClassVar[str] = "web"

    device_id: int
    requested_by: str


class DeviceStudiesRemovalRequested(Command):
    """Remove a device's next studies, up to the newest one when it was asked for."""

    topic: ClassVar[str] = "dose.device.studies.removal.requested.v1"
    owner: ClassVar[str] = "extract"

    device_id: int
    up_to_study_id: int
    requested_by: str


class SkinMapRequested(Command):
    """Map a study's skin dose: a person asks, or extract itself because something that counts is another now."""

    topic: ClassVar[str] = "dose.skin_map.requested.v1"
    owner: ClassVar[str] = "web"

    study_instance_uid: str
    reason: Literal["arrival", "person", "patient_size", "device", "method"]
    requested_by: str


class SkinMapComputed(Event):
    """A study's skin dose map, or a sum of maps that ends with it, is another now. Readers look at the tables."""

    topic: ClassVar[str] = "dose.skin_map.computed.v1"
    owner: ClassVar[str] = "extract"

    study_id: int
    study_instance_uid: str
    outcome: Literal["computed", "partial", "not_computed"]


class SkinSumsRequested(Command):
    """Sum the maps of the windows that end with, or contain, these studies."""

    topic: ClassVar[str] = "dose.skin_sums.requested.v1"
    owner: ClassVar[str] = "extract"

    study_ids: tuple[int, ...]


class SkinSettingsChanged(Event):
    """The safelist, its offsets or the method of skin dose maps was changed on a page."""

    topic: ClassVar[str] = "dose.skin_settings.changed.v1"
    owner: ClassVar[str] = "web"


class SizeImportRequested(Command):
    """Import patient sizes from an uploaded table; columns are places from 0."""

    topic: ClassVar[str] = "patient_size.import.requested.v1"
    owner: ClassVar[str] = "web"

    import_id: UUID
    blob_key: str
    encoding: str
    separator: str
    key_column: int
    key_kind: Literal["accession", "study-uid"]
    height_column: int | None
    weight_column: int | None
    height_unit: Literal["auto", "cm", "m"]
    overwrite: bool
    requested_by: str


class SizeImportCancelRequested(Command):
    """Stop an import of patient sizes; what it wrote stays."""

    topic: ClassVar[str] = "patient_size.import.cancel.requested.v1"
    owner: ClassVar[str] = "web"

    import_id: UUID


class SizeImportProgressed(Event):
    """Lines of a size table were worked on."""

    topic: ClassVar[str] = "patient_size.import.progressed.v1"
    owner: ClassVar[str] = "extract"

    import_id: UUID
    rows_done: int
    rows_total: int | None


class SizeImportFinished(Event):
    """An import of patient sizes ended; `counts` says of how many lines became what."""

    topic: ClassVar[str] = "patient_size.import.finished.v1"
    owner: ClassVar[str] = "extract"

    import_id: UUID
    state: Literal["done", "failed", "cancelled"]
    counts: dict[str, int]


class DeviceNamingRequested(Command):
    """Name every known device of a Device Observer UID."""

    topic: ClassVar[str] = "dose.device.naming.requested.v1"
    owner: ClassVar[str] = "web"

    device_observer_uid: str
    display_name: str
    requested_by: str


class KeptObjectsDeletionRequested(Command):
    """Delete the objects that were kept for download and came up to a moment."""

    topic: ClassVar[str] = "dicom.object.kept.deletion.requested.v1"
    owner: ClassVar[str] = "web"

    received_until: datetime
    requested_by: str
