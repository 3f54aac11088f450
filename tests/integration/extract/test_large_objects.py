"""Large images: their pixels do not come into memory."""

from __future__ import annotations

import tracemalloc
from io import BytesIO
from typing import Any

import pytest

from dosebus.blobs.files import FileBlobs
from dosebus_extract.archive import READ_WHOLE, object_in
from dosebus_simulator.images import make_mg_images

PIXELS = 96 * 1024 * 1024
MOST_BYTES = 24 * 1024 * 1024
"""Of Python's memory at once: what is read whole of a small object, twice over, and all that reading needs."""


def test_of_a_large_image_only_the_header_comes_into_memory(arrivals: Any) -> None:
    image = make_mg_images("large").objects[0]
    image.dataset.PixelData = bytes(PIXELS)
    event = arrivals.stored(
        image.encoded(),
        sop_instance_uid=image.sop_instance_uid,
        sop_class_uid=str(image.dataset.SOPClassUID),
        study_instance_uid=image.study_instance_uid,
    )
    assert event.size_bytes > PIXELS
    del image
    tracemalloc.start()
    try:
        arrivals.take(event)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert arrivals.object(event)["outcome"] == "recorded"
    assert peak < MOST_BYTES


@pytest.mark.parametrize("more", [0, 1])
def test_a_large_object_of_a_store_without_files_is_read_from_a_copy(more: int, blobs: FileBlobs) -> None:
    data = bytes(READ_WHOLE) + b"x" * more
    key = blobs.put(data)

    class Streams:
        """Blobs that are no files, as those of an object store."""

        def open(self, key: str) -> Any:

            return BytesIO(blobs.read(key))

    with object_in(Streams(), key) as found:  # type: ignore[arg-type]
        assert isinstance(found, bytes) is (more == 0)
        assert (found if isinstance(found, bytes) else found.read_bytes()) == data
