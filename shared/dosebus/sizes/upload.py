"""An uploaded table in the blob store: a blob of its own, whatever it holds.

Blobs are known by their content, and the file of an import is deleted after it. A few random bytes before the content
make sure that no other upload, and no archived object, is the same blob.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from dosebus.blobs.blobs import BlobKey, Blobs
from dosebus.sizes.table import Opens

SALT_BYTES: Final = 16


def keep_upload(blobs: Blobs, chunks: Iterable[bytes]) -> BlobKey:
    """Store an uploaded file as it comes. Raises OSError."""
    return blobs.put(_salted(chunks))


def uploaded(blobs: Blobs, key: str) -> Opens:
    """What opens an uploaded file at its beginning. Raises BlobMissingError when it is opened."""

    def opens() -> BinaryIO:
        file = blobs.open(key)
        file.read(SALT_BYTES)
        return file

    return opens


def _salted(chunks: Iterable[bytes]) -> Iterator[bytes]:
    yield secrets.token_bytes(SALT_BYTES)
    yield from chunks
