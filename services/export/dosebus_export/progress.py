"""Counts the studies of an export as they pass, tells how far it is, and stops it where somebody wants that."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from dosebus_export.rows import StudyCells


class CancelledError(Exception):
    """Somebody asked for the export to stop."""


class InterruptedExportError(Exception):
    """The process is to stop; the export begins again when it is back."""


class UnfitError(Exception):
    """What was asked for does not fit this kind of file."""


@dataclass
class Progress:
    """Passes studies through. Every `interval_s` it calls `tell(rows_done)`, which may raise to stop the export."""

    tell: Callable[[int], None]
    interval_s: float
    done: int = 0

    def __call__(self, studies: Iterable[StudyCells]) -> Iterator[StudyCells]:
        """The same studies."""
        told = time.monotonic()
        for study in studies:
            yield study
            self.done += 1
            if time.monotonic() - told >= self.interval_s:
                self.tell(self.done)
                told = time.monotonic()
