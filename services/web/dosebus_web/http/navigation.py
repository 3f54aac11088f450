"""The navigation as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """One link of the navigation; `group` is who sees it, `begins_part` puts a line before it."""

    path: str
    label: str
    group: str
    begins_part: bool = False

    def holds(self, path: str) -> bool:
        """Whether a page belongs here."""
        return path == self.path or (self.path != "/" and path.startswith(f"{self.path}/"))


PLACES = (
    Place("/", "Home", "view"),
    Place("/studies/ct", "CT", "view"),
    Place("/studies/rf", "Fluoroscopy", "view"),
    Place("/studies/mg", "Mammography", "view"),
    Place("/studies/dx", "Radiography", "view"),
    Place("/studies/nm", "Nuclear medicine", "view"),
    Place("/alerts", "Alerts", "view", begins_part=True),
    Place("/exports", "Exports", "export"),
    Place("/sizes", "Sizes", "importsize"),
    Place("/query", "Query", "importqr"),
    Place("/tasks", "Tasks", "view", begins_part=True),
    Place("/objects", "Set aside", "admin"),
    Place("/services", "Services", "admin"),
    Place("/admin", "Admin", "admin"),
)


def places(may: frozenset[str]) -> Iterator[Place]:
    """What somebody with these groups sees."""
    return (place for place in PLACES if place.group in may)
