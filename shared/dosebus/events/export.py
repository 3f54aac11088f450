"""Events that export publishes, and the commands it takes."""

from typing import ClassVar
from uuid import UUID

from dosebus.events.base import Command, Event


class ExportRequested(Command):
    """Write the rows of a listing, filtered by its query string, to a file."""

    topic: ClassVar[str] = "export.requested.v1"
    owner: ClassVar[str] = "web"

    export_id: UUID
    listing: str
    query: str
    file_format: str
    requested_by: str
    include_patient: bool = False


class ExportCancelRequested(Command):
    """Stop a running export."""

    topic: ClassVar[str] = "export.cancel.requested.v1"
    owner: ClassVar[str] = "web"

    export_id: UUID


class ExportDeletionRequested(Command):
    """Delete an export and its file."""

    topic: ClassVar[str] = "export.deletion.requested.v1"
    owner: ClassVar[str] = "web"

    export_id: UUID


class ExportProgressed(Event):
    """Rows were written."""

    topic: ClassVar[str] = "export.progressed.v1"
    owner: ClassVar[str] = "export"

    export_id: UUID
    rows_done: int
    rows_total: int | None


class ExportCompleted(Event):
    """The file is complete in the blob store."""

    topic: ClassVar[str] = "export.completed.v1"
    owner: ClassVar[str] = "export"

    export_id: UUID
    rows: int
    size_bytes: int
    blob_key: str


class ExportFailed(Event):
    """The export ended without a file."""

    topic: ClassVar[str] = "export.failed.v1"
    owner: ClassVar[str] = "export"

    export_id: UUID
    reason: str


class ExportCancelled(Event):
    """The export was stopped on request."""

    topic: ClassVar[str] = "export.cancelled.v1"
    owner: ClassVar[str] = "export"

    export_id: UUID
