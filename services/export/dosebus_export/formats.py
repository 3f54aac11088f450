"""The kinds of file that an export can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import Connection

from dosebus.blobs.blobs import BlobKey, Blobs
from dosebus_export import csvfile, xlsxfile
from dosebus_export.progress import Progress
from dosebus_export.rows import Exported


@dataclass(frozen=True)
class FileFormat:
    """A kind of file, and what writes one into the blob store."""

    extension: str
    media_type: str
    write: Callable[[Connection, Exported, Progress, Blobs], BlobKey]


def write_csv(connection: Connection, exported: Exported, progress: Progress, blobs: Blobs) -> BlobKey:
    """Stream CSV into the blob store."""
    return blobs.put(csvfile.csv_chunks(connection, exported, progress))


FORMATS: Mapping[str, FileFormat] = MappingProxyType(
    {
        one.extension: one
        for one in (
            FileFormat("csv", csvfile.MEDIA_TYPE, write_csv),
            FileFormat("xlsx", xlsxfile.MEDIA_TYPE, xlsxfile.write_xlsx),
        )
    }
)
"""By the name that an export asks for."""


def format_called(name: str) -> FileFormat:
    """The format of a name. Raises LookupError."""
    if name not in FORMATS:
        raise LookupError(f"there is no format {name!r}")
    return FORMATS[name]
