"""What every blob store does, and which one a URL means."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, NewType, Protocol
from urllib.parse import unquote, urlsplit

BlobKey = NewType("BlobKey", str)
"""`sha256/ab/cdef...`: 64 hexadecimal digits, a slash after the second."""


class BlobMissingError(LookupError):
    """No blob has this key."""


class Blobs(Protocol):
    """Content-addressed and write-once: the same bytes have the same key; storing them twice is harmless."""

    def put(self, data: bytes | Iterable[bytes]) -> BlobKey:
        """Store bytes; durable when it returns. Raises OSError."""

    def put_file(self, path: Path) -> BlobKey:
        """Adopt a file that was written and fsynced; it is gone from its place afterwards. Raises OSError."""

    def open(self, key: str) -> BinaryIO:
        """A reader at the beginning of a blob. Raises BlobMissingError."""

    def read(self, key: str) -> bytes:
        """All bytes of a blob. Raises BlobMissingError."""

    def exists(self, key: str) -> bool:
        """Whether a blob is stored."""

    def size(self, key: str) -> int:
        """Length in bytes. Raises BlobMissingError."""

    def delete(self, key: str) -> None:
        """Remove a blob; no error when it is gone already."""

    def check(self) -> None:
        """Raise OSError when nothing can be stored."""


def key_of(digest: str) -> BlobKey:
    """The key of a SHA-256 in hexadecimal."""
    return BlobKey(f"sha256/{digest[:2]}/{digest[2:]}")


def checked(key: str) -> BlobKey:
    """The key itself if it is well formed. Raises ValueError, so that no key leads out of the store."""
    parts = key.split("/")
    if len(parts) == 3 and parts[0] == "sha256":
        digest = parts[1] + parts[2]
        if len(parts[1]) == 2 and len(digest) == 64 and set(digest) <= set("0123456789abcdef"):
            return BlobKey(key)
    raise ValueError(f"not a blob key: {key[:100]!r}")


def digest_of(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_blobs(url: str) -> Blobs:
    """The store of a URL: `file:///folder` or `s3://bucket/prefix`. Raises ValueError for another."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        from dosebus.blobs.files import FileBlobs

        return FileBlobs(Path(unquote(parts.path)))
    if parts.scheme == "s3":
        from dosebus.blobs.s3 import S3Blobs

        return S3Blobs(parts.netloc, parts.path.strip("/"))
    raise ValueError(f"blobs URL must begin with file:// or s3://, not {parts.scheme}")
