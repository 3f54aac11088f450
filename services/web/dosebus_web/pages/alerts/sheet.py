"""Tables as CSV files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from fastapi.responses import StreamingResponse

from dosebus_web.http.download import attachment
from dosebus_web.pages.names.exchange import harmless


def sheet(name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> StreamingResponse:
    """A file of rows, with a mark that tells spreadsheets it is UTF-8; no text in it is a formula."""
    headers = {"content-disposition": attachment(name)}
    return StreamingResponse(_lines(head, rows), media_type="text/csv; charset=utf-8", headers=headers)


def _lines(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf"
    for row in (head, *rows):
        buffer = io.StringIO()
        csv.writer(buffer).writerow([_cell(value) for value in row])
        yield buffer.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, list | tuple):
        return " ".join(str(one) for one in value)
    return "" if value is None else value
