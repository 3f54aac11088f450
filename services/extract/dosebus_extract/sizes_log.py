"""The log of a size import: a table that says of each line what happened and why. It bears the keys of the file."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from dosebus_extract.sizes_import import RowOutcome

HEADINGS = ("line", "key", "study_instance_uid", "outcome", "reason")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class SizeLog:
    """The log as a file that only its owner reads, since keys may be accession numbers; complete up to each line."""

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        # Sheets take a file for UTF-8 only by its byte order mark.
        self._file = os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="", buffering=1)
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


def _harmless(text: str) -> str:
    """A cell that no sheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
