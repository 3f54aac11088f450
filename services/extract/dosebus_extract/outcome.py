"""The two ways in which an object may not be recorded."""

from __future__ import annotations


class NotRecorded(Exception):
    """An object that is set aside; `code` is stable for machines, `reason` is for people."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Ignored(NotRecorded):
    """A sound object that holds no dose, or none that is read."""


class Rejected(NotRecorded):
    """An object that cannot be read, names no study, or is no dose report though it should be."""
