"""Arriving objects: small ones in memory, large ones on disk, nothing left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from dosebus.blobs.files import FileBlobs
from dosebus.dicom.header import Header
from dosebus.dicom.part10 import encode_file_meta
from dosebus_ingest.files import arrival_of
from dosebus_ingest.rules import ArrivalRule, unwanted_by
from dosebus_ingest.spool import MEMORY_BYTES, Spool, TooLargeError, open_spool

HEAD = encode_file_meta("1.2", "1.2.3", "1.2.840.10008.1.2.1")


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobs:
    return FileBlobs(tmp_path / "blobs")


@pytest.fixture
def spool(blobs: FileBlobs) -> Spool:
    return open_spool(blobs, None, max_object_bytes=8 * MEMORY_BYTES, min_free_bytes=0)


@pytest.mark.parametrize("size", [0, 10, MEMORY_BYTES * 3 + 5])
def test_an_object_becomes_the_blob_of_its_bytes(spool: Spool, blobs: FileBlobs, size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    spooled = spool.place(HEAD)
    for at in range(0, size, 100_000):
        spooled.write(memoryview(data)[at : min(at + 100_000, size)])
    assert spooled.front() == data[: min(size, 65536)]
    key = spooled.store(blobs)
    spooled.discard()
    assert blobs.read(key) == HEAD + data[:size]
    assert list(blobs.incoming.iterdir()) == []


def test_a_large_object_does_not_stay_in_memory(spool: Spool) -> None:
    spooled = spool.place(HEAD)
    for _ in range(5):
        spooled.write(b"x" * MEMORY_BYTES)
    assert len(spooled._buffer) <= MEMORY_BYTES + len(HEAD)
    spooled.discard()


def test_a_discarded_object_leaves_no_file(spool: Spool, blobs: FileBlobs) -> None:
    spooled = spool.place(HEAD)
    spooled.write(b"x" * (MEMORY_BYTES + 1))
    assert list(blobs.incoming.iterdir())
    spooled.discard()
    assert list(blobs.incoming.iterdir()) == []


def test_too_large_an_object_is_refused(spool: Spool) -> None:
    spooled = spool.place(HEAD)
    for _ in range(7):
        spooled.write(b"x" * MEMORY_BYTES)
    with pytest.raises(TooLargeError):
        spooled.write(b"x" * MEMORY_BYTES)
    spooled.discard()


def test_a_full_disk_is_refused_beforehand(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="free"):
        Spool(tmp_path, max_object_bytes=1, min_free_bytes=1 << 62).place(HEAD)


@pytest.mark.parametrize("size", [10, 200_000])
def test_the_same_data_set_is_the_same_file_whoever_wrote_its_meta(spool: Spool, size: int) -> None:
    body = b"y" * size
    foreign = bytearray(HEAD)
    foreign[0:4] = b"ANY "
    spooled, declared = arrival_of(spool, iter([bytes(foreign), body])).finish()
    assert bytes(spooled._buffer) == HEAD + body
    assert declared.sop_instance_uid == "1.2.3"


def test_what_is_no_dicom_file_is_kept_as_it_is(spool: Spool) -> None:
    arrival = arrival_of(spool, iter([b"no DICOM"]))
    spooled, declared = arrival.finish()
    assert bytes(spooled._buffer) == b"no DICOM"
    assert not arrival.is_dicom
    assert declared.sop_instance_uid == ""


@pytest.mark.parametrize(
    ("field", "pattern", "unwanted"),
    [
        ("manufacturer", "maker*", True),
        ("manufacturer", "other", False),
        ("model", "*", False),
        ("calling_ae_title", "CT?", True),
        ("sop_class_uid", "1.2.*", True),
    ],
)
def test_arrival_rules(field: str, pattern: str, unwanted: bool) -> None:
    rule = ArrivalRule.model_validate({"field": field, "pattern": pattern})
    found = unwanted_by(
        [rule], Header(manufacturer="Maker Inc."), sop_class_uid="1.2.840", calling_ae_title="CT1"
    )
    assert (found == rule) is unwanted
