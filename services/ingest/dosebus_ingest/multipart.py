"""multipart/related, read part by part without holding a part in memory (RFC 2046 5.1, RFC 2387)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message

_MAX_HEADER_BYTES = 16 * 1024
_LINE = b"\r\n"


class MultipartError(ValueError):
    """A body does not keep to the form; says where."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part; its bytes must be taken before the next part is asked for."""

    headers: Mapping[str, str]
    chunks: Iterator[bytes]

    @property
    def content_type(self) -> str:
        """The media type, without parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def boundary_of(content_type: str) -> tuple[str, str]:
    """The media type of the parts and the boundary, from a Content-Type header. Raises MultipartError."""
    message = Message()
    message["content-type"] = content_type
    if message.get_content_type() != "multipart/related":
        raise MultipartError("the content type is not multipart/related")
    boundary = message.get_param("boundary")
    if not isinstance(boundary, str) or not 1 <= len(boundary) <= 200:
        raise MultipartError("the content type names no boundary")
    inner = message.get_param("type")
    return (inner if isinstance(inner, str) else "").lower(), boundary


class MultipartReader:
    """Cuts a stream of chunks into parts."""

    def __init__(self, chunks: Iterator[bytes], boundary: str) -> None:
        self._chunks = chunks
        self._delimiter = b"\r\n--" + boundary.encode("latin-1", "replace")
        # The first delimiter has no line break before it: with one added it looks like all others.
        self._buffer = bytearray(_LINE)

    def parts(self) -> Iterator[Part]:
        """The parts in order. Raises MultipartError at whatever is wrong."""
        for _preamble in self._until_delimiter():
            pass
        while not self._is_closing():
            headers = self._headers()
            chunks = self._until_delimiter()
            yield Part(headers, chunks)
            for _rest in chunks:
                pass

    def _until_delimiter(self) -> Iterator[bytes]:
        keep = len(self._delimiter) - 1
        while True:
            at = self._buffer.find(self._delimiter)
            if at >= 0:
                if at:
                    yield bytes(self._buffer[:at])
                del self._buffer[: at + len(self._delimiter)]
                return
            if len(self._buffer) > keep:
                ready = bytes(self._buffer[:-keep])
                del self._buffer[:-keep]
                yield ready
            self._more("a part does not end")

    def _is_closing(self) -> bool:
        while len(self._buffer) < len(b"--"):
            self._more("the body ends within a delimiter")
        return self._buffer.startswith(b"--")

    def _headers(self) -> dict[str, str]:
        while (end := self._buffer.find(_LINE + _LINE)) < 0:
            if len(self._buffer) > _MAX_HEADER_BYTES:
                raise MultipartError("the headers of a part are too long")
            self._more("the headers of a part do not end")
        # Up to the first line break there is only padding of the delimiter's line.
        lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")[1:]
        del self._buffer[: end + 2 * len(_LINE)]
        pairs = (line.partition(":") for line in lines if ":" in line)
        return {name.strip().lower(): value.strip() for name, _colon, value in pairs}

    def _more(self, fault: str) -> None:
        chunk = next(self._chunks, None)
        if chunk is None:
            raise MultipartError(fault)
        self._buffer += chunk
