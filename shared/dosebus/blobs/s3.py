"""Blobs in an S3-compatible object store."""

import hashlib
import io
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, cast

import obstore
from obstore import open_reader
from obstore.exceptions import BaseError
from obstore.store import S3Store
from typing_extensions import Buffer

from dosebus.blobs.blobs import BlobKey, BlobMissingError, checked, digest_of, key_of

SPOOL_BYTES = 8 * 1024 * 1024
"""Streams up to this size stay in memory until their key is known."""


READ_BYTES = 1024 * 1024


class Reader(io.RawIOBase):
    """An object of the store as Python's raw stream, so that it can be buffered and closed like a file."""

    def __init__(self, source: "obstore.ReadableFile") -> None:
        self._source = source

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Fill a buffer; 0 at the end."""
        view = memoryview(buffer)
        data = bytes(self._source.read(len(view)))
        view[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move, and give the new place."""
        return int(self._source.seek(offset, whence))

    def tell(self) -> int:
        """The place of the next byte."""
        return int(self._source.tell())


class S3Blobs:
    """Objects below a prefix of a bucket.

    Credentials, region and endpoint come from the usual AWS variables (`AWS_ACCESS_KEY_ID`,
    `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT`, `AWS_ALLOW_HTTP`).
    """

    def __init__(self, bucket: str, prefix: str = "") -> None:
        self._store = S3Store(bucket, prefix=prefix or None)

    def put(self, data: bytes | Iterable[bytes]) -> BlobKey:
        """Store bytes; the server has confirmed them when it returns."""
        if isinstance(data, bytes):
            key = key_of(hashlib.sha256(data).hexdigest())
            self._upload(key, data)
            return key
        digest = hashlib.sha256()
        with tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES) as spool:
            for chunk in data:
                digest.update(chunk)
                spool.write(chunk)
            spool.seek(0)
            key = key_of(digest.hexdigest())
            self._upload(key, cast("BinaryIO", spool))
        return key

    def put_file(self, path: Path) -> BlobKey:
        """Upload a file, then remove it."""
        key = key_of(digest_of(path))
        self._upload(key, path)
        path.unlink()
        return key

    def _upload(self, key: BlobKey, data: bytes | Path | BinaryIO) -> None:
        try:
            obstore.put(self._store, key, data)
        except BaseError as error:
            raise OSError(f"cannot store blob {key}: {type(error).__name__}") from error

    def open(self, key: str) -> BinaryIO:
        """A reader at the beginning of a blob."""
        try:
            return io.BufferedReader(Reader(open_reader(self._store, checked(key))), READ_BYTES)
        except FileNotFoundError:
            raise BlobMissingError(key) from None

    def read(self, key: str) -> bytes:
        """All bytes of a blob."""
        try:
            return bytes(obstore.get(self._store, checked(key)).bytes())
        except FileNotFoundError:
            raise BlobMissingError(key) from None

    def exists(self, key: str) -> bool:
        """Whether a blob is stored."""
        try:
            self.size(key)
        except BlobMissingError:
            return False
        return True

    def size(self, key: str) -> int:
        """Length in bytes."""
        try:
            return int(obstore.head(self._store, checked(key))["size"])
        except FileNotFoundError:
            raise BlobMissingError(key) from None

    def delete(self, key: str) -> None:
        """Remove a blob."""
        try:
            obstore.delete(self._store, checked(key))
        except FileNotFoundError:
            return

    def check(self) -> None:
        """Raise OSError when the bucket cannot be listed."""
        try:
            next(iter(obstore.list(self._store, chunk_size=1)), None)
        except BaseError as error:
            raise OSError(f"blob store does not answer: {type(error).__name__}") from error
