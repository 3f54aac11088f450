"""Where an object waits while it arrives: small ones in memory, large ones in a file beside the blobs."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path
from typing import IO

from dosebus.blobs.blobs import BlobKey, Blobs
from dosebus.blobs.files import FileBlobs
from dosebus.dicom.header import SCAN_BYTES

MEMORY_BYTES = 1024 * 1024
"""An object larger than this goes to a file: bounds the memory of an association."""
_FREE_SPACE_SECONDS = 1.0


class TooLargeError(OSError):
    """An object is larger than we accept."""


class Spool:
    """Makes places for arriving objects and refuses them when the disk is nearly full."""

    def __init__(self, folder: Path, *, max_object_bytes: int, min_free_bytes: int) -> None:
        self.folder = folder
        self._max_object_bytes = max_object_bytes
        self._min_free_bytes = min_free_bytes
        self._lock = threading.Lock()
        self._measured_at = -_FREE_SPACE_SECONDS
        self._free_bytes = 0
        folder.mkdir(parents=True, exist_ok=True)

    def place(self, head: bytes) -> Spooled:
        """A place for an object whose file begins with `head`. Raises OSError (ENOSPC) when the disk is full."""
        self.check()
        return Spooled(self.folder, head, self._max_object_bytes)

    def check(self) -> None:
        """Raise OSError (ENOSPC) when there is less room than is to stay free."""
        with self._lock:
            now = time.monotonic()
            if now - self._measured_at >= _FREE_SPACE_SECONDS:
                self._free_bytes = shutil.disk_usage(self.folder).free
                self._measured_at = now
            if self._free_bytes < self._min_free_bytes:
                raise OSError(errno.ENOSPC, f"less than {self._min_free_bytes} bytes are free")


class Spooled:
    """An arriving object: its file head and as much of its data set as has come."""

    def __init__(self, folder: Path, head: bytes, max_bytes: int) -> None:
        self._folder = folder
        self._buffer = bytearray(head)
        self._head_bytes = len(head)
        self._front: bytes | None = None
        self._max_bytes = max_bytes
        self._file: IO[bytes] | None = None
        self.size_bytes = len(head)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append. Raises OSError when the disk is full, TooLargeError beyond the limit."""
        self.size_bytes += len(data)
        if self.size_bytes > self._max_bytes:
            raise TooLargeError(errno.EFBIG, f"larger than {self._max_bytes} bytes")
        self._buffer += data
        if len(self._buffer) > MEMORY_BYTES:
            self._spill()

    def front(self) -> bytes:
        """The first bytes of the data set, at most `SCAN_BYTES`."""
        if self._front is not None:
            return self._front
        return bytes(self._buffer[self._head_bytes : self._head_bytes + SCAN_BYTES])

    def store(self, blobs: Blobs) -> BlobKey:
        """Make it a blob; durable when it returns. Raises OSError."""
        if self._file is None:
            return blobs.put(bytes(self._buffer))
        self._spill()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return blobs.put_file(Path(self._file.name))

    def discard(self) -> None:
        """Forget it; harmless after `store`."""
        self._buffer.clear()
        if self._file is not None:
            self._file.close()
            Path(self._file.name).unlink(missing_ok=True)

    def _spill(self) -> None:
        if self._file is None:
            self._front = self.front()
            self._file = tempfile.NamedTemporaryFile(dir=self._folder, buffering=0, delete=False)  # noqa: SIM115 - closed by store or discard
        view = memoryview(self._buffer)
        try:
            while view:
                view = view[self._file.write(view) :]
        finally:
            view.release()
        self._buffer.clear()


def open_spool(
    blobs: Blobs, spool_folder: Path | None, *, max_object_bytes: int, min_free_bytes: int
) -> Spool:
    """The spool of a blob store: on the same file system where blobs are files, else a folder of its own."""
    if spool_folder is None:
        spool_folder = (
            blobs.incoming if isinstance(blobs, FileBlobs) else Path(tempfile.gettempdir()) / "dosebus-spool"
        )
    return Spool(spool_folder, max_object_bytes=max_object_bytes, min_free_bytes=min_free_bytes)
