"""Objects that come as files rather than as C-STORE messages: over HTTP, from a folder, from the command line."""

from __future__ import annotations

from collections.abc import Iterable

from dosebus.dicom.header import scan_header
from dosebus.dicom.part10 import FileMeta, encode_file_meta, read_file_meta
from dosebus_ingest.admit import Declared
from dosebus_ingest.spool import Spool, Spooled

_HEAD_BYTES = 64 * 1024
_UNNAMED = FileMeta("", "", "", 0)


class FileArrival:
    """A file whose bytes come piece by piece.

    Its file meta information is written anew, so that the same data set is the same blob through every door.
    What is no DICOM file is kept byte for byte: the reader will say what is wrong with it.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._head = bytearray()
        self._meta: FileMeta | None = None
        self._spooled: Spooled | None = None

    @property
    def is_dicom(self) -> bool:
        """Whether file meta information was found; known once `finish` was called."""
        return self._meta is not None and self._meta is not _UNNAMED

    def feed(self, data: bytes) -> None:
        """Take the next bytes. Raises OSError when the disk is full or the object too large."""
        if self._spooled is not None:
            self._spooled.write(data)
            return
        self._head += data
        if len(self._head) >= _HEAD_BYTES:
            self._begin()

    def finish(self) -> tuple[Spooled, Declared]:
        """The whole object and what its file meta information says of it. Raises OSError."""
        spooled = self._begin() if self._spooled is None else self._spooled
        meta = self._meta or _UNNAMED
        return spooled, Declared(meta.sop_class_uid, meta.sop_instance_uid, meta.transfer_syntax_uid)

    def discard(self) -> None:
        """Throw away what has come."""
        self._head.clear()
        if self._spooled is not None:
            self._spooled.discard()

    def _begin(self) -> Spooled:
        head = bytes(self._head)
        self._head.clear()
        self._meta = read_file_meta(head)
        if self._meta is None or not self._meta.transfer_syntax_uid:
            self._meta = _UNNAMED
            start, rest = b"", head
        else:
            rest = head[self._meta.dataset_offset :]
            self._meta = _completed(self._meta, rest)
            start = encode_file_meta(
                self._meta.sop_class_uid, self._meta.sop_instance_uid, self._meta.transfer_syntax_uid
            )
        self._spooled = self._spool.place(start)
        self._spooled.write(rest)
        return self._spooled


def _completed(meta: FileMeta, front: bytes) -> FileMeta:
    """File meta information whose missing UIDs are taken from the data set."""
    if meta.sop_class_uid and meta.sop_instance_uid:
        return meta
    header = scan_header(front, meta.transfer_syntax_uid)
    return FileMeta(
        meta.sop_class_uid or header.sop_class_uid or "",
        meta.sop_instance_uid or header.sop_instance_uid or "",
        meta.transfer_syntax_uid,
        meta.dataset_offset,
    )


def arrival_of(spool: Spool, chunks: Iterable[bytes]) -> FileArrival:
    """A file arrival that has taken all chunks. Raises OSError; then nothing is left behind."""
    arrival = FileArrival(spool)
    try:
        for chunk in chunks:
            arrival.feed(chunk)
    except BaseException:
        arrival.discard()
        raise
    return arrival
