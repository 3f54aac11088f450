"""The archive of objects: reports stay whole, images keep their header."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path
from tempfile import NamedTemporaryFile
from uuid import UUID

import sqlalchemy as sa

from dosebus.blobs.blobs import Blobs
from dosebus.store.tables import dose
from dosebus.store.transaction import Transaction
from dosebus_extract.sr.reader import UnreadableObject, header_length

STRUCTURED_REPORTS = "1.2.840.10008.5.1.4.1.1.88."
SECONDARY_CAPTURES = "1.2.840.10008.5.1.4.1.1.7"
"""Dose screens: what they tell stands in their pixels."""
CT_IMAGES = "1.2.840.10008.5.1.4.1.1.2"
"""Of CT images only dose screens are ever recorded."""
READ_WHOLE = 4 * 1024 * 1024
"""Bytes up to which an object is read into memory. Reports are smaller; of a larger image only the header matters."""


@contextmanager
def object_in(blobs: Blobs, key: str) -> Iterator[bytes | Path]:
    """An archived object to be read: its bytes, or the file of a large one, so that its pixels stay out of memory.

    Raises BlobMissingError.
    """
    with blobs.open(key) as blob:
        start = blob.read(READ_WHOLE + 1)
        if len(start) <= READ_WHOLE:
            yield start
            return
        if isinstance(name := getattr(blob, "name", None), str):
            del start
            yield Path(name)
            return
        with NamedTemporaryFile(prefix="dosebus-object-") as copy:
            copy.write(start)
            del start
            shutil.copyfileobj(blob, copy, 1024 * 1024)
            copy.flush()
            yield Path(copy.name)


def keeps_pixels(sop_class_uid: str) -> bool:
    """Whether objects of this class stay whole in the archive."""
    return sop_class_uid == CT_IMAGES or sop_class_uid.startswith((STRUCTURED_REPORTS, SECONDARY_CAPTURES))


def header_of(image: bytes | Path) -> bytes:
    """An image's file up to its pixel data, byte for byte. Raises UnreadableObject where it cannot be cut there."""
    if isinstance(image, bytes):
        return image[: header_length(image)]
    with image.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as mapped:
        return mapped[: header_length(mapped)]


def slim_image(tx: Transaction, blobs: Blobs, object_id: UUID) -> None:
    """Let the archive keep only the header of a recorded image. Its whole blob goes when the record is committed."""
    o = dose.dicom_object.c
    row = tx.execute(
        sa.select(o.sop_class_uid, o.blob_key).where(o.object_id == object_id, o.outcome == "recorded")
    ).first()
    if row is None or keeps_pixels(row.sop_class_uid):
        return
    try:
        with object_in(blobs, row.blob_key) as image:
            slim = blobs.put(header_of(image))
    except UnreadableObject:
        return  # what cannot be cut stays whole
    if slim == row.blob_key:
        return
    tx.execute(sa.update(dose.dicom_object).where(o.object_id == object_id).values(blob_key=slim))
    tx.after_commit(lambda: blobs.delete(row.blob_key))
