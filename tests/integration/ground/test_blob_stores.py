"""Both blob stores keep the same promises."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import boto3  # type: ignore[import-untyped]  # no stubs are installed for one call
import pytest
from moto.server import ThreadedMotoServer

from dosebus.blobs.blobs import BlobMissingError, Blobs, checked, open_blobs

pytestmark = pytest.mark.services
MISSING = "sha256/ab/" + "c" * 62


@pytest.fixture(scope="module")
def s3_address() -> Iterator[str]:
    """moto's S3 server with a bucket `archive`."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    client = boto3.client(
        "s3", endpoint_url=address, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    client.create_bucket(Bucket="archive")
    yield address
    server.stop()


@pytest.fixture(params=["files", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Blobs:
    if request.param == "files":
        return open_blobs(f"file://{tmp_path / 'with space'}")
    address = request.getfixturevalue("s3_address")
    variables = {
        "AWS_ENDPOINT": address,
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return open_blobs("s3://archive/dosebus")


def test_bytes_come_back_under_the_name_of_their_digest(store: Blobs) -> None:
    data = os.urandom(100_000)
    key = store.put(data)
    digest = hashlib.sha256(data).hexdigest()
    assert key == f"sha256/{digest[:2]}/{digest[2:]}"
    assert store.read(key) == data
    assert store.size(key) == len(data)
    assert store.exists(key)
    with store.open(key) as reader:
        assert bytes(reader.read(10)) == data[:10]


def test_a_stream_is_the_same_as_its_bytes(store: Blobs) -> None:
    chunks = [os.urandom(3_000_000) for _ in range(4)]
    assert store.put(iter(chunks)) == store.put(b"".join(chunks))


def test_a_file_is_adopted(store: Blobs, tmp_path: Path) -> None:
    path = tmp_path / "incoming object"
    path.write_bytes(b"object")
    key = store.put_file(path)
    assert not path.exists()
    assert store.read(key) == b"object"


def test_storing_twice_is_harmless(store: Blobs) -> None:
    assert store.put(b"same") == store.put(b"same")


def test_what_is_not_there_is_told(store: Blobs) -> None:
    assert not store.exists(MISSING)
    for ask in (store.read, store.size, store.open):
        with pytest.raises(BlobMissingError):
            ask(MISSING)


def test_deleting_twice_is_harmless(store: Blobs) -> None:
    key = store.put(b"to be gone")
    store.delete(key)
    store.delete(key)
    assert not store.exists(key)


def test_a_failed_stream_leaves_nothing(store: Blobs, tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"begin"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        store.put(broken())
    assert not [path for path in tmp_path.rglob("incoming/*") if path.is_file()]


def test_the_store_is_in_order(store: Blobs) -> None:
    store.check()


@pytest.mark.parametrize(
    "key", ["../../etc/passwd", "sha256/ab/short", "sha256/AB/" + "c" * 62, "", MISSING + "/x"]
)
def test_no_key_leads_out_of_the_store(key: str) -> None:
    with pytest.raises(ValueError, match="not a blob key"):
        checked(key)


def test_another_kind_of_url_is_refused() -> None:
    with pytest.raises(ValueError, match="ftp"):
        open_blobs("ftp://example.org/x")
