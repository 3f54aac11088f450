"""The numbers of a chart as a table: for readers, for scripts that draw, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dosebus_web.http.show import signed

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What makes a spreadsheet read a text as a formula."""


@dataclass(frozen=True)
class Column:
    """One column: the key of its values in a row, its heading, and its digits where it has numbers."""

    key: str
    heading: str
    numeric: bool = False
    digits: int | None = None

    def show(self, value: Any) -> str:
        """A value as text for people."""
        if value is None:
            return ""
        if isinstance(value, float):
            return signed(f"{value:.{self.digits}f}" if self.digits is not None else f"{value:.4g}")
        return str(value)


def as_json(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The table as texts."""
    return {
        "head": [one.heading for one in columns],
        "numeric": [one.numeric for one in columns],
        "rows": [[one.show(row.get(one.key)) for one in columns] for row in rows],
    }


def as_csv(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]]) -> str:
    """The table as CSV with all digits; no text in it is a formula to a spreadsheet."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow([one.heading for one in columns])
    for row in rows:
        writer.writerow([_harmless(row.get(one.key)) for one in columns])
    return written.getvalue()


def _harmless(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return "" if value is None else value
