"""The navigation as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dosebus_web.language import marked

DATA = marked("Data")
ADMINISTRATION = marked("Administration")


@dataclass(frozen=True)
class Place:
    """One link of the navigation; `group` is who sees it, `menu` the sheet that holds it instead of the bar."""

    path: str
    label: str
    group: str
    menu: str = ""

    def holds(self, path: str) -> bool:
        """Whether a page belongs here."""
        return path == self.path or (self.path != "/" and path.startswith(f"{self.path}/"))


@dataclass(frozen=True)
class Entry:
    """What stands in the bar: one place, or a menu of several."""

    label: str
    places: tuple[Place, ...]

    @property
    def is_menu(self) -> bool:
        """Whether it opens a sheet; a menu of one place is that place itself."""
        return len(self.places) > 1

    def holds(self, path: str) -> bool:
        """Whether a page belongs here."""
        return any(place.holds(path) for place in self.places)


PLACES = (
    Place("/", marked("Home"), "view"),
    Place("/studies/ct", marked("CT"), "view"),
    Place("/studies/rf", marked("Fluoroscopy"), "view"),
    Place("/studies/mg", marked("Mammography"), "view"),
    Place("/studies/dx", marked("Radiography"), "view"),
    Place("/studies/nm", marked("Nuclear medicine"), "view"),
    Place("/alerts", marked("Alerts"), "view"),
    Place("/names", marked("Standard names"), "view", DATA),
    Place("/exports", marked("Exports"), "export", DATA),
    Place("/query", marked("Query and retrieve"), "importqr", DATA),
    Place("/sizes", marked("Patient sizes"), "importsize", DATA),
    Place("/tasks", marked("Tasks"), "view", DATA),
    Place("/objects", marked("Objects set aside"), "admin", ADMINISTRATION),
    Place("/services", marked("Services and queues"), "admin", ADMINISTRATION),
    Place("/admin", marked("All settings"), "admin", ADMINISTRATION),
)


def places(may: frozenset[str]) -> Iterator[Place]:
    """What somebody with these groups sees."""
    return (place for place in PLACES if place.group in may)


def entries(may: frozenset[str]) -> Iterator[Entry]:
    """The bar of somebody with these groups: single places, then menus."""
    seen = tuple(places(may))
    for place in seen:
        if not place.menu:
            yield Entry(place.label, (place,))
    for menu in (DATA, ADMINISTRATION):
        held = tuple(place for place in seen if place.menu == menu)
        if held:
            yield Entry(menu if len(held) > 1 else held[0].label, held)
