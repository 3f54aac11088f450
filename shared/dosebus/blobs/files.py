"""Blobs as files of a folder."""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from dosebus.blobs.blobs import BlobKey, BlobMissingError, checked, digest_of, key_of


class FileBlobs:
    """Every blob is written beside its place, fsynced, renamed into it, and its folder fsynced."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def incoming(self) -> Path:
        """Where a writer may prepare files for `put_file`: the same file system as the blobs.

        Made when it is needed, since a service that only reads may have the folder read-only or not at all.
        """
        folder = self.root / "incoming"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def put(self, data: bytes | Iterable[bytes]) -> BlobKey:
        """Store bytes; durable when it returns."""
        digest = hashlib.sha256()
        descriptor, name = tempfile.mkstemp(dir=self.incoming)
        path = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                for chunk in (data,) if isinstance(data, bytes) else data:
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            return self._place(path, key_of(digest.hexdigest()))
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    def put_file(self, path: Path) -> BlobKey:
        """Adopt a file that was written and fsynced."""
        return self._place(path, key_of(digest_of(path)))

    def _place(self, path: Path, key: BlobKey) -> BlobKey:
        target = self._path(key)
        if target.exists():
            path.unlink()
            return key
        if not target.parent.is_dir():
            target.parent.mkdir(parents=True, exist_ok=True)
            sync_folder(target.parent.parent)
            sync_folder(self.root)
        path.replace(target)
        sync_folder(target.parent)
        return key

    def open(self, key: str) -> BinaryIO:
        """A reader at the beginning of a blob."""
        try:
            return self._path(key).open("rb")
        except FileNotFoundError:
            raise BlobMissingError(key) from None

    def read(self, key: str) -> bytes:
        """All bytes of a blob."""
        with self.open(key) as file:
            return file.read()

    def exists(self, key: str) -> bool:
        """Whether a blob is stored."""
        return self._path(key).is_file()

    def size(self, key: str) -> int:
        """Length in bytes."""
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            raise BlobMissingError(key) from None

    def delete(self, key: str) -> None:
        """Remove a blob."""
        with suppress(FileNotFoundError):
            self._path(key).unlink()

    def check(self) -> None:
        """Raise OSError when nothing can be written."""
        with tempfile.TemporaryFile(dir=self.incoming) as file:
            file.write(b"check")

    def _path(self, key: str) -> Path:
        return self.root / checked(key)


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
