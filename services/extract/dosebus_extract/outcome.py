"""The two ways in which an object may not be recorded."""

from __future__ import annotations

from dosebus.domain.reading import IGNORED_DEVICE


class NotRecorded(Exception):
    """An object that is set aside; `code` is stable for machines, `reason` is for people."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Ignored(NotRecorded):
    """A sound object that holds no dose, or none that is read."""


class IgnoredDevice(Ignored):
    """An object of a device of which nothing is read; `keep` says that it is offered for download."""

    def __init__(self, *, keep: bool, study_instance_uid: str | None = None) -> None:
        super().__init__(IGNORED_DEVICE, "A rule on reading ignores this device.")
        self.keep = keep
        self.study_instance_uid = study_instance_uid


class Rejected(NotRecorded):
    """An object that cannot be read, names no study, or is no dose report though it should be."""
