"""multipart/related is cut at the right places however the stream is chunked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosebus_ingest.multipart import MultipartError, MultipartReader, boundary_of

BODY = (
    b"--edge\r\nContent-Type: application/dicom\r\n\r\nfirst\r\n--edg\r\nof it"
    b"\r\n--edge  \r\nContent-Type: application/dicom; transfer-syntax=1.2\r\nX: y\r\n\r\n"
    b"\r\n--edge--\r\nepilogue"
)


def chunked(data: bytes, size: int) -> Iterator[bytes]:
    yield from (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 1000])
def test_parts_are_found_at_every_chunk_size(size: int) -> None:
    parts = [
        (part.content_type, b"".join(part.chunks))
        for part in MultipartReader(chunked(BODY, size), "edge").parts()
    ]
    assert parts == [("application/dicom", b"first\r\n--edg\r\nof it"), ("application/dicom", b"")]


def test_a_part_that_is_not_taken_is_skipped() -> None:
    assert len(list(MultipartReader(chunked(BODY, 5), "edge").parts())) == 2


@pytest.mark.parametrize("body", [b"", b"nothing", BODY[:60], BODY[:-13]])
def test_a_body_that_does_not_end_is_refused(body: bytes) -> None:
    with pytest.raises(MultipartError):
        [b"".join(part.chunks) for part in MultipartReader(chunked(body, 9), "edge").parts()]


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.integers(min_value=1, max_value=64))
def test_what_is_put_in_comes_out(contents: list[bytes], size: int) -> None:
    boundary = "a-boundary-that-is-not-in-random-bytes-5e1c"
    body = b"".join(
        b"--%b\r\nContent-Type: application/dicom\r\n\r\n%b\r\n" % (boundary.encode(), one)
        for one in contents
    )
    body += b"--%b--" % boundary.encode()
    parts = [b"".join(part.chunks) for part in MultipartReader(chunked(body, size), boundary).parts()]
    assert parts == contents


def test_the_boundary_is_taken_from_the_header() -> None:
    header = 'multipart/related; type="application/dicom"; boundary="a b"'
    assert boundary_of(header) == ("application/dicom", "a b")


@pytest.mark.parametrize(
    "header", ["", "application/dicom", "multipart/related", "multipart/form-data; boundary=x"]
)
def test_another_content_type_is_refused(header: str) -> None:
    with pytest.raises(MultipartError):
        boundary_of(header)
