"""The log of a size import: a table that says of each line what happened and why.

At the command line it bears the keys of the file, as the file beside it does. What the server keeps has none: the
number of a line leads back to the file of whoever imported it, and an accession number that the policy does not keep
must not be kept here either.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Row

from dosebus_extract.sizes_import import RowOutcome

HEADINGS = ("line", "key", "study_instance_uid", "outcome", "reason")
KEPT_HEADINGS = ("line", "study_instance_uid", "outcome", "reason")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
ENCODING = "utf-8-sig"
"""Sheets take a file for UTF-8 only by its byte order mark."""


class SizeLog:
    """The log as a file that only its owner reads, since keys may be accession numbers; complete up to each line."""

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(descriptor, "w", encoding=ENCODING, newline="", buffering=1)
        self._writer = csv.writer(self._file)
        self._writer.writerow(HEADINGS)

    def enter(self, outcome: RowOutcome) -> None:
        """Write what became of a line."""
        self._writer.writerow(
            (
                outcome.line,
                _harmless(outcome.key),
                outcome.study_instance_uid or "",
                outcome.code,
                _harmless(outcome.reason),
            )
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


def log_lines(rows: Iterable[Row[Any]]) -> Iterator[bytes]:
    """The log that the server keeps, a line at a time, out of rows of `dose.size_import_line`."""
    yield "".encode(ENCODING) + _csv(KEPT_HEADINGS)
    for row in rows:
        yield _csv((row.line, _harmless(row.study_instance_uid), row.outcome, _harmless(row.reason)))


def _csv(cells: Iterable[object]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode()


def _harmless(text: str) -> str:
    """A cell that no sheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
